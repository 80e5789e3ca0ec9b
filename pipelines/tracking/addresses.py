"""The addresses of files in MLflow's database and in rows that wait for it; all are absolute.

A home that is restored elsewhere keeps its runs: this rewrite of addresses, beside WAL and
``ANALYZE``, is all that is ever done to MLflow's database outside its interface.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from pipelines.tracking.session import PLACE_FILE, RUNS_FILE, read_json
from pipelines.tracking.store import SQLITE

__all__ = ["move_addresses", "move_session"]

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


def move_session(folder: Path, old: str, new: str) -> None:
    """Let the rows of a session that is over lead to another folder, and be sent from there.

    Parameters
    ----------
    folder : pathlib.Path
        The session's; nobody else may have it open.
    old, new : str
        Absolute folders.
    """
    runs = read_json(folder / RUNS_FILE)
    for log in folder.glob("*.jsonl"):
        data, sent = log.read_bytes(), int(runs.get(log.stem, {}).get("offset", 0))
        before, behind = (_moved(part, old, new) for part in (data[:sent], data[sent:]))
        log.write_bytes(before + behind)
        if log.stem in runs:
            runs[log.stem]["offset"] = len(before)
    if runs:
        (folder / RUNS_FILE).write_text(json.dumps(runs), encoding="utf-8")
    place = folder / PLACE_FILE
    place.write_bytes(_moved(place.read_bytes(), old, new))


def _moved(data: bytes, old: str, new: str) -> bytes:
    """Return lines of JSON in which every text that begins with a folder begins with another."""
    before, after = (json.dumps(f"{folder.rstrip('/')}/")[1:-1] for folder in (old, new))
    for scheme in ('"', f'"{SQLITE}'):
        data = data.replace(f"{scheme}{before}".encode(), f"{scheme}{after}".encode())
    return data


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
