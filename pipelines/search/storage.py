"""Where studies lie: in journal files, or in a database that several machines reach.

Optuna makes a database's tables when it is first opened, and several processes that do so at once
fail. Whatever only one process may do at a time therefore happens in a *turn*: behind a file lock
where the processes share a machine, behind an advisory lock of the server where they may not.
"""

import hashlib
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import SearchProblem
from pipelines.tracking.locking import locked
from pipelines.tracking.store import SQLITE, first_line, shown

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

OnStale = Callable[["Study", "FrozenTrial"], None]
POSTGRESQL = "postgresql"
HEARTBEAT_SECONDS = 10
GRACE_HEARTBEATS = 3
OPENING = "ripe opens an Optuna database"


@dataclass(frozen=True)
class StudyPlace:
    """Where a study lies.

    Attributes
    ----------
    journal : pathlib.Path
        The study's journal file; where the study lies in a database, only the files beside it
        (the folder of its answers) are used.
    name : str
    url : str or None
        Database, as `storage_url` returns it.
    heartbeat_seconds : int
        How often a worker says that its trials are alive; after three times as long without a
        word they count as dead.
    """

    journal: Path
    name: str
    url: str | None = None
    heartbeat_seconds: int = HEARTBEAT_SECONDS

    @property
    def grace_seconds(self) -> int:
        """How long a trial may be silent."""
        return GRACE_HEARTBEATS * self.heartbeat_seconds

    @contextmanager
    def turn(self, study: "Study | None" = None) -> Iterator[None]:
        """Be the only process, on any machine, that is inside for this study.

        Parameters
        ----------
        study : optuna.Study, optional
            Whose database connection is used, where it is open.
        """
        if self.url is None:
            with locked(self.journal.with_suffix(".lock")):
                yield
        else:
            with database_turn(self.url, self.name, _engine_of(study)):
                yield


def storage_url(given: str) -> str:
    """Return the address of a database in the form that Optuna takes.

    Raises
    ------
    SearchProblem
        When it is none.

    Examples
    --------
    >>> storage_url("postgres://ada@db.example/studies")
    'postgresql+psycopg://ada@db.example/studies'
    >>> storage_url("sqlite:////tmp/studies.db")
    'sqlite:////tmp/studies.db'
    """
    scheme, colon, rest = given.partition("://")
    if colon and scheme in ("postgres", POSTGRESQL, f"{POSTGRESQL}+psycopg"):
        return f"{POSTGRESQL}+psycopg://{rest}"
    if given.startswith(SQLITE) and given != SQLITE:
        return f"{SQLITE}{Path(given.removeprefix(SQLITE)).absolute()}"
    raise SearchProblem(
        "a storage is postgresql://USER:PASSWORD@HOST/DATABASE or sqlite:///FILE, "
        f"not {shown(given)!r}"
    )


def open_storage(place: StudyPlace, on_stale: OnStale | None = None) -> "BaseStorage":
    """Open the storage of a study; to be called in turn.

    Parameters
    ----------
    place : StudyPlace
    on_stale : callable, optional
        Told of each trial that was failed because its heartbeat had stopped.

    Raises
    ------
    SearchProblem
        When the database cannot be reached.
    """
    if place.url is None:
        from pipelines.search.journal import open_journal

        return open_journal(place.journal)
    return _open_database(place.url, place.heartbeat_seconds, place.grace_seconds, on_stale)


def _open_database(
    url: str, heartbeat_seconds: int, grace_seconds: int, on_stale: OnStale | None
) -> "BaseStorage":
    from optuna.exceptions import ExperimentalWarning
    from optuna.storages import RDBStorage

    options = {"connect_args": {"timeout": 60}} if url.startswith(SQLITE) else {}
    with reaching(url), warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return RDBStorage(
            url,
            engine_kwargs=options,
            heartbeat_interval=heartbeat_seconds,
            grace_period=grace_seconds,
            heartbeat_stale_trial_callback=on_stale,
        )


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Turn what a database driver says into one clear sentence."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except ImportError:
        raise SearchProblem(
            "a storage in PostgreSQL needs its driver: pip install 'ripeness[postgresql]'"
        ) from None
    except SQLAlchemyError as error:
        raise _cannot_be_used(url, error) from None


