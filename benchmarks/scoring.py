"""What a score costs beyond the bare floor.

For a submission of a million rows: the time from the request to the scores (a fresh child of a
warm server reads and checks the submission, reads the solution, aligns both, scores the whole, the
public and the private part, and returns the loss of every row), against the floor: pandas reads
both files with pyarrow, scikit-learn scores once. Then what a check costs against reading the
file, and what one small entry costs.

    python benchmarks/scoring.py                1 000 000 rows
    python benchmarks/scoring.py --rows 10000
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
import sklearn.metrics as sk

from competition.checks import check_submission, load_form
from competition.definition import Contest, MetricChoice, dump_contest
from competition.scoring import ScoringJob, ScoringPool

Seconds: TypeAlias = tuple[float, float]
"""Least and median."""

ROWS = 1_000_000
REPEATS = 7


@dataclass(frozen=True)
class Case:
    """One kind of contest: its metric, what entries hold, and the library's own score."""

    metric: str
    labels: tuple[str | int, ...]
    floor_score: Callable[..., float]
    text_ids: bool = False
    shuffled: bool = False


CASES = (
    Case("accuracy", (0, 1, 2, 3, 4), sk.accuracy_score),
    Case("accuracy", (0, 1, 2, 3, 4), sk.accuracy_score, shuffled=True),
    Case("accuracy", ("hard", "breaking", "ripe"), sk.accuracy_score, text_ids=True),
    Case("auc", (0, 1), sk.roc_auc_score),
    Case("log_loss", (0, 1), sk.log_loss),
    Case("rmse", (), sk.root_mean_squared_error),
    Case(
        "quadratic_weighted_kappa",
        (0, 1, 2, 3, 4),
        lambda truth, prediction: sk.cohen_kappa_score(truth, prediction, weights="quadratic"),
    ),
)


def main() -> None:
    """Measure every case and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    options = parser.parse_args()
    print(f"{options.rows} rows, {options.repeats} runs; seconds, least / median")
    heads = ("floor", "score", "ratio", "read", "check", "ratio")
    print(f"{'':42}" + "".join(f"{head:>16}" for head in heads))
    with ScoringPool() as pool, tempfile.TemporaryDirectory() as folder:
        pool.start()
        for number, case in enumerate(CASES):
            place = Path(folder) / str(number)
            write_case(case, options.rows, place)
            report(case, place, pool, options.repeats)
        small = Path(folder) / "small"
        write_case(CASES[0], 100, small)
        (cost,) = interleaved([lambda: pool.score(job_of(small))], 10 * options.repeats)
    least, median = (1000 * seconds for seconds in cost)
    print(f"one entry of 100 rows: {least:.1f} ms, median {median:.1f} ms")


def write_case(case: Case, rows: int, folder: Path) -> None:
    """Write contest, solution and an entry with the order and the ids of the case."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    contest = Contest(
        slug="benchmark",
        title="Benchmark",
        metric=MetricChoice(case.metric),
        targets=("target",),
        labels=case.labels,
    )
    dump_contest(contest, folder / "contest.toml")
    ids = [f"fruit-{k:07d}" for k in range(rows)] if case.text_ids else np.arange(rows)
    truth, prediction = columns_of(case, rng, rows)
    usage = np.where(rng.random(rows) < 0.3, "Public", "Private")
    solution = pd.DataFrame({"id": ids, "target": truth, "Usage": usage})
    solution.to_csv(folder / "solution.csv", index=False)
    entry = pd.DataFrame({"id": ids, "target": prediction})
    if case.shuffled:
        entry = entry.sample(frac=1, random_state=0)
    entry.to_csv(folder / "entry.csv", index=False)


def columns_of(case: Case, rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw truth and prediction."""
    if not case.labels:
        truth = rng.normal(size=rows)
        return truth, (truth + rng.normal(size=rows)).round(6)
    truth = rng.integers(0, len(case.labels), rows)
    if case.metric in ("auc", "log_loss"):
        return truth, np.clip(0.2 * truth + 0.8 * rng.random(rows), 0, 1).round(6)
    guess = np.where(rng.random(rows) < 0.6, truth, rng.integers(0, len(case.labels), rows))
    names = np.array(case.labels)
    return names[truth], names[guess]


def report(case: Case, folder: Path, pool: ScoringPool, repeats: int) -> None:
    """Measure one case, its parts in turn so that a busy machine slows all alike."""
    form = load_form(load_case(folder), folder / "entry.csv")
    floor, score, read, check = interleaved(
        [
            lambda: floor_of(case, folder),
            lambda: scored(pool, folder),
            lambda: pd.read_csv(folder / "entry.csv", engine="pyarrow"),
            lambda: check_submission(folder / "entry.csv", form),
        ],
        repeats,
    )
    kind = "text" if case.text_ids else "shuffled" if case.shuffled else "integer"
    cells = (floor, score, ratio(score, floor), read, check, ratio(check, read))
    print(f"{case.metric + ', ' + kind + ' ids':42}" + "".join(shown(cell) for cell in cells))


def ratio(one: Seconds, other: Seconds) -> Seconds:
    """Return least to least and median to median."""
    return one[0] / other[0], one[1] / other[1]


def shown(cell: Seconds) -> str:
    """Write least and median."""
    return f"{f'{cell[0]:.3f} / {cell[1]:.3f}':>16}"


def load_case(folder: Path) -> Contest:
    """Read the contest back."""
    from competition.definition import load_contest

    return load_contest(folder / "contest.toml")


def floor_of(case: Case, folder: Path) -> float:
    """Read both files and score once; rows are aligned only where that is needed."""
    solution = pd.read_csv(folder / "solution.csv", engine="pyarrow")
    entry = pd.read_csv(folder / "entry.csv", engine="pyarrow")
    if case.shuffled:
        entry = entry.set_index("id").loc[solution["id"]].reset_index()
    return float(case.floor_score(solution["target"], entry["target"]))


def job_of(folder: Path) -> ScoringJob:
    """Name the files of a case."""
    return ScoringJob(folder / "contest.toml", folder / "solution.csv", folder / "entry.csv")


def scored(pool: ScoringPool, folder: Path) -> float:
    """Score the entry of a case in a child."""
    outcome = pool.score(job_of(folder))
    if outcome.scores is None:
        raise RuntimeError(outcome.message)
    return outcome.scores.overall


def interleaved(actions: list[Callable[[], object]], repeats: int) -> list[Seconds]:
    """Return least and median seconds of each action, all run in turn: the rest is other work's."""
    seconds: list[list[float]] = [[] for _ in actions]
    for _ in range(repeats):
        for action, taken in zip(actions, seconds, strict=True):
            start = time.perf_counter()
            action()
            taken.append(time.perf_counter() - start)
    return [(min(taken), statistics.median(taken)) for taken in seconds]


if __name__ == "__main__":
    main()
