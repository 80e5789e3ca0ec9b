"""Entries that wait for a score, and the workers that score them."""

from competition.queue.crew import run_workers
from competition.queue.leases import Lease, extend_lease, give_back, lease_entry
from competition.queue.limits import QueueLimits
from competition.queue.losses import load_losses
from competition.queue.outcomes import finish_entry
from competition.queue.presence import count_workers
from competition.queue.waiting import why_pending
from competition.queue.worker import Worker

__all__ = [
    "Lease",
    "QueueLimits",
    "Worker",
    "count_workers",
    "extend_lease",
    "finish_entry",
    "give_back",
    "lease_entry",
    "load_losses",
    "run_workers",
    "why_pending",
]
