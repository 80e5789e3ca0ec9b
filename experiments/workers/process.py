"""A worker as a process of its own: ``python -m experiments.workers.process``.

The order comes as one line of standard input, where no other user of the machine can read its
password. The end of standard input is the wish to stop: a starter that dies ends its workers so.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from types import FrameType

from experiments.workers.working import WorkOrder, work

DONE, REFUSED, STOPPED = 0, 1, 130


def main() -> int:
    """Work until the study is over or standard input ends; return the exit status."""
    stop = threading.Event()
    _stop_on_signals(stop)
    line = _first_line()
    if line is None:
        return STOPPED
    order = WorkOrder.from_json(line)
    threading.Thread(target=_wait_for_the_end, args=(stop,), daemon=True).start()
    try:
        work(order, should_stop=stop.is_set)
    except KeyboardInterrupt:
        return STOPPED
    except Exception as error:
        logging.exception("the worker ends")
        sys.stderr.write(f"{error}\n")
        return REFUSED
    return DONE


def _stop_on_signals(stop: threading.Event) -> None:
    def leave(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)


def _first_line() -> str | None:
    """Return the order; None where standard input ends before one has come."""
    line = bytearray()
    while not line.endswith(b"\n"):
        more = os.read(0, 1)
        if not more:
            return None
        line += more
    return line.decode()


def _wait_for_the_end(stop: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
