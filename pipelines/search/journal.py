"""Journal files: the default storage of studies on one machine."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend


class KernelLock:
    """A journal's write lock, held by the operating system.

    A killed process leaves none behind; after Optuna's own, the others would wait for 30 seconds.

    Parameters
    ----------
    path : pathlib.Path
        The lock file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: IO[str] | None = None

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._stream = self.path.open("a")
        fcntl.flock(self._stream, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        """Give the lock up."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def open_journal(journal: Path) -> JournalStorage:
    """Open a journal, made where it is not there, and mend its end."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    lock: Any = KernelLock(journal.with_suffix(".write.lock"))
    _cut_torn_line(journal, lock)
    return JournalStorage(JournalFileBackend(str(journal), lock_obj=lock))


def _cut_torn_line(journal: Path, lock: KernelLock) -> None:
    """Cut a last line that a killed process did not finish; the next would glue to it."""
    if not journal.exists():
        return
    with _held(lock), journal.open("rb+") as stream:
        data = stream.read()
        stream.truncate(data.rfind(b"\n") + 1)


@contextmanager
def _held(lock: KernelLock) -> Iterator[None]:
    lock.acquire()
    try:
        yield
    finally:
        lock.release()
