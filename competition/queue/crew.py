"""Several workers of one process, sharing one scoring pool."""

from __future__ import annotations

import os
import threading
import time

from competition.queue.limits import QueueLimits
from competition.queue.worker import Worker
from competition.scoring import Limits, ScoringPool
from competition.store import Store

__all__ = ["run_workers"]

_LOOK_SECONDS = 0.1


def run_workers(
    store: Store,
    stop: threading.Event,
    *,
    slots: int = 1,
    name: str | None = None,
    limits: QueueLimits | None = None,
    once: bool = False,
) -> None:
    """Score entries until `stop` is set.

    Entries in hand are then finished; what takes longer than the grace of `limits` is given back
    to the queue, without costing an attempt; its scoring child ends with this process.

    Parameters
    ----------
    slots
        So many entries are scored side by side.
    name
        Shown to hosts; with several slots a number follows.
    limits
        By default as the environment says, see `competition.settings`.
    once
        End as soon as no entry waits.
    """
    limits = limits or QueueLimits.from_environment(os.environ)
    memory = Limits(seconds=limits.scoring_seconds, memory_mb=limits.scoring_memory_mb)
    with ScoringPool(memory) as pool:
        workers = [
            Worker(store, name=_name(name, slot, slots), limits=limits, pool=pool)
            for slot in range(1, slots + 1)
        ]
        running = [_started(worker, stop, once) for worker in workers]
        while not stop.is_set() and any(thread.is_alive() for thread in running):
            stop.wait(_LOOK_SECONDS)
        end = time.monotonic() + limits.grace_seconds
        for worker, thread in zip(workers, running, strict=True):
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                worker.abandon()


def _started(worker: Worker, stop: threading.Event, once: bool) -> threading.Thread:
    """Run a worker in a thread that does not hold up the end of the process."""
    thread = threading.Thread(
        target=worker.run, args=(stop,), kwargs={"once": once}, name=worker.name, daemon=True
    )
    thread.start()
    return thread


def _name(name: str | None, slot: int, slots: int) -> str | None:
    return name if name is None or slots == 1 else f"{name}-{slot}"
