"""The addresses of artifacts in MLflow's database, which are absolute.

A home that is restored elsewhere keeps its runs: this rewrite of addresses, beside WAL and
``ANALYZE``, is all that is ever done to MLflow's database outside its interface.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

__all__ = ["move_addresses"]

PLACES: tuple[tuple[str, str], ...] = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""Tables and columns that hold an address of files."""
SOURCES = ("datasets", "dataset_source")
"""Where a data set came from: an address inside JSON."""


def move_addresses(database: Path, old: str, new: str) -> int:
    """Let every address below one folder lead to the same place below another.

    Parameters
    ----------
    database : pathlib.Path
        MLflow's SQLite file; nobody else may have it open.
    old, new : str
        Absolute folders.

    Returns
    -------
    int
        How many cells were changed.
    """
    with closing(sqlite3.connect(database)) as connection, connection:
        found = [place for place in PLACES if _has(connection, *place)]
        changed = sum(_move(connection, *place, old, new) for place in found)
        if _has(connection, *SOURCES):
            quoted = [json.dumps(folder)[1:-1] for folder in (old, new)]
            changed += _replace(connection, *SOURCES, f'"{quoted[0]}/', f'"{quoted[1]}/')
    return changed


def _has(connection: sqlite3.Connection, table: str, column: str) -> bool:
    return any(row[1] == column for row in connection.execute(f"PRAGMA table_info({table})"))


def _move(connection: sqlite3.Connection, table: str, column: str, old: str, new: str) -> int:
    moved = 0
    for scheme in ("", "file://"):
        before = f"{scheme}{old.rstrip('/')}/"
        changed = connection.execute(
            f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
            f"WHERE substr({column}, 1, ?) = ?",
            (f"{scheme}{new.rstrip('/')}/", len(before) + 1, len(before), before),
        )
        moved += changed.rowcount
    return moved


def _replace(connection: sqlite3.Connection, table: str, column: str, old: str, new: str) -> int:
    return connection.execute(
        f"UPDATE {table} SET {column} = replace({column}, ?, ?) WHERE instr({column}, ?) > 0",
        (old, new, old),
    ).rowcount
