"""What must not lie among the files that participants download: the truth of the test rows."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import IO

import pandas as pd

from competition.definition import Contest
from competition.errors import InvalidContest, UnreadableTable
from competition.tables import read_table

__all__ = ["refuse_solution_names", "refuse_truth"]

SAMPLE = "sample_submission.csv"
TRAIN = "train.csv"
_SOLUTION = re.compile(r"solution\.csv(\.gz|\.zip)?", re.IGNORECASE)
_TABLE = re.compile(r".*\.csv(\.gz|\.zip)?", re.IGNORECASE)
_LONGEST_HEADER = 1 << 20
_FEWEST_EQUAL = 10  # so many equal rows are no accident


def refuse_solution_names(names: Iterable[str]) -> None:
    """Refuse a data file that is named like the solution, in whatever folder.

    Raises
    ------
    InvalidContest
        With the file's name.
    """
    for name in names:
        if _SOLUTION.fullmatch(name.rsplit("/", 1)[-1]):
            raise InvalidContest(
                f"{name} must not be among the data, which participants download; upload the "
                "solution on its own, or give the file another name when it is something else"
            )


def refuse_truth(contest: Contest, data: Mapping[str, Path], truth: pd.DataFrame) -> None:
    """Refuse a table that tells participants the targets of test rows.

    A file may hold target columns for test ids only when it is the sample submission or the
    training table; these two must not repeat the truth itself.

    Parameters
    ----------
    contest
        Names the id column and the targets.
    data
        The data files by name.
    truth
        The solution, every cell as text.

    Raises
    ------
    InvalidContest
        With the file's name.
    """
    for name, path in data.items():
        if _TABLE.fullmatch(name) and _tells(contest, name, path, truth):
            raise InvalidContest(
                f"{name} holds {', '.join(map(repr, contest.targets))} of test rows, which "
                "participants would download; take those columns or rows out of it"
            )


def _tells(contest: Contest, name: str, path: Path, truth: pd.DataFrame) -> bool:
    targets = [target for target in contest.targets if target in truth]
    shown = [target for target in targets if target in (header := _header(path))]
    if not shown or contest.id_column not in header:
        return False
    try:
        frame = read_table(path, columns=[contest.id_column, *shown], all_text=True)
    except UnreadableTable:
        return False  # nobody's table, so nobody's truth; the builder speaks of those it needs
    known = truth.drop_duplicates(contest.id_column).set_index(contest.id_column)
    frame = frame[frame[contest.id_column].isin(known.index)]
    if name not in {SAMPLE, TRAIN}:
        return bool((frame[shown] != "").to_numpy().any())
    return any(_repeats(frame[target], known[target][frame[contest.id_column]]) for target in shown)


def _repeats(shown: pd.Series[str], truth: pd.Series[str]) -> bool:
    """Say whether a column is the truth, which a constant one may be by accident."""
    if len(shown) < _FEWEST_EQUAL or truth.nunique() < 2:
        return False
    return bool((shown.to_numpy() == truth.to_numpy()).all())


def _header(path: Path) -> list[str]:
    """Return the column names, without reading what may be gigabytes below them."""
    try:
        with closing(_opened(path)) as stream:
            line = stream.readline(_LONGEST_HEADER).decode("utf-8-sig", errors="replace")
    except (OSError, EOFError, IndexError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return []
    return next(csv.reader(io.StringIO(line)), [])


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        start = file.read(4)
    if start[:2] == b"\x1f\x8b":
        return gzip.open(path)  # type: ignore[return-value]
    if start == b"PK\x03\x04":
        archive = zipfile.ZipFile(path)
        return archive.open(archive.namelist()[0])
    return path.open("rb")
