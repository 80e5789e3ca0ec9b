"""How SQLite is spoken to: write-ahead log, foreign keys, a busy timeout, honest transactions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, event

__all__ = ["configure_sqlite"]

_PRAGMAS = (
    "PRAGMA busy_timeout = 30000",  # milliseconds
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a commit is on the disk before it is acknowledged
    "PRAGMA foreign_keys = ON",
)


def configure_sqlite(engine: Engine) -> Engine:
    """Set every connection up, and let a writing transaction take its lock at the start.

    A transaction that reads first and writes later cannot wait for another writer (SQLite answers
    "database is locked" at once), hence ``BEGIN IMMEDIATE`` where writing is meant.
    """
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins no transactions of its own
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("ripe_writes", False):
        connection.exec_driver_sql("BEGIN")
        return
    _wait_for_the_disk(connection, "FULL" if options.get("ripe_durable", True) else "NORMAL")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _wait_for_the_disk(connection: Connection, level: str) -> None:
    """Let the next commit wait until it is on the disk, or not; kept for each connection."""
    if connection.info.get("synchronous", "FULL") != level:
        connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
        connection.info["synchronous"] = level
