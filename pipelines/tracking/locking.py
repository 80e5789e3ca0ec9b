"""Locks between processes, held by the operating system and so never stale."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold an exclusive lock on a file while inside.

    Parameters
    ----------
    path : pathlib.Path
        The lock file; made when it is not there.
    wait : bool
        Whether to wait for another holder; else give up at once.

    Yields
    ------
    bool
        Whether the lock is held.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def hold(path: Path) -> IO[str]:
    """Take an exclusive lock that lasts until the stream returned is closed or the process ends."""
    stream = path.open("a")
    fcntl.flock(stream, fcntl.LOCK_EX)
    return stream
