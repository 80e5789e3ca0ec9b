"""A tracking session: one folder of run logs, and the writer process that sends them."""

import json
import logging
import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from pipelines.tracking.locking import hold, locked
from pipelines.tracking.rows import RunLog

PLACE_FILE = "place.json"
RUNS_FILE = "runs.json"
STATE_FILE = "state.json"
OWNER_LOCK = "owner.lock"
SPOOL_FOLDER = "spool"
TRACKING_VARIABLE, ARTIFACTS_VARIABLE = "RIPE_TRACKING", "RIPE_ARTIFACTS"
LEISURE = 15  # niceness: a thirtieth of a core that a worker asks for as well
MOST_RESTARTS = 3
WRITER_LOG = "writer.log"
WRITER_MODULE = ("-P", "-m", "pipelines.tracking.writer")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrackingPlace:
    """Where runs are recorded.

    Attributes
    ----------
    uri : str
        MLflow tracking address: ``sqlite:////…/mlflow.db``, ``http://…`` or a PostgreSQL one.
    artifacts : str
        Folder or address under which a new experiment keeps its files; empty where an MLflow
        server chooses.
    experiment : str
        MLflow experiment: the contest's slug.
    """

    uri: str
    artifacts: str
    experiment: str

    @classmethod
    def in_home(cls, home: Path, experiment: str, uri: str | None = None) -> Self:
        """Return the place that a home folder implies.

        Another address is the one given, else that in ``RIPE_TRACKING``; another place for files
        the one in ``RIPE_ARTIFACTS``. An MLflow server chooses the place itself.
        """
        address = uri or os.environ.get(TRACKING_VARIABLE)
        files = os.environ.get(ARTIFACTS_VARIABLE)
        if files is None:
            is_served = address is not None and address.startswith(("http://", "https://"))
            files = "" if is_served else str(home.resolve() / "artifacts")
        under = f"{files.rstrip('/')}/{experiment}" if files else ""
        return cls(address or f"sqlite:///{home.resolve() / 'mlflow.db'}", under, experiment)


class TrackingSession:
    """Opens run logs in one folder and keeps a writer process beside them.

    The writer is told that all is said by the end of its standard input. A killed process ends
    it just so: the writer then sends what is there and closes unfinished runs as KILLED. A lock
    held while this process lives tells others that the session is not theirs to recover.

    Parameters
    ----------
    folder : pathlib.Path
        The session's own folder, made here.
    place : TrackingPlace
    """

    def __init__(self, folder: Path, place: TrackingPlace) -> None:
        _make(folder)
        self.folder = folder
        self._lock = hold(folder / OWNER_LOCK)
        self._ids: dict[str, str] = {}
        owner = {"host": socket.gethostname(), "pid": os.getpid()}
        (folder / PLACE_FILE).write_text(json.dumps({**asdict(place), **owner}), encoding="utf-8")
        self._writer = start_writer(folder)
        self._restarts_left = MOST_RESTARTS
        self._gives_way = False

    def run(self, key: str) -> RunLog:
        """Open the log of one run; the study's own key is ``study``."""
        self._mend_writer()
        return RunLog(self.folder / f"{key}.jsonl")

    def close(self, timeout_seconds: float = 120.0) -> dict[str, str]:
        """Wait until everything is sent.

        Returns
        -------
        dict of str to str
            Run ids by key: all of them, or those made so far when time ran out.
        """
        if not self._is_told():
            self._mend_writer()
        self._tell_writer()
        with suppress(subprocess.TimeoutExpired):
            self._writer.wait(timeout_seconds)
        self._lock.close()
        self._ids = self.run_ids()
        return self._ids

    def give_way(self) -> None:
        """Let the writer run at leisure: where workers fill all cores, training goes first."""
        self._gives_way = True
        _slow_down(self._writer.pid)

    def _mend_writer(self) -> None:
        """Start another writer where the one at work was killed; it goes on where that was."""
        if self._writer.poll() is None or self._is_told() or not self._restarts_left:
            return
        self._restarts_left -= 1
        logger.warning("the process that sends runs to MLflow ended; another one is started")
        self._tell_writer()
        self._writer = start_writer(self.folder)
        if self._gives_way:
            _slow_down(self._writer.pid)

    def _is_told(self) -> bool:
        """Tell whether the writer was told that all is said."""
        return self._writer.stdin is None or self._writer.stdin.closed

    def _tell_writer(self) -> None:
        if self._writer.stdin is not None:
            self._writer.stdin.close()

    def run_ids(self) -> dict[str, str]:
        """Return the ids of the runs made so far, by key."""
        made = read_json(self.folder / RUNS_FILE)
        return {**self._ids, **{key: str(run["run_id"]) for key, run in made.items()}}

    def is_sent(self) -> bool:
        """Tell whether MLflow has every row."""
        return bool(read_json(self.folder / STATE_FILE).get("sent"))

    def forget(self) -> None:
        """Remove the rows once everything is sent; what is not sent waits to be recovered."""
        if self.is_sent():
            _forget(self.folder)

    def trouble(self) -> str | None:
        """Return why rows are waiting on disk, None when they are not."""
        reason = read_json(self.folder / STATE_FILE).get("waiting_because")
        if reason is None and self._lock.closed and not self.is_sent():
            return "sending takes longer than anybody waits; it goes on beside"
        return None if reason is None else str(reason)


def recover_home(home: Path) -> dict[str, int]:
    """Send what the sessions of a home's studies left behind.

    Returns
    -------
    dict of str to int
        How many sessions are being sent, by study; see `recover_sessions`.
    """
    waiting = {
        folder.name: recover_sessions(folder)
        for folder in sorted((home / SPOOL_FOLDER).glob("*"))
        if folder.is_dir()
    }
    return {study: count for study, count in waiting.items() if count}


def recover_sessions(folder: Path) -> int:
    """Send what earlier sessions of a study left behind, and forget those that are sent.

    Parameters
    ----------
    folder : pathlib.Path
        Holds one folder per session.

    Returns
    -------
    int
        How many sessions are being sent, each by a writer of its own. Those whose process still
        lives are left alone.
    """
    waiting = 0
    for place in sorted(folder.glob(f"*/{PLACE_FILE}")):
        with locked(place.with_name(OWNER_LOCK), wait=False) as is_left_behind:
            waiting += is_left_behind and _recover(place.parent)
    return waiting


def _recover(folder: Path) -> bool:
    """Remove a session that is sent, or has just been removed by another; else send it."""
    if not (folder / PLACE_FILE).exists() or read_json(folder / STATE_FILE).get("sent"):
        _forget(folder)
        return False
    _start_detached_writer(folder)
    return True


def _make(folder: Path) -> None:
    """Make a session's folder, also where another process just removes the empty one above it."""
    while not folder.is_dir():
        with suppress(FileNotFoundError):
            folder.mkdir(parents=True, exist_ok=True)


def _forget(folder: Path) -> None:
    """Remove a session, and the folder of its study's sessions when it was the last one."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # another session is in it
        folder.parent.rmdir()


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


def _slow_down(pid: int) -> None:
    """Give a process of a session of its own a thirtieth of a core that another asks for as well.

    Linux divides cores among sessions before it divides them among processes; where it does, the
    niceness of the session counts (sched(7), the autogroup feature).
    """
    with suppress(OSError):  # one that just ended has nothing to give
        os.setpriority(os.PRIO_PROCESS, pid, LEISURE)
    with suppress(OSError):  # a kernel without
        Path(f"/proc/{pid}/autogroup").write_text(f"{LEISURE}\n", encoding="ascii")


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
