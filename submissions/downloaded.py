"""What a downloaded folder holds: its tables, its ids and what is to be predicted.

A Ripe host says so in ``contest-public.toml``. A bundle of Kaggle's says nothing; there the
sample submission and the columns that the test table lacks tell it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from competition.definition import PUBLIC_CONTEST_FILE, Contest, load_contest
from competition.tables import read_table
from submissions.errors import SubmissionError

__all__ = ["DownloadedTables", "describe_download"]

PACKINGS = (".csv", ".csv.gz", ".csv.zip")


@dataclass(frozen=True)
class DownloadedTables:
    """The tables of a download.

    Attributes
    ----------
    train : Path
        Labelled rows.
    test, sample : Path or None
        Rows to predict, and the sample submission.
    id_column : str or None
        None when no table has one.
    targets : tuple of str
        Columns to predict.
    contest : Contest or None
        What ``contest-public.toml`` says, where there is one.
    """

    train: Path
    test: Path | None
    sample: Path | None
    id_column: str | None
    targets: tuple[str, ...]
    contest: Contest | None = None


def describe_download(folder: Path) -> DownloadedTables:
    """Find out what a downloaded folder holds.

    Raises
    ------
    SubmissionError
        When there is no table to learn from, or nothing tells what is to be predicted.
    """
    train = _table(folder, ("train", "training"))
    if train is None:
        held = ", ".join(sorted(path.name for path in folder.glob("[!.]*"))) or "nothing"
        raise SubmissionError(f"{folder} holds no train.csv to make a contest of; it holds: {held}")
    test, sample = _table(folder, ("test",)), _sample(folder)
    if (folder / PUBLIC_CONTEST_FILE).is_file():
        contest = load_contest(folder / PUBLIC_CONTEST_FILE)
        return DownloadedTables(train, test, sample, contest.id_column, contest.targets, contest)
    id_column, targets = _guessed(train, test, sample)
    return DownloadedTables(train, test, sample, id_column, targets)


def _table(folder: Path, names: Sequence[str]) -> Path | None:
    places = (folder / f"{name}{packing}" for name in names for packing in PACKINGS)
    return next((place for place in places if place.is_file()), None)


def _sample(folder: Path) -> Path | None:
    """Find the sample submission; Kaggle names it freely, as in ``gender_submission.csv``."""
    found = sorted(path for path in folder.iterdir() if "submission" in path.name.lower())
    packed = [path for path in found if path.name.lower().endswith(PACKINGS)]
    by_name = sorted(packed, key=lambda path: not path.name.lower().startswith("sample"))
    return by_name[0] if by_name else None


def _guessed(
    train: Path, test: Path | None, sample: Path | None
) -> tuple[str | None, tuple[str, ...]]:
    learned, asked = _columns(train), _columns(test)
    wanted = _columns(sample)
    id_column = wanted[0] if wanted and wanted[0] in learned else None
    targets = tuple(name for name in wanted[1:] if name in learned and name not in asked)
    if not targets and asked:
        targets = tuple(name for name in learned if name not in asked)
    if targets and (len(targets) == 1 or wanted):
        return id_column, targets
    raise SubmissionError(
        f"nothing in {train.parent} tells which columns of {train.name} are to be predicted; "
        f"name them with --target. It has: {', '.join(learned)}"
    )


def _columns(path: Path | None) -> list[str]:
    return [] if path is None else [str(name) for name in read_table(path).columns]
