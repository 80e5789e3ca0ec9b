"""Opening the store: one database and one place for files, made and upgraded on the way."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

from sqlalchemy import URL, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import Session

from competition.errors import CompetitionError
from competition.store.connections import configure_sqlite
from competition.store.files import Files, FolderFiles
from competition.store.remote_files import RemoteFiles
from competition.store.upgrading import upgrade

__all__ = ["Store", "StoreUnavailable", "make_private", "open_store"]

T = TypeVar("T")


SECRET = ("host.db", "host.db-wal", "host.db-shm", "uploads", "contests")
"""What of a home holds truth and entries: nobody but its owner and their group may read it."""


class StoreUnavailable(CompetitionError):
    """The database cannot be opened."""


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
    def writing(self, *, durable: bool = True) -> Iterator[Session]:
        """Lend a session for one transaction, committed at the end and rolled back on error.

        On SQLite there is one writer at a time: threads of this process queue up here rather than
        in the busy handler of the database, which does not keep an order.

        Parameters
        ----------
        durable
            Whether what is written must outlive a power cut. What is made again anyway, such as
            leases and the times of last use, need not wait for the disk; the database stays whole
            either way, and the next durable commit takes it along.
        """
        with ExitStack() as stack:
            if self.is_sqlite:
                stack.enter_context(self._turn)
            yield stack.enter_context(self._transaction(durable))

    @contextmanager
    def _transaction(self, durable: bool) -> Iterator[Session]:
        engine = self.engine.execution_options(ripe_writes=True, ripe_durable=durable)
        with Session(engine, expire_on_commit=False) as session, session.begin():
            if not (durable or self.is_sqlite):
                session.execute(text("SET LOCAL synchronous_commit = off"))
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
        A folder for files, or the address of a host, which wants an administrator's token in the
        environment as ``RIPE_TOKEN``. Default: the folder ``uploads`` in `home`.

    Raises
    ------
    StoreUnavailable
        When the database cannot be reached or its driver is not installed.
    """
    folder = Path(home)
    make_private(folder)
    url = _address(folder, database)
    try:
        engine = _opened(url, folder)
    except (OperationalError, ModuleNotFoundError, ArgumentError) as error:
        raise StoreUnavailable(_unavailable(url, error)) from error
    found = Store(folder, engine, _files(folder, files))
    for name in SECRET:
        _hide_from_others(folder / name)
    return found


def _hide_from_others(path: Path) -> None:
    """Take what users outside owner and group may do; an older version left it to them."""
    with suppress(OSError):
        if (mode := stat.S_IMODE(path.stat().st_mode)) & 0o007:
            path.chmod(mode & ~0o007)


def make_private(folder: Path) -> None:
    """Make a folder that its owner alone may enter; one that is there keeps its permissions."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)


def _files(home: Path, place: str | Path | None) -> Files:
    if isinstance(place, str) and place.startswith(("http://", "https://")):
        return RemoteFiles(place, os.environ.get("RIPE_TOKEN", ""), home / "uploads")
    if place is None:
        make_private(home / "uploads")
    return FolderFiles(place if place is not None else home / "uploads")


def _address(home: Path, database: str | None) -> URL:
    try:
        url = make_url(database or f"sqlite:///{home.resolve() / 'host.db'}")
    except ArgumentError:
        raise StoreUnavailable(
            "a database address looks like postgresql://user:password@machine/name, "
            "got something else"
        ) from None
    if url.drivername in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    return url


def _opened(url: URL, folder: Path) -> Engine:
    engine = _engine(url)
    try:
        upgrade(engine, folder)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        return configure_sqlite(create_engine(url))
    return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=30)


def _unavailable(url: URL, error: Exception) -> str:
    shown = url.render_as_string(hide_password=True)
    if isinstance(error, ModuleNotFoundError):
        return f"{shown} needs a driver: pip install 'ripeness[postgresql]'"
    reason = str(error.__cause__ or error).strip().splitlines()[0]
    return f"the database {shown} cannot be opened: {reason}"
