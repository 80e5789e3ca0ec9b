"""How many entries a host takes and scores in a second.

Sends small entries of several users into a fresh store, then lets workers score them, each entry
in a fresh child: first alone what sending costs, then scoring and counting (with the replicates
that intervals need), then both.

    python benchmarks/entries.py                       100 entries of 100 rows, SQLite
    python benchmarks/entries.py --slots 2             two entries scored side by side
    python benchmarks/entries.py --database postgresql://…
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from competition.definition import Contest, MetricChoice, dump_contest
from competition.queue import Worker
from competition.scoring import ScoringPool
from competition.store import Store, add_contest, add_user, open_store, submit_entry
from competition.tables import write_table

ROWS, USERS = 100, 20
START = datetime(2026, 1, 1, tzinfo=UTC)
CONTEST = Contest(
    slug="rate",
    title="Rate",
    metric=MetricChoice("accuracy"),
    targets=("y",),
    labels=(0, 1),
    launched_at=START,
    max_daily_submissions=10_000,
    max_pending_submissions_per_team=10_000,
)


def main() -> None:
    """Measure once and print the rates."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database")
    parser.add_argument("--entries", type=int, default=100)
    parser.add_argument("--slots", type=int, default=1)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        open_store(Path(folder) / "home", database=options.database) as store,
        ScoringPool() as pool,
    ):
        pool.start()
        workers = [Worker(store, pool=pool) for _ in range(options.slots)]
        add_contest(store, contest_folder(Path(folder) / "contest"), now=START)
        for number in range(USERS):
            add_user(store, f"user{number}", now=START)
        start = time.perf_counter()
        for number in range(options.entries):
            send(store, Path(folder), number)
        sent = time.perf_counter()
        with ThreadPoolExecutor(options.slots) as threads:
            list(threads.map(work, workers))
        scored = time.perf_counter()
        kind = store.engine.dialect.name
    print(
        f"{kind}, {options.slots} at a time, entries a second: "
        f"sent {options.entries / (sent - start):.1f}, scored and "
        f"counted {options.entries / (scored - sent):.1f}, "
        f"both {options.entries / (scored - start):.1f}"
    )


def work(worker: Worker) -> None:
    """Score until nothing waits."""
    while worker.step():
        pass


def send(store: Store, folder: Path, number: int) -> None:
    """Store an entry's file and submit it."""
    rng = np.random.default_rng(number)
    table = pd.DataFrame({"id": np.arange(ROWS), "y": rng.integers(0, 2, ROWS)})
    write_table(table, folder / "entry.csv")
    upload = store.files.put(folder / "entry.csv")
    now = START + timedelta(seconds=number)
    user = f"user{number % USERS}"
    submit_entry(store, "rate", user, upload=upload, file_name="entry.csv", now=now)


def contest_folder(folder: Path) -> Path:
    """Write a small contest."""
    (folder / "data").mkdir(parents=True)
    dump_contest(CONTEST, folder / "contest.toml")
    truth = np.random.default_rng(0).integers(0, 2, ROWS)
    usage = np.where(np.arange(ROWS) < ROWS // 2, "Public", "Private")
    solution = pd.DataFrame({"id": np.arange(ROWS), "y": truth, "Usage": usage})
    write_table(solution, folder / "solution.csv")
    write_table(solution[["id", "y"]].assign(y=0), folder / "data" / "sample_submission.csv")
    return folder


if __name__ == "__main__":
    main()
