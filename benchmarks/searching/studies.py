"""Our side of ``benchmarks/search.py``: studies on 2 000 readings of avocados, and their costs."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from competition.contests import BUILT_IN
from experiments import Progress, StudyResult, run_experiment
from experiments.data import ContestData, find_data, read_data
from experiments.definition.loading import parse_experiment
from experiments.definition.sections import Experiment
from experiments.study.preparing import make_lesson, prepare
from pipelines.models import Candidate, FoldFit, PreparedFolds
from pipelines.models.scoring import Scorer
from pipelines.search import Budget, StudyPlace, open_study, parse_space, suggest
from pipelines.search.heartbeat import OWNER
from pipelines.search.queue import TrialQueue
from pipelines.search.samplers import make_sampler
from pipelines.search.study import ask_batch, count_asked, join_study
from pipelines.search.trials import TrialOutcome, try_candidates
from pipelines.tracking.store import prepare_store
from searching.peers import Fold, Space

CONTEST, ROWS = "avocado-ripeness", 2_000
SHORT_SPACE, SHORT_EPOCHS, SHORT_ROWS, AT_ONCE = Space(4, 16), 14, 32, 4
"""Trials that learn for about 50 ms, and how many of them at once."""
Work = Callable[[], object]
T = TypeVar("T")


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, and of processors: this process and the children it waited for."""

    wall: float = 0.0
    cpu: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu)

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.wall - other.wall, self.cpu - other.cpu)

    def __truediv__(self, count: float) -> Cost:
        return Cost(self.wall / count, self.cpu / count)

    def __str__(self) -> str:
        return f"{1000 * self.wall:.1f} ms, {1000 * self.cpu:.1f} ms of processors"


def spent() -> Cost:
    """Return what this process and the children it waited for have spent up to now."""
    return own_spent() + children_spent()


def own_spent() -> Cost:
    """Return what this process has spent up to now."""
    return Cost(time.perf_counter(), time.process_time())


def children_spent() -> Cost:
    """Return what children that have ended spent."""
    times = os.times()
    return Cost(cpu=times.children_user + times.children_system)


def cost_of(call: Callable[[], T], clock: Callable[[], Cost] = spent) -> tuple[T, Cost]:
    """Call, and return what came of it and what it cost."""
    before = clock()
    result = call()
    return result, clock() - before


def make_home(folder: Path) -> Path:
    """Return a home with a contest's first 2 000 readings, and its stores made."""
    home = folder / "home"
    contest = home / "contests" / CONTEST
    contest.parent.mkdir(parents=True)
    BUILT_IN[CONTEST](contest, seed=0)
    train = contest / "data" / "train.csv"
    pd.read_csv(train).head(ROWS).to_csv(train, index=False)
    prepare_store(f"sqlite:///{home / 'mlflow.db'}")
    return home


