"""The tables that a contest is built from, as text exactly as written."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from competition.errors import InvalidContest, did_you_mean
from competition.tables import read_table

Table: TypeAlias = pd.DataFrame | str | Path

USAGE = "Usage"
USAGES = ("Public", "Private", "Ignored")
EXAMPLES = 3


@dataclass(frozen=True)
class Source:
    """One table and what messages call it."""

    name: str
    frame: pd.DataFrame

    def require(self, columns: Sequence[str]) -> None:
        """Refuse the table when it lacks one of `columns`.

        Raises
        ------
        InvalidContest
            With every missing column.
        """
        present = list(self.frame.columns)
        missing = [column for column in columns if column not in present]
        if missing:
            raise InvalidContest(
                f"{self.name} has no column {column!r}"
                f"{did_you_mean(column, present) or '; it has: ' + ', '.join(present)}"
                for column in missing
            )


def read_source(table: Table, role: str) -> Source:
    """Read a table as text, whether it comes as a file or as a frame.

    Raises
    ------
    UnreadableTable
        The file is no table.
    InvalidContest
        The frame has no rows.
    """
    if isinstance(table, pd.DataFrame):
        if table.empty:
            raise InvalidContest(f"the {role} table has no rows")
        return Source(f"the {role} table", _as_text(table))
    return Source(str(table), read_table(table, all_text=True))


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the cells as `competition.tables.write_table` writes them."""
    named = frame.rename(columns=str)
    written = io.StringIO(named.to_csv(index=False, lineterminator="\n"))
    return pd.read_csv(written, dtype=str, keep_default_na=False, na_filter=False)


def check_ids(source: Source, id_column: str) -> None:
    """Refuse ids that are empty or stand twice.

    Raises
    ------
    InvalidContest
        With the count and the first examples, rows counted from 1 below the header.
    """
    ids = source.frame[id_column]
    empty = ids[ids == ""]
    if len(empty):
        raise InvalidContest(
            f"{source.name} has {len(empty)} empty ids in column {id_column!r}, "
            f"the first in row {empty.index[0] + 1}; give every row its own id"
        )
    twice = ids[ids.duplicated()]
    if len(twice):
        raise InvalidContest(
            f"{source.name} has duplicate ids in column {id_column!r}: {examples(twice)}; "
            "give every row its own id, or leave the id column out to have one made"
        )


def examples(values: pd.Series[str]) -> str:
    """Name the first few of `values` and how many more there are.

    Examples
    --------
    >>> examples(pd.Series(["a", "b", "c", "d", "e"]))
    "'a', 'b', 'c' and 2 more"
    """
    distinct = list(dict.fromkeys(values))
    shown = ", ".join(repr(value) for value in distinct[:EXAMPLES])
    more = len(distinct) - EXAMPLES
    return f"{shown} and {more} more" if more > 0 else shown
