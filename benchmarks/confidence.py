"""Time the confidence of a board: all teams anew, and after one new entry.

First the arithmetic alone, then in a store: what an entry costs to count, what its replicates cost
beside that, and what a page then reads.

python benchmarks/confidence.py [teams [rows]]       1 000 teams, 10 000 public rows
"""

import io
import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import numpy as np
import pandas as pd

from competition.board import (
    Contender,
    board_confidence,
    draw_resampling,
    entry_replicates,
    replicate_means,
)
from competition.definition import Contest, MetricChoice, dump_contest
from competition.metrics import get_metric
from competition.queue import finish_entry, keep_replicates, lease_entry
from competition.scoring import Scores, ScoringOutcome, ScoringPool
from competition.store import (
    Store,
    add_contest,
    add_user,
    open_store,
    public_board,
    submit_entry,
)
from competition.tables import write_table
from competition.watching import board_intervals

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
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "home") as store:
        in_a_store(store, Path(folder), losses)


def in_a_store(store: Store, folder: Path, losses: np.ndarray) -> None:
    """Let every team send an entry, then time what a page asks for."""
    add_contest(store, contest_folder(folder / "big", len(losses)), now=START)
    upload = store.files.put(io.BytesIO(b"id,y\n0,0\n"))
    spent = [enter(store, upload, number, column) for number, column in enumerate(losses.T)]
    steps = ("count an entry", "its replicates")
    for what, seconds in zip(steps, zip(*spent, strict=True), strict=True):
        print(f"in a store: {what:38s} {1000 * statistics.median(seconds[1:]):9.1f} ms (median)")
    rows = timed("in a store: read the board", lambda: public_board(store, "big"))
    for state in ("after a new entry", "unchanged"):
        timed(f"in a store: its intervals, {state}", lambda: board_intervals(store, "big", rows))


def enter(store: Store, upload: str, number: int, losses: np.ndarray) -> tuple[float, float]:
    """Send an entry with these losses; give the seconds of counting it and of its replicates."""
    name, now = f"team{number}", START + timedelta(minutes=number)
    add_user(store, name, now=now)
    ref = submit_entry(store, "big", name, upload=upload, file_name="a.csv", now=now).ref
    lease = lease_entry(store, "worker", now)
    score = 1.0 - float(losses.mean())
    outcome = ScoringOutcome("scored", Scores(score, score, None), row_losses=losses)
    begun = perf_counter()
    assert lease is not None and finish_entry(store, lease, outcome, now)
    counted = perf_counter()
    keep_replicates(store, ref, ScoringPool())
    return counted - begun, perf_counter() - counted


def contest_folder(folder: Path, rows: int) -> Path:
    """Write a contest with so many public rows."""
    contest = Contest(
        "big", "Big", MetricChoice("accuracy"), ("y",), labels=(0, 1), launched_at=START
    )
    (folder / "data").mkdir(parents=True)
    dump_contest(contest, folder / "contest.toml")
    solution = pd.DataFrame({"id": np.arange(rows), "y": 0, "Usage": "Public"})
    write_table(solution, folder / "solution.csv")
    write_table(solution[["id", "y"]], folder / "data" / "sample_submission.csv")
    return folder


def timed(what: str, step: Callable[[], T]) -> T:
    """Run a step and print the seconds that it took."""
    start = perf_counter()
    result = step()
    print(f"{what:50s} {1000 * (perf_counter() - start):9.1f} ms", flush=True)
    return result


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
