"""Bringing a database to the newest revision, once, whoever comes first."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from competition.errors import CompetitionError

__all__ = ["StoreTooNew", "migration_config", "upgrade"]


class StoreTooNew(CompetitionError):
    """The database has a revision that this version does not know."""


_ADVISORY_LOCK = 7_274_737  # any number, the same in all processes


def upgrade(engine: Engine, home: Path, revision: str = "head") -> None:
    """Upgrade the database to `revision`.

    Parameters
    ----------
    engine
        The database.
    home
        Holds the lock file that keeps two processes apart on SQLite.
    revision
        An Alembic revision; tests stop at earlier ones.

    Raises
    ------
    StoreTooNew
        When the database has a revision that this version does not know.
    """
    if revision == "head" and _is_current(engine):
        return
    with _alone(engine, home) as connection:
        config = migration_config()
        config.attributes["connection"] = connection
        _run(config, revision)


def _run(config: Config, revision: str) -> None:
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise StoreTooNew(
            f"this home was written by a newer version of ripe ({error}); "
            "install that version, or use another home"
        ) from error


def migration_config() -> Config:
    """Return Alembic's configuration for the migrations of this package."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _is_current(engine: Engine) -> bool:
    heads = ScriptDirectory.from_config(migration_config()).get_heads()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_heads() == tuple(heads)


@contextmanager
def _alone(engine: Engine, home: Path) -> Iterator[Connection]:
    if engine.dialect.name == "sqlite":
        with _locked(home / "host.db.lock"), _writing(engine) as connection:
            yield connection
        return
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        yield connection


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    with engine.execution_options(ripe_writes=True).begin() as connection:
        yield connection


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
