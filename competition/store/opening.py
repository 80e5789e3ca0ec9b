"""Opening the store: one database and one place for files, made and upgraded on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.orm import Session

from competition.store.connections import configure_sqlite
from competition.store.files import Files, FolderFiles
from competition.store.upgrading import upgrade

__all__ = ["Store", "open_store"]

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Store:
    """The truth about contests, users and entries. Functions of this package take it first.

    Attributes
    ----------
    home
        The folder of state on this machine; a worker's may be empty.
    engine
        Connections to SQLite or PostgreSQL.
    files
        Uploads, solutions, data and metric code, by content.
    """

    home: Path
    engine: Engine
    files: Files
    _turn: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _memory: dict[object, object] = field(default_factory=dict, repr=False)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Lend a session whose reads see one state of the database."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Lend a session for one transaction, committed at the end and rolled back on error.

        On SQLite there is one writer at a time: threads of this process queue up here rather than
        in the busy handler of the database, which does not keep an order.
        """
        if not self.is_sqlite:
            with self._transaction() as session:
                yield session
            return
        with self._turn, self._transaction() as session:
            yield session

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        engine = self.engine.execution_options(ripe_writes=True)
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def remembered(self, key: object, make: Callable[[], T]) -> T:
        """Return a value that never changes, made once per process."""
        if key not in self._memory:
            self._memory[key] = make()
        return cast("T", self._memory[key])

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(
    home: str | Path, *, database: str | None = None, files: str | Path | None = None
) -> Store:
    """Open the store of a home folder; make or upgrade it where needed.

    Several processes may do so at once on a fresh home: one makes it, the others wait.

    Parameters
    ----------
    home
        The folder of state, made when missing.
    database
        An SQLAlchemy address; ``postgresql://…`` is spoken with psycopg. Default: the SQLite file
        ``host.db`` in `home`.
    files
        A folder for files. Default: ``uploads`` in `home`.
    """
    folder = Path(home)
    folder.mkdir(parents=True, exist_ok=True)
    engine = _engine(folder, database)
    upgrade(engine, folder)
    return Store(folder, engine, FolderFiles(files if files is not None else folder / "uploads"))


def _engine(home: Path, database: str | None) -> Engine:
    url = make_url(database or f"sqlite:///{home.resolve() / 'host.db'}")
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite":
        return configure_sqlite(create_engine(url))
    return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=30)
