"""Time the confidence of a board: all teams anew, and after one new entry.

python benchmarks/confidence.py [teams [rows]]       1 000 teams, 10 000 public rows
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import TypeVar

import numpy as np

from competition.board import (
    Contender,
    board_confidence,
    draw_resampling,
    entry_replicates,
    replicate_means,
)
from competition.metrics import get_metric

START = datetime(2026, 1, 1, tzinfo=UTC)
T = TypeVar("T")


def main(n_teams: int = 1000, n_rows: int = 10_000) -> None:
    """Print how long each step takes."""
    rng = np.random.default_rng(0)
    losses = (rng.random((n_rows, n_teams)) < np.linspace(0.2, 0.4, n_teams)).astype(float)
    print(f"{n_teams} teams, {n_rows} public rows, 500 replicates")
    resampling = timed("draw the resampled test sets, once", lambda: draw_resampling(rng, n_rows))
    replicates = timed("replicate all entries", lambda: replicate_means(resampling, losses))
    contenders = [
        Contender(team, losses[:, team].mean(), START + timedelta(minutes=team), column)
        for team, column in enumerate(replicates.T)
    ]
    timed(
        "intervals, ranks and tie groups",
        lambda: board_confidence(contenders, greater_is_better=False),
    )
    timed("replicate one new entry", lambda: replicate_means(resampling, losses[:, 0]))
    truth, prediction = rng.integers(0, 2, (2, n_rows))
    for name in ("quadratic_weighted_kappa", "auc"):
        metric = get_metric(name)
        timed(
            f"replicate one new entry, {name}",
            lambda metric=metric: entry_replicates(resampling, metric, truth, prediction),
        )


def timed(what: str, step: Callable[[], T]) -> T:
    """Run a step and print the seconds that it took."""
    start = perf_counter()
    result = step()
    print(f"{what:50s} {1000 * (perf_counter() - start):9.1f} ms", flush=True)
    return result


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
