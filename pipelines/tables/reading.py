"""Reading a training and a test table into one typed pair."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from competition.tables import digest_file, read_table
from pipelines.errors import TableProblem
from pipelines.tables.finite import LARGEST, make_finite
from pipelines.tables.kinds import as_moments, holds_dates
from pipelines.tables.sparing import is_large, read_sparingly
from pipelines.tables.wording import counted


@dataclass(frozen=True)
class TablePair:
    """A training table and the test table to be predicted.

    Attributes
    ----------
    train : pandas.DataFrame
        Labelled rows, all columns of the file.
    test : pandas.DataFrame or None
        Rows to predict, without the targets.
    features : tuple of str
        Columns of both tables that may be learned from: neither id, target nor group.
    left_out : tuple of str
        Columns of `train` that are not learned from because `test` lacks them.
    digest : str
        SHA-256 over the contents of both files, 64 hexadecimal digits.
    digests : dict of str to str
        The same, per file name; a test table named like the training table is ``NAME (test)``.
    not_finite : mapping of str to str
        Features that held infinite or huge numbers, with how these were taken.
    """

    train: pd.DataFrame
    test: pd.DataFrame | None
    features: tuple[str, ...]
    digest: str
    digests: dict[str, str]
    left_out: tuple[str, ...] = ()
    not_finite: Mapping[str, str] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of how the tables were taken."""
        notes = [f"column {name!r} holds {found}" for name, found in self.not_finite.items()]
        if self.left_out:
            names = ", ".join(map(repr, self.left_out))
            notes.append(f"the test table lacks {names}: nothing is learned from what it lacks")
        return tuple(notes)


def read_tables(
    train: Path,
    test: Path | None,
    *,
    targets: Sequence[str],
    id_column: str | None = None,
    group_column: str | None = None,
    text_columns: Sequence[str] = (),
    memory: int | None = None,
) -> TablePair:
    """Read both tables, once each, and type their columns alike.

    Parameters
    ----------
    train, test : pathlib.Path
        CSV files. Without `test` only cross-validation is possible.
    targets : sequence of str
        Columns to be predicted; they must stand in `train`.
    id_column, group_column : str, optional
        Columns that name rows or groups of rows; they are never learned from.
    text_columns : sequence of str
        Columns read as text whatever they look like (class labels such as ``007``).
    memory : int, optional
        Bytes of memory, a fifth of which a file may take before it is read block by block; what
        there is unless given.

    Raises
    ------
    TableProblem
        When a target is missing, a row has no group, or no column of `train` stands in `test` as
        well.
    competition.errors.UnreadableTable
        When a file is no table.
    """
    digests = {}
    train_frame, digests[train.name] = _read(train, text_columns, memory)
    _require_targets(train_frame, targets, train)
    _require_group(train_frame, group_column, train)
    test_frame = None
    if test is not None:
        name = f"{test.name} (test)" if test.name == train.name else test.name
        test_frame, digests[name] = _read(test, (), memory)
    reserved = {*targets, id_column, group_column}
    features = _shared_features(train_frame, test_frame, reserved)
    left_out = [name for name in train_frame.columns if name not in {*features, *reserved}]
    _parse_dates(train_frame, test_frame, features)
    not_finite = make_finite(train_frame, features)
    if test_frame is not None:
        unlike = make_finite(test_frame, features)
        not_finite |= {name: f"{words} (test rows)" for name, words in unlike.items()} | not_finite
    return TablePair(
        train_frame,
        test_frame,
        features,
        _combined(digests),
        digests,
        tuple(left_out),
        not_finite,
    )


def _read(path: Path, text_columns: Sequence[str], memory: int | None) -> tuple[pd.DataFrame, str]:
    if is_large(path, memory):
        return read_sparingly(path, text_columns)
    return read_table(path, text_columns=text_columns), digest_file(path)


def _require_targets(train: pd.DataFrame, targets: Sequence[str], path: Path) -> None:
    missing = [target for target in targets if target not in train.columns]
    if missing:
        raise TableProblem(
            f"{path.name} must hold the target {missing[0]!r}, "
            f"but its columns are: {', '.join(map(str, train.columns))}"
        )
    if train[list(targets)].isna().to_numpy().any():
        raise TableProblem(f"{path.name} has rows without a value of {', '.join(targets)}")
    for target in targets:
        if not _is_countable(train[target]):
            raise TableProblem(
                f"{path.name} has rows whose {target} is infinite or beyond {LARGEST:.0e}; "
                "take them out, or use another unit"
            )


def _require_group(train: pd.DataFrame, group_column: str | None, path: Path) -> None:
    alone = 0 if group_column not in train else int(train[group_column].isna().sum())
    if alone:
        raise TableProblem(
            f"{path.name} has {counted(alone, 'row')} without a value of the group column "
            f"{group_column!r}; say which group they belong to, or leave them out"
        )


def _is_countable(column: "pd.Series[Any]") -> bool:
    floating = pd.api.types.is_float_dtype(column)
    return not floating or bool((column.abs() <= LARGEST).all())


def _shared_features(
    train: pd.DataFrame, test: pd.DataFrame | None, reserved: set[str | None]
) -> tuple[str, ...]:
    columns = [str(name) for name in train.columns if name not in reserved]
    if test is not None:
        columns = [name for name in columns if name in test.columns]
    if not columns:
        tested = "" if test is None else f", and the test table has {_listed(test, reserved)}"
        raise TableProblem(
            "the tables share no column to learn from: beside targets, ids and groups the training "
            f"table has {_listed(train, reserved)}{tested}"
        )
    return tuple(columns)


def _listed(frame: pd.DataFrame, reserved: set[str | None]) -> str:
    names = [str(name) for name in frame.columns if name not in reserved]
    return ", ".join(map(repr, names)) or "none"


def _parse_dates(train: pd.DataFrame, test: pd.DataFrame | None, features: tuple[str, ...]) -> None:
    for name in features:
        if holds_dates(train[name]):
            for frame in (train, test):
                if frame is not None:
                    frame[name] = as_moments(frame[name].astype(object))


def _combined(digests: dict[str, str]) -> str:
    lines = "\n".join(f"{name} {digest}" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
