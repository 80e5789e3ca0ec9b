"""Making and keeping MLflow's store; beyond its own API only WAL and ANALYZE are set."""

import os
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import TrackingProblem
from pipelines.tracking.locking import locked

if TYPE_CHECKING:
    from mlflow import MlflowClient

SQLITE = "sqlite:///"
PASSWORD = re.compile(r"(://[^:/@?]*:)[^?]*@")
PASSWORD_OPTION = re.compile(r"([?&](?:ssl)?password=)[^&]*", re.IGNORECASE)
TABLES_LOCK = 7_277_302  # a number that MLflow itself does not lock with
QUIET_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}
"""No telemetry, no job runner, no patience beyond ours: rows that cannot be sent wait on disk."""


def database_file(uri: str) -> Path | None:
    """Return the file behind an SQLite address, None for other addresses.

    Examples
    --------
    >>> database_file("sqlite:////home/ripe/mlflow.db")
    PosixPath('/home/ripe/mlflow.db')
    >>> database_file("http://127.0.0.1:5000") is None
    True
    """
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None


def store_lock(file: Path) -> Path:
    """Return the lock file that is held while a database is being made."""
    return file.with_name(f"{file.name}.lock")


def prepare_store(uri: str) -> "MlflowClient":
    """Open a store, making it first where it is not there.

    Several processes may do so at once on a fresh home: a lock file beside an SQLite database
    lets one of them make the tables while the others wait.

    Parameters
    ----------
    uri : str
        MLflow tracking address.

    Returns
    -------
    mlflow.MlflowClient

    Raises
    ------
    TrackingProblem
        When a server or database does not answer.
    """
    for name, value in QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    file = database_file(uri)
    if file is None:
        return _reach(uri)
    with locked(store_lock(file)):
        if not file.exists():
            _make_database(file)
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
    return client


def _reach(uri: str) -> "MlflowClient":
    """Open a server or a database that other machines may use too."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    turn = _database_turn(uri) if uri.startswith("postgresql") else nullcontext()
    try:
        with turn:
            client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            client.search_experiments(max_results=1)
    except ImportError as error:
        raise TrackingProblem(f"MLflow cannot open {shown(uri)}: {error}") from None
    except (MlflowException, SQLAlchemyError, OSError) as error:
        why = first_line(error).rpartition("(Caused by ")[2].rstrip(")")
        raise TrackingProblem(f"MLflow at {shown(uri)} does not answer: {why}") from error
    return client


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says; its kind, where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def shown(uri: str) -> str:
    """Return an address without its password.

    Examples
    --------
    >>> shown("postgresql://ada:secret@db/mlflow")
    'postgresql://ada:***@db/mlflow'
    >>> shown("postgresql://db/mlflow?user=ada&password=secret")
    'postgresql://db/mlflow?user=ada&password=***'
    >>> shown("http://127.0.0.1:5000")
    'http://127.0.0.1:5000'
    >>> shown("sqlite:////tmp/a.db")
    'sqlite:////tmp/a.db'
    """
    return PASSWORD_OPTION.sub(r"\1***", PASSWORD.sub(r"\1***@", uri))


@contextmanager
def _database_turn(uri: str) -> Iterator[None]:
    """Be the only one, on any machine, that makes MLflow's tables in a PostgreSQL."""
    from sqlalchemy import NullPool, create_engine, text

    with create_engine(uri, poolclass=NullPool).connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({TABLES_LOCK})"))
        yield


def _make_database(file: Path) -> None:
    """Make the tables under another name first: a half-made database could never be opened."""
    from mlflow import MlflowClient

    new = file.with_name(f".new-{file.name}")
    new.unlink(missing_ok=True)
    MlflowClient(tracking_uri=f"{SQLITE}{new}").search_experiments(max_results=1)
    _use_write_ahead_log(new)
    for beside in ("-wal", "-shm"):
        new.with_name(new.name + beside).unlink(missing_ok=True)
    new.replace(file)


def _use_write_ahead_log(file: Path) -> None:
    with closing(sqlite3.connect(file, timeout=60)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def find_or_make_experiment(client: "MlflowClient", name: str, artifacts: str, lock: Path) -> str:
    """Return the id of an MLflow experiment, made where it is not there.

    Parameters
    ----------
    client : mlflow.MlflowClient
    name : str
        The contest's slug.
    artifacts : str
        Address of the folder for the runs' files; empty where the server is to choose.
    lock : pathlib.Path
        Lock file held meanwhile.
    """
    with locked(lock):
        found = client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        return str(client.create_experiment(name, artifact_location=artifacts or None))


def analyze(uri: str) -> None:
    """Let SQLite count its rows, so that sorting runs by a metric stays fast; else do nothing."""
    file = database_file(uri)
    if file is None or not file.exists():
        return
    with closing(sqlite3.connect(file, timeout=60)) as connection:
        connection.execute("PRAGMA analysis_limit=400")
        connection.execute("ANALYZE")


if __name__ == "__main__":
    prepare_store(sys.argv[1])
