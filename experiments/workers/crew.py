"""Workers that a study's own process starts and looks after."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from experiments.workers.process import DONE, STOPPED
from experiments.workers.working import WorkOrder

MODULE = ("-P", "-m", "experiments.workers.process")
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
PATIENCE_SECONDS = 20.0
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Ended:
    """A worker that is no longer at work.

    Attributes
    ----------
    name : str
    why : str or None
        What ended it before its time; None when the search was over for it.
    """

    name: str
    why: str | None = None


class Crew(Protocol):
    """Workers of one study."""

    def ended(self) -> list[Ended]:
        """Return the workers that have ended since this was last asked."""

    def is_working(self) -> bool:
        """Tell whether any is still at work."""

    def stop(self) -> None:
        """Let all of them drop what they have in hand and end; return when they have."""


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_each(workers: int) -> int:
    """Return how many threads each of several workers may use for linear algebra."""
    return max(1, cores() // max(1, workers))


class LocalCrew:
    """Workers that are processes of this machine.

    They do not hear the terminal's Ctrl-C: this process tells them to stop by closing their
    standard input, which happens just so when it is killed.

    Parameters
    ----------
    orders : sequence of WorkOrder
        One per worker.
    logs : pathlib.Path
        Folder for what they say.
    """

    def __init__(self, orders: Sequence[WorkOrder], logs: Path) -> None:
        self._logs = logs
        self._working: dict[str, subprocess.Popen[bytes]] = {}
        try:
            for order in orders:
                self._start(order)
        except BaseException:
            self.stop()
            raise

    def ended(self) -> list[Ended]:
        """Return the workers that have ended since this was last asked."""
        gone = [name for name, process in self._working.items() if process.poll() is not None]
        return [self._bury(name, self._working.pop(name)) for name in gone]

    def is_working(self) -> bool:
        """Tell whether any is still at work."""
        return bool(self._working)

    def stop(self) -> None:
        """Let all of them drop what they have in hand; kill those that take too long."""
        for process in self._working.values():
            _close_input(process)
        until = time.monotonic() + PATIENCE_SECONDS
        try:
            for process in self._working.values():
                process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass
        finally:
            for process in self._working.values():
                process.kill()
                process.wait()
            self._working.clear()

    def _start(self, order: WorkOrder) -> None:
        name, threads = (
            f"worker {order.worker}",
            dict.fromkeys(THREAD_VARIABLES, str(order.threads)),
        )
        with self._log(name).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *MODULE],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **threads},
                start_new_session=True,
            )
        self._working[name] = process
        assert process.stdin is not None  # noqa: S101 - asked for just above
        with suppress(BrokenPipeError):  # it has ended already; `ended` tells why
            process.stdin.write(order.as_json().encode() + b"\n")
            process.stdin.flush()

    def _bury(self, name: str, process: subprocess.Popen[bytes]) -> Ended:
        _close_input(process)
        status = process.returncode
        if status == DONE:
            return Ended(name)
        if status < 0:
            return Ended(name, f"{name} was killed by signal {-status}")
        if status == STOPPED:
            return Ended(name, f"{name} was told to stop")
        return Ended(name, self._last_words(name) or f"{name} ended with status {status}")

    def _last_words(self, name: str) -> str:
        lines = self._log(name).read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else ""

    def _log(self, name: str) -> Path:
        return self._logs / f"{name.replace(' ', '-')}.log"


def _close_input(process: subprocess.Popen[bytes]) -> None:
    """Tell a worker to stop; one that has ended with its order unread breaks the pipe."""
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()


class AbsentCrew:
    """No workers of our own: those of other machines do all the work."""

    def ended(self) -> list[Ended]:
        """Return nothing."""
        return []

    def is_working(self) -> bool:
        """Tell that the work goes on, until the study says otherwise."""
        return True

    def stop(self) -> None:
        """Do nothing: the others go on."""
