"""A worker: takes entries from the queue, scores them, writes the scores down."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from competition.errors import CompetitionError
from competition.queue.leases import Lease, extend_lease, give_back, lease_entry
from competition.queue.limits import QueueLimits
from competition.queue.materials import scoring_job
from competition.queue.outcomes import finish_entry
from competition.queue.presence import note_worker, note_worker_stopped
from competition.queue.replicates import keep_replicates, missing_replicates
from competition.scoring import Limits, ScoringOutcome, ScoringPool
from competition.store import Store

__all__ = ["Worker"]

logger = logging.getLogger(__name__)

_BEATS_PER_LEASE = 3
_IDLE_PRESENCE_SECONDS = 5.0
_LOOK_AGAIN = timedelta(minutes=1)
_AT_ONCE = 1000


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Worker:
    """Scores entries until it is told to stop.

    Parameters
    ----------
    store
        Where entries wait. Several workers, in one process or on several machines, share it.
    name
        Shown to hosts; unique by default.
    limits
        Patience of the queue and limits of scoring.
    pool
        Scores entries in children with limits; shared between the workers of a process, or the
        worker's own.
    clock
        Returns the present time.
    """

    def __init__(
        self,
        store: Store,
        *,
        name: str | None = None,
        limits: QueueLimits | None = None,
        pool: ScoringPool | None = None,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.store = store
        self.name = name or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self.limits = limits or QueueLimits()
        self._pool = pool
        self._clock = clock
        self._lease: Lease | None = None
        self._lacking: list[int] = []
        self._look_again_at = datetime.min.replace(tzinfo=UTC)
        self._abandoned = threading.Event()

    def run(self, stop: threading.Event, *, once: bool = False) -> None:
        """Work until `stop` is set, or with `once` until no entry waits.

        The entry in hand is finished first.
        """
        own = self._pool is None
        self._pool = self._pool or self.make_pool()
        over = threading.Event()
        beats = threading.Thread(target=self._beat, args=(over,), daemon=True)
        beats.start()
        try:
            self._pool.start()
            self._serve(stop, once)
        finally:
            over.set()
            beats.join()
            if own:
                self._pool.close()
                self._pool = None
            if not self._abandoned.is_set():
                note_worker_stopped(self.store, self.name, self._clock())

    def announce(self) -> None:
        """Say that this worker is there."""
        note_worker(self.store, self.name, self._clock())

    def abandon(self) -> None:
        """Give the entry in hand back to the queue and touch the store no more."""
        self._abandoned.set()
        lease, self._lease = self._lease, None
        if lease is not None:
            give_back(self.store, lease, self._clock(), limits=self.limits)
        note_worker_stopped(self.store, self.name, self._clock())

    def make_pool(self) -> ScoringPool:
        """Return a scoring pool with this worker's limits."""
        limits = self.limits
        return ScoringPool(
            Limits(seconds=limits.scoring_seconds, memory_mb=limits.scoring_memory_mb)
        )

    def step(self) -> bool:
        """Score the entry that waits longest; False when none waits."""
        lease = lease_entry(self.store, self.name, self._clock(), self.limits)
        if lease is None:
            return False
        self._lease = lease
        try:
            self._work(lease)
        finally:
            self._lease = None
        return True

    def _serve(self, stop: threading.Event, once: bool) -> None:
        while not stop.is_set():
            try:
                worked = self.step() or self.catch_up()
            except Exception:  # the database may be away for a while: a worker outlives that
                logger.exception("worker %s stumbled and goes on", self.name)
                worked = False
            if not worked and once:
                return
            if not worked:
                stop.wait(self.limits.poll_seconds)

    def _work(self, lease: Lease) -> None:
        try:
            outcome = self._scored(lease)
        except (CompetitionError, OSError) as error:
            logger.warning("entry %s was not scored: %s", lease.ref, error)
            give_back(self.store, lease, self._clock(), error=str(error), limits=self.limits)
            return
        if self._abandoned.is_set():
            return
        if outcome.lost:
            logger.warning("entry %s lost its scoring process: %s", lease.ref, outcome.message)
            give_back(self.store, lease, self._clock(), error=outcome.message, limits=self.limits)
            return
        kept = finish_entry(self.store, lease, outcome, self._clock())
        logger.info("entry %s: %s%s", lease.ref, outcome.status, "" if kept else " (lease lost)")
        if kept and outcome.status == "scored":
            self._replicate(lease.ref)

    def catch_up(self) -> bool:
        """Give one entry on a board the replicates that it lacks; False when none lacks them.

        Entries lack them that were scored by an older version, or whose worker died in between.
        """
        if not self._lacking and self._clock() >= self._look_again_at:
            self._look_again_at = self._clock() + _LOOK_AGAIN
            self._lacking = missing_replicates(self.store, limit=_AT_ONCE)
        if not self._lacking:
            return False
        self._replicate(self._lacking.pop())
        return True

    def _replicate(self, ref: int) -> None:
        if self._pool is None:
            self._pool = self.make_pool()
        try:
            keep_replicates(self.store, ref, self._pool)
        except (CompetitionError, OSError, ValueError) as error:
            logger.warning("entry %s has no interval: %s", ref, error)

    def _scored(self, lease: Lease) -> ScoringOutcome:
        if self._pool is None:
            self._pool = self.make_pool()
        with scoring_job(self.store, lease.version_id, lease.upload, lease.file_name) as job:
            return self._pool.score(job)

    def _beat(self, over: threading.Event) -> None:
        """Say at intervals that this worker and its entry are alive."""
        pause = min(self.limits.lease_seconds / _BEATS_PER_LEASE, _IDLE_PRESENCE_SECONDS)
        while not self._abandoned.is_set():
            try:
                self.announce()
                if (lease := self._lease) is not None:
                    extend_lease(self.store, lease, self._clock(), self.limits)
            except Exception:
                logger.exception("worker %s could not report", self.name)
            if over.wait(pause):
                return