@contextmanager
def depending_on(place: StudyPlace) -> Iterator[None]:
    """Turn what is said of a database that goes away while it is used into one clear sentence."""
    if place.url is None:
        yield
        return
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (StorageInternalError, SQLAlchemyError) as error:
        cause = error.__cause__ if isinstance(error, StorageInternalError) else error
        raise _cannot_be_used(place.url, cause or error) from None


def _cannot_be_used(url: str, error: BaseException) -> SearchProblem:
    why = first_line(getattr(error, "orig", None) or error)
    return SearchProblem(f"the storage {shown(url)} cannot be used: {why}")


@contextmanager
def database_turn(url: str, key: str, engine: Any = None) -> Iterator[None]:
    """Hold a database's lock of some name while inside.

    Parameters
    ----------
    url : str
    key : str
        Name of the lock.
    engine : sqlalchemy.Engine, optional
        Where there is one already; else a connection is made.
    """
    if url.startswith(SQLITE):
        file = Path(url.removeprefix(SQLITE))
        with locked(file.with_name(f"{file.name}.lock")):
            yield
        return
    with _connected(url, engine) as connection:
        _wait_for_advisory_lock(connection, key)
        yield


@contextmanager
def _connected(url: str, engine: Any) -> Iterator[Any]:
    """Give a connection in a transaction, whose end gives up the locks that it took."""
    from sqlalchemy import NullPool, create_engine

    with reaching(url):
        used = engine if engine is not None else create_engine(url, poolclass=NullPool)
        connection = used.connect()
    with connection:
        yield connection


def _wait_for_advisory_lock(connection: Any, key: str) -> None:
    """Take a lock that the server gives up when the connection ends, by whatever cause."""
    from sqlalchemy import text

    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], signed=True)
    connection.execute(text("SET LOCAL tcp_keepalives_idle = 20"))
    connection.execute(text("SET LOCAL tcp_keepalives_interval = 5"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def _engine_of(study: "Study | None") -> Any:
    backend = getattr(getattr(study, "_storage", None), "_backend", None)
    return getattr(backend, "engine", None)


def close_study(study: "Study") -> None:
    """Close the connections of a study; a journal has none."""
    study._storage.remove_session()
    engine = _engine_of(study)
    if engine is not None:
        engine.dispose()


def make_database(url: str) -> None:
    """Make the tables of a database where they are not there; any number of processes may.

    Raises
    ------
    SearchProblem
        When the database cannot be reached.
    """
    from optuna.storages import RDBStorage

    if url.startswith(SQLITE):
        _need_folder(Path(url.removeprefix(SQLITE)).parent)
    with database_turn(url, OPENING), reaching(url):
        if url.startswith(SQLITE):
            _use_write_ahead_log(Path(url.removeprefix(SQLITE)))
        RDBStorage(url).engine.dispose()


def _need_folder(folder: Path) -> None:
    """Refuse a database in a folder that is not there: more likely misspelt than wished for."""
    if not folder.is_dir():
        raise SearchProblem(
            f"there is no folder {folder} for the storage; make it, or correct --storage"
        )


def _use_write_ahead_log(file: Path) -> None:
    with closing(sqlite3.connect(file, timeout=60)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def study_names(url: str) -> set[str]:
    """Return the names of the studies in a database; none where it has no tables yet."""
    from sqlalchemy import NullPool, create_engine, inspect, text

    if url.startswith(SQLITE) and not Path(url.removeprefix(SQLITE)).exists():
        return set()
    with reaching(url), create_engine(url, poolclass=NullPool).connect() as connection:
        if not inspect(connection).has_table("studies"):
            return set()
        return set(connection.execute(text("SELECT study_name FROM studies")).scalars())
