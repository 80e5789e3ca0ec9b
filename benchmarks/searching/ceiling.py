"""What the machine allows: the same trials in processes that share nothing and record nothing."""

from __future__ import annotations

import time
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from pipelines.models import Candidate
from pipelines.models.scoring import Scorer
from pipelines.search.trials import try_candidates
from searching.studies import (
    AT_ONCE,
    SHORT_EPOCHS,
    SHORT_ROWS,
    SHORT_SPACE,
    experiment,
    read_prepared,
)


def bare_rate(home: Path, processes: int, trials: int) -> float:
    """Return trials a second of processes that only learn, while all of them do."""
    context = get_context("spawn")
    together, moments = context.Barrier(processes), context.SimpleQueue()
    crew = [
        context.Process(target=_learn, args=(home, seed, trials // processes, together, moments))
        for seed in range(processes)
    ]
    for one in crew:
        one.start()
    ends = [moments.get() for _ in crew]
    for one in crew:
        one.join()
    began, ended = max(map(min, ends)), min(map(max, ends))
    done = sum(AT_ONCE for own in ends for moment in own if began < moment <= ended)
    return float(done / (ended - began))


def _learn(home: Path, seed: int, trials: int, together: Barrier, moments: Any) -> None:
    wish = experiment(SHORT_SPACE, trials, SHORT_EPOCHS, SHORT_ROWS)
    data, prepared = read_prepared(home)
    scorer = Scorer.over(data.metric, prepared.target, data.contest.labels)
    generator = np.random.default_rng(seed)
    ends = []
    with threadpool_limits(1):
        for turn in range(1 + trials // AT_ONCE):
            candidates = [
                Candidate({**wish.fixed, **_drawn(generator)}, number) for number in range(AT_ONCE)
            ]
            try_candidates("network", candidates, prepared, scorer)
            if not turn:  # the first batch warms up
                together.wait()
            ends.append(time.monotonic())
    moments.put(ends)


def _drawn(generator: np.random.Generator) -> dict[str, Any]:
    layers = int(generator.integers(1, SHORT_SPACE.layers + 1))
    widths = np.exp(generator.uniform(np.log(SHORT_SPACE.low), np.log(SHORT_SPACE.high), layers))
    return {
        "hidden_layer_sizes": [round(width) for width in widths],
        "learning_rate": float(np.exp(generator.uniform(*np.log(SHORT_SPACE.rate)))),
        "weight_decay": float(np.exp(generator.uniform(*np.log(SHORT_SPACE.decay)))),
    }
