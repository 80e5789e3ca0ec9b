"""Journal files: the default storage of studies on one machine."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import IO, Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._storage import JournalOperation

LASTING = (JournalOperation.CREATE_STUDY, JournalOperation.SET_TRIAL_STATE_VALUES)


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
        stream = self.path.open("a")
        fcntl.flock(stream, fcntl.LOCK_EX)
        self._stream = stream  # not before: a thread that waits must not drop the holder's
        return True

    def release(self) -> None:
        """Give the lock up."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


class Journal(JournalFileBackend):
    """A journal that waits for the disk only when a study is made or a trial changes its state.

    A line is safe from a killed process as soon as it is written. Where the machine itself fails,
    at most the parameters of running trials are lost, and those are tried again anyway. Optuna's
    own backend waits for every line: nine times a trial, on a busy disk 30 ms.
    """

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Write lines behind the others."""
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        with _held(self._lock), Path(self._file_path).open("ab", buffering=0) as stream:
            _write_wholly(stream, text.encode())
            if any(log["op_code"] in LASTING for log in logs):
                os.fsync(stream.fileno())


def _write_wholly(stream: FileIO, data: bytes) -> None:
    """Write all of it or nothing: to a full disk the system writes a part, without an error."""
    end = stream.seek(0, os.SEEK_END)
    written = 0
    try:
        while written < len(data):
            written += stream.write(data[written:])
    except OSError:
        stream.truncate(end)
        raise


def open_journal(journal: Path) -> JournalStorage:
    """Open a journal, made where it is not there, and mend its end."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    lock: Any = KernelLock(journal.with_suffix(".write.lock"))
    _cut_torn_line(journal, lock)
    return JournalStorage(Journal(str(journal), lock_obj=lock))


def _cut_torn_line(journal: Path, lock: KernelLock) -> None:
    """Cut a last line that a killed process did not finish; the next would glue to it."""
    if not journal.exists():
        return
    with _held(lock), journal.open("rb+") as stream:
        data = stream.read()
        stream.truncate(data.rfind(b"\n") + 1)


@contextmanager
def _held(lock: Any) -> Iterator[None]:
    lock.acquire()
    try:
        yield
    finally:
        lock.release()
