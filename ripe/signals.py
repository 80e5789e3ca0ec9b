"""Being told to stop, by Ctrl-C or by whoever looks after processes."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

__all__ = ["wish_to_stop"]


@contextmanager
def wish_to_stop(heard: Callable[[bool], None] = lambda again: None) -> Iterator[Event]:
    """Take Ctrl-C and a request to end as a wish, from before anything is said or started.

    Parameters
    ----------
    heard : callable, optional
        Told of every wish, and whether one came before.

    Yields
    ------
    threading.Event
        Set once a stop is wished for.
    """
    wished = Event()

    def wish(_number: int, _frame: FrameType | None) -> None:
        again = wished.is_set()
        wished.set()
        heard(again)

    before = {number: signal.signal(number, wish) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wished
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
