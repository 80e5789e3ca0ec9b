"""Several workers of one process, sharing one scoring pool."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from competition.queue.limits import QueueLimits
from competition.queue.worker import Worker
from competition.scoring import Limits, ScoringPool
from competition.store import Store

__all__ = ["run_workers"]


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

    Parameters
    ----------
    slots
        So many entries are scored side by side.
    name
        Shown to hosts; with several slots a number follows.
    once
        End as soon as no entry waits.
    """
    limits = limits or QueueLimits()
    memory = Limits(seconds=limits.scoring_seconds, memory_mb=limits.scoring_memory_mb)
    with ScoringPool(memory) as pool, ThreadPoolExecutor(slots) as threads:
        workers = [
            Worker(store, name=_name(name, slot, slots), limits=limits, pool=pool)
            for slot in range(1, slots + 1)
        ]
        for done in [threads.submit(worker.run, stop, once=once) for worker in workers]:
            done.result()


def _name(name: str | None, slot: int, slots: int) -> str | None:
    return name if name is None or slots == 1 else f"{name}-{slot}"
