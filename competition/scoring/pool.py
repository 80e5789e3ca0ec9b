"""Score entries in child processes: one fresh child for each, from a preloaded server."""

from __future__ import annotations

import atexit
import functools
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import competition
from competition.scoring.limits import Limits
from competition.scoring.outcome import (
    ScoringJob,
    ScoringOutcome,
    failed,
    read_outcome,
)
from competition.scoring.server import receive, request_of, send

logger = logging.getLogger(__name__)

KEPT_VARIABLES = ("LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "SYSTEMROOT")
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
KEEP_FREED_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 28),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
    "MALLOC_TOP_PAD_": str(1 << 26),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "PYTHONMALLOC": "malloc",
}
"""A child is short-lived: glibc hands arrays on from one step to the next, Arrow's too, instead of
returning their pages to the kernel and fetching fresh ones, and asks for huge pages: fewer page
faults of a large entry, and quicker forks of the server."""
GRACE_SECONDS = 10.0
"""How much longer than its limit a request may take before the server counts as stuck."""


class ScoringPool:
    """Scores entries one at a time each, many side by side.

    Parameters
    ----------
    limits : Limits
        What every child may use.

    Notes
    -----
    The server behind it starts with the first entry, or by `start`, and takes some seconds for
    that; afterwards a child costs some milliseconds. Safe to share between threads.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the server and wait until its libraries are loaded."""
        with self._lock:
            self._running()

    def close(self) -> None:
        """End the server; entries that are being scored are finished."""
        with self._lock:
            if self._control is not None:
                self._control.close()
            if self._server is not None:
                self._server.wait()
            self._control = self._server = None

    def score(self, job: ScoringJob, limits: Limits | None = None) -> ScoringOutcome:
        """Score one entry in a fresh child.

        Parameters
        ----------
        job : ScoringJob
            The files.
        limits : Limits, optional
            In place of those of the pool.

        Returns
        -------
        ScoringOutcome
            Whatever the entry or the metric does, an outcome; never an exception of theirs.
        """
        limits = limits or self.limits
        try:
            return self._asked(job, limits)
        except ValueError as error:
            return failed(f"the result of scoring cannot be read: {error}")
        except (OSError, EOFError) as error:
            logger.warning("a scoring child was lost: %s", error)
            return failed(f"the scoring process was lost: {error}", lost=True)

    def _asked(self, job: ScoringJob, limits: Limits) -> ScoringOutcome:
        own, other = socket.socketpair()
        with own, _empty_file() as result:
            with other, self._lock:
                descriptors = [other.fileno(), result.fileno()]
                socket.send_fds(self._running(), [b"."], descriptors)
            own.settimeout(limits.seconds + GRACE_SECONDS)
            send(own, request_of(job, limits))
            complaint, printed = receive(own).decode(), receive(own).decode(errors="replace")
            is_lost = bool(receive(own))
            if complaint:
                return failed(complaint, printed, lost=is_lost)
            result.seek(0)
            return read_outcome(result, printed)

    def _running(self) -> socket.socket:
        """Return the control socket of a live server."""
        if self._control is not None and self._server is not None and self._server.poll() is None:
            return self._control
        if self._control is not None:
            self._control.close()
        self._control, self._server = start_server()
        return self._control


def _empty_file() -> IO[bytes]:
    """Return an unnamed file, in memory where the system has such files."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("outcome"), "w+b")
    return tempfile.TemporaryFile()


def start_server() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Start a scoring server and wait until it is ready.

    Raises
    ------
    OSError
        It ended at once.
    """
    control, other = socket.socketpair()
    with other:
        server = subprocess.Popen(
            [sys.executable, "-P", "-c", _program(other.fileno())],
            pass_fds=(other.fileno(),),
            env=cleaned_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,  # Ctrl-C is meant for whoever uses the pool, which then ends it
        )
    if not control.recv(len(b"ready")):
        raise OSError(f"the scoring server ended with status {server.wait()}")
    return control, server


def _program(descriptor: int) -> str:
    root = str(Path(competition.__file__).resolve().parents[1])
    return (
        f"import sys; sys.path.append({root!r}); "
        f"from competition.scoring.server import main; main({descriptor})"
    )


def cleaned_environment() -> dict[str, str]:
    """Return an environment without anything that is not needed for scoring."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    threads = dict.fromkeys(ONE_THREAD, "1")
    fixed = {"PATH": os.defpath, "HOME": "/nonexistent", "PYTHONSAFEPATH": "1"}
    return {**kept, **threads, **KEEP_FREED_MEMORY, **fixed}


@functools.cache
def shared_pool() -> ScoringPool:
    """Return the one pool of this process; its server starts with the first entry."""
    pool = ScoringPool()
    atexit.register(pool.close)
    return pool


def score_in_child(
    contest_file: Path,
    solution_file: Path,
    submission_file: Path,
    limits: Limits | None = None,
    *,
    metric_file: Path | None = None,
) -> ScoringOutcome:
    """Score one entry in a fresh child of this process's shared pool.

    Parameters
    ----------
    contest_file : Path
        ``contest.toml``.
    solution_file : Path
        Id, targets and ``Usage``.
    submission_file : Path
        The entry: plain, gzipped or zipped CSV.
    limits : Limits, optional
        What the child may use.
    metric_file : Path, optional
        The host's own metric, where it does not lie beside ``contest.toml``.

    Returns
    -------
    ScoringOutcome
        Never an exception of the entry's or the metric's. Safe to call from many threads.
    """
    job = ScoringJob(contest_file, solution_file, submission_file, metric_file)
    return shared_pool().score(job, limits)
