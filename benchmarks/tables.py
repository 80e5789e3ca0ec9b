"""What large tables cost: memory and seconds to read a CSV file, seconds to describe two tables.

    python benchmarks/tables.py [--rows 600000] [--described 50000]

The file is read whole, and block by block, each in a fresh process; its peak is that process's
`ru_maxrss`, libraries included. The schema report looks at two tables of 21 columns.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from competition.tables import read_table
from pipelines.tables.reading import TablePair
from pipelines.tables.schema import Roles, describe_tables
from pipelines.tables.sparing import read_sparingly

NUMBERS, WORDS = 20, 4
MIB = 1024**2
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


def write_file(path: Path, rows: int, rows_at_once: int = 100_000) -> None:
    """Write columns of numbers and of repeated words, some rows at once."""
    generator = np.random.default_rng(0)
    for first in range(0, rows, rows_at_once):
        count = min(rows_at_once, rows - first)
        part = pd.DataFrame(
            generator.normal(100, 20, (count, NUMBERS)),
            columns=[f"number_{place}" for place in range(NUMBERS)],
        ).round(5)
        for place in range(WORDS):
            names = [f"word {one}" for one in range(10 ** (place + 1))]
            part[f"word_{place}"] = generator.choice(names, count)
        part.to_csv(path, mode="a", header=first == 0, index=False)


def read_file(path: Path, sparingly: bool) -> tuple[float, float]:
    """Return the seconds that reading took, and this process's peak in MiB."""
    began = time.perf_counter()
    if sparingly:
        read_sparingly(path)
    else:
        read_table(path)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT
    return seconds, peak / MIB


def compare_readers(rows: int) -> None:
    """Read a generated file in both ways, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_file(path, rows)
        size = path.stat().st_size / MIB
        print(f"{rows} rows, {NUMBERS} columns of numbers and {WORDS} of words: {size:.0f} MiB")
        for name, sparingly in (("whole", False), ("block by block", True)):
            fresh = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, mp_context=fresh) as pool:
                seconds, peak = pool.submit(read_file, path, sparingly).result()
            print(f"read {name:<16}{peak:8.0f} MiB at the peak{seconds:8.2f} s")


def describe(rows: int) -> None:
    """Describe two tables of one source."""
    generator = np.random.default_rng(0)
    names = [f"x{place}" for place in range(16)]
    train, test = (
        pd.DataFrame(generator.normal(size=(rows, len(names))), columns=names) for _ in range(2)
    )
    for table in (train, test):
        for place, many in enumerate((2, 5, 20, 200)):
            words = [f"k{one}" for one in range(many)]
            table[f"c{place}"] = generator.choice(words, rows)
        table["id"] = generator.permutation(rows)
    features = tuple(str(name) for name in train if name != "id")
    train["y"] = np.where(train["x0"] + generator.normal(size=rows) > 0, "yes", "no")
    pair = TablePair(train, test, features, "0" * 64, {})
    began = time.perf_counter()
    describe_tables(pair, Roles(("y",), "id"))
    seconds = time.perf_counter() - began
    print(
        f"schema report on two tables of {rows} rows and {test.shape[1]} columns: {seconds:.2f} s"
    )


def main() -> None:
    """Print what both cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=600_000)
    parser.add_argument("--described", type=int, default=50_000)
    wish = parser.parse_args()
    compare_readers(wish.rows)
    describe(wish.described)


if __name__ == "__main__":
    main()
