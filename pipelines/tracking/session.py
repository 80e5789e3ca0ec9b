"""A tracking session: one folder of run logs, and the writer process that sends them."""

import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from pipelines.tracking.rows import RunLog

PLACE_FILE = "place.json"
RUNS_FILE = "runs.json"
STATE_FILE = "state.json"
WRITER_LOG = "writer.log"
WRITER_MODULE = ("-P", "-m", "pipelines.tracking.writer")


@dataclass(frozen=True)
class TrackingPlace:
    """Where runs are recorded.

    Attributes
    ----------
    uri : str
        MLflow tracking address: ``sqlite:////…/mlflow.db``, ``http://…`` or a PostgreSQL one.
    artifacts : str
        Folder or address under which new experiments keep their files.
    experiment : str
        MLflow experiment: the contest's slug.
    """

    uri: str
    artifacts: str
    experiment: str

    @classmethod
    def in_home(cls, home: Path, experiment: str, uri: str | None = None) -> Self:
        """Return the place that a home folder implies, with another address where one is given."""
        address = uri or f"sqlite:///{home.resolve() / 'mlflow.db'}"
        return cls(address, str(home.resolve() / "artifacts" / experiment), experiment)


class TrackingSession:
    """Opens run logs in one folder and keeps a writer process beside them.

    The writer is told that all is said by the end of its standard input. A killed process ends
    it just so: the writer then sends what is there and closes unfinished runs as KILLED.

    Parameters
    ----------
    folder : pathlib.Path
        The session's own folder, made here.
    place : TrackingPlace
    """

    def __init__(self, folder: Path, place: TrackingPlace) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        owner = {"host": socket.gethostname(), "pid": os.getpid()}
        (folder / PLACE_FILE).write_text(json.dumps({**asdict(place), **owner}), encoding="utf-8")
        self._writer = start_writer(folder)

    def run(self, key: str) -> RunLog:
        """Open the log of one run; the study's own key is ``study``."""
        return RunLog(self.folder / f"{key}.jsonl")

    def close(self, timeout_seconds: float = 120.0) -> dict[str, str]:
        """Wait until everything is sent.

        Returns
        -------
        dict of str to str
            Run ids by key: all of them, or those made so far when time ran out.
        """
        if self._writer.stdin is not None and not self._writer.stdin.closed:
            self._writer.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._writer.wait(timeout_seconds)
        return self.run_ids()

    def run_ids(self) -> dict[str, str]:
        """Return the ids of the runs made so far, by key."""
        return {key: str(run["run_id"]) for key, run in read_json(self.folder / RUNS_FILE).items()}

    def trouble(self) -> str | None:
        """Return why rows are waiting on disk, None when they are not."""
        reason = read_json(self.folder / STATE_FILE).get("waiting_because")
        return None if reason is None else str(reason)


def recover_sessions(folder: Path) -> int:
    """Send what earlier sessions of a study left behind, and forget those that are sent.

    Parameters
    ----------
    folder : pathlib.Path
        Holds one folder per session.

    Returns
    -------
    int
        How many sessions are being sent; each has a writer of its own, unless it is being written.
    """
    waiting = 0
    for place in sorted(folder.glob(f"*/{PLACE_FILE}")):
        if read_json(place.with_name(STATE_FILE)).get("sent"):
            shutil.rmtree(place.parent, ignore_errors=True)
            continue
        _start_detached_writer(place.parent)
        waiting += 1
    return waiting


def start_writer(folder: Path) -> "subprocess.Popen[bytes]":
    """Start a writer on a session's folder; it lives on when its starter is interrupted."""
    with (folder / WRITER_LOG).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, *WRITER_MODULE, str(folder)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _start_detached_writer(folder: Path) -> None:
    """Start a writer that sends what is there and ends; nobody waits for it."""
    log = str(folder / WRITER_LOG)
    os.posix_spawn(
        sys.executable,
        [sys.executable, *WRITER_MODULE, str(folder)],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setpgroup=0,
    )


def read_json(path: Path) -> dict[str, Any]:
    """Read a small JSON object; an absent file is an empty one."""
    if not path.exists():
        return {}
    return dict(json.loads(path.read_text(encoding="utf-8")))