def experiment(
    space: Space, trials: int, epochs: int, batch_rows: int, *, seed: int = 0, **search: Any
) -> Experiment:
    """Return an experiment over a space, all else by default."""
    return parse_experiment(
        {
            "name": "benchmark",
            "contest": CONTEST,
            "seed": seed,
            "network": {
                "hidden_layer_sizes": [space.high // 2],
                "learning_rate": 0.005,
                "batch_size": batch_rows,
                "max_epochs": epochs,
                "weight_decay": 0.001,
            },
            "search": {
                "trials": trials,
                "space": {
                    "layers": {"low": 1, "high": space.layers},
                    "units": {"low": space.low, "high": space.high, "log": True},
                    "learning_rate": _logarithmic(space.rate),
                    "weight_decay": _logarithmic(space.decay),
                },
                **search,
            },
        },
        "benchmark",
    )


def _logarithmic(limits: tuple[float, float]) -> dict[str, Any]:
    return {"low": limits[0], "high": limits[1], "log": True}


def read_prepared(home: Path) -> tuple[ContestData, PreparedFolds]:
    """Return the contest's data, and its folds with their features."""
    wish = experiment(Space(4, 32), 1, 1, 32)
    data = read_data(find_data(wish, home))
    return data, prepare(make_lesson(wish, data), data)


def peer_folds(home: Path) -> list[Fold]:
    """Return the very folds and features that our side learns from, for the other side."""
    _, prepared = read_prepared(home)
    values = prepared.target.values
    return [
        (one.learned, values[one.fold.train], one.scored, values[one.fold.valid])
        for one in prepared.folds
    ]


@dataclass(frozen=True)
class Told:
    """What a study told on its way: when each stage ended, in seconds, and its best score."""

    ends: dict[str, float]
    best: float

    def __str__(self) -> str:
        return ", ".join(f"{stage} until {seconds:.1f} s" for stage, seconds in self.ends.items())


def run(wish: Experiment, home: Path) -> Told:
    """Run a study to its end: everything sent, the best model saved."""
    began = time.perf_counter()
    stages: list[str] = []
    ends: dict[str, float] = {}

    def hear(told: Progress) -> None:
        if stages:
            ends[stages[-1]] = time.perf_counter() - began
        stages.append(told.stage)

    result = run_experiment(wish, home, on_progress=hear)
    ends[stages[-1]] = time.perf_counter() - began
    return Told(ends, result.best_score)


@dataclass(frozen=True)
class Costs:
    """What a study's trials cost: in the process that trains, and in its writer."""

    inside: Cost
    writer: Cost

    def __truediv__(self, count: float) -> Costs:
        return Costs(self.inside / count, self.writer / count)


def run_with_work(home: Path, work: Work, trials: int, more: int, epochs: int) -> Costs:
    """Search with trials that do some work in every epoch; return the costs of `more` of them.

    Everything but the training is the product's own: asking, reports, records, telling.
    """
    import experiments.running.launching
    import experiments.study.searching

    def stand_in(
        model: str,
        candidates: Sequence[Candidate],
        prepared: Any,
        scorer: Any,
        on_epoch: Any = None,
    ) -> list[TrialOutcome]:
        return _outcomes(candidates, prepared, on_epoch, work, epochs)

    searches: list[Cost] = []

    def timed(*given: Any, **named: Any) -> Any:
        found, cost = cost_of(lambda: search(*given, **named), own_spent)
        searches.append(cost)
        return found

    search = experiments.running.launching.search
    wish = experiment(Space(4, 8), trials, epochs, 512)
    with (
        mock.patch.object(experiments.study.searching, "try_candidates", stand_in),
        mock.patch.object(experiments.running.launching, "search", timed),
    ):
        _, children = cost_of(lambda: run_experiment(wish, home), children_spent)
    return Costs(searches[0] / more, children / more)


def _outcomes(
    candidates: Sequence[Candidate], prepared: PreparedFolds, on_epoch: Any, work: Work, epochs: int
) -> list[TrialOutcome]:
    """Do the work of every epoch of every candidate, and tell of it as training does."""
    lines = [
        {"epoch": epoch, "train_loss": 1 / epoch, "validation_loss": 1.1 / epoch}
        for epoch in range(1, epochs + 1)
    ]
    folds = range(len(prepared.folds))
    for line in lines:
        for _ in candidates:
            work()
        if on_epoch is not None:
            on_epoch(
                [{**line, "candidate": n, "fold": f} for n in range(len(candidates)) for f in folds]
            )
    return [_outcome(candidate, prepared, lines) for candidate in candidates]


def _outcome(
    candidate: Candidate, prepared: PreparedFolds, lines: list[dict[str, Any]]
) -> TrialOutcome:
    fits = [
        FoldFit(
            np.full((len(one.scored), prepared.target.outputs), 0.2), None, tuple(lines), 1.0, None
        )
        for one in prepared.folds
    ]
    score = -abs(np.log10(candidate.parameters["learning_rate"]) + 2)
    return TrialOutcome(fits, (score,) * len(fits))


def no_work() -> None:
    """Do nothing."""


def work_of(seconds: float) -> Work:
    """Return a fixed piece of arithmetic that takes about so long here when nothing disturbs it."""
    matrix = np.random.default_rng(0).normal(size=(32, 32))

    def turns(count: int) -> None:
        for _ in range(count):
            matrix @ matrix

    _, cost = min((cost_of(lambda: turns(2_000)) for _ in range(5)), key=lambda pair: pair[1].cpu)
    count = max(1, round(2_000 * seconds / cost.cpu))
    return lambda: turns(count)


def small_study(home: Path) -> StudyResult:
    """Run a study of a few trials, for its saved model."""
    return run_experiment(experiment(Space(4, 32), 4, 10, 64), home)


def rate_with(home: Path, workers: int, trials: int, seed: int) -> float:
    """Return trials a second while all workers are at work; a trial learns for about 50 ms."""
    wish = experiment(SHORT_SPACE, trials, SHORT_EPOCHS, SHORT_ROWS, seed=seed, batch=AT_ONCE)
    result = run_experiment(wish, home, workers=workers)
    place = StudyPlace(home / "studies" / f"{result.study}.journal", result.study)
    ends: dict[Any, list[float]] = {}
    for trial in join_study(place).get_trials(deepcopy=False):
        if trial.datetime_complete is not None:
            ends.setdefault(trial.user_attrs[OWNER]["pid"], []).append(
                trial.datetime_complete.timestamp()
            )
    if len(ends) < workers:
        raise RuntimeError("a worker came too late; give more --trials")
    began, ended = max(map(min, ends.values())), min(map(max, ends.values()))
    done = sum(began < moment <= ended for own in ends.values() for moment in own)
    return done / (ended - began)


@dataclass(frozen=True)
class Moment:
    """The best value after so many seconds of a search."""

    seconds: float
    best: float

    def __str__(self) -> str:
        return f"{self.best:.4f} after {self.seconds:.1f} s"


def search_alone(home: Path, seed: int, trials: int, size: int, epochs: int = 20) -> list[Moment]:
    """Search without tracking, some trials at once; return how the best value rose."""
    data, prepared = read_prepared(home)
    scorer = Scorer.over(data.metric, prepared.target, data.contest.labels)
    wish = experiment(Space(4, 32), trials, epochs, 32, seed=seed)
    space = parse_space(wish.search.space)
    with tempfile.TemporaryDirectory(dir=home) as folder, threadpool_limits(1):
        place = StudyPlace(Path(folder) / "alone.journal", "alone")
        study = open_study(place, greater_is_better=True)
        moments, began = [], time.perf_counter()
        while True:
            study.sampler = make_sampler("tpe", space, (seed, count_asked(study)))
            asked = ask_batch(study, place, Budget(trials), size, TrialQueue())
            if not asked:
                return moments
            candidates = [
                Candidate({**wish.fixed, **suggest(trial, space)}, trial.number) for trial in asked
            ]
            tried = try_candidates("network", candidates, prepared, scorer)
            for trial, outcome in zip(asked, tried, strict=True):
                study.tell(trial, outcome.score)
            moments.append(Moment(time.perf_counter() - began, study.best_value))


def best_at(moments: Sequence[Moment], seconds: float) -> float:
    """Return the best value that was known after so many seconds."""
    known = [one.best for one in moments if one.seconds <= seconds]
    return known[-1] if known else float("nan")
