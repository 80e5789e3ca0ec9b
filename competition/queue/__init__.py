"""Entries that wait for a score, and the workers that score them."""

from competition.queue.crew import run_workers
from competition.queue.leases import Lease, extend_lease, give_back, lease_entry
from competition.queue.limits import QueueLimits
from competition.queue.losses import load_losses
from competition.queue.old_boards import OldBoard, OldLine, list_old_boards
from competition.queue.outcomes import finish_entry
from competition.queue.presence import count_workers
from competition.queue.previews import RankMove, RescorePreview, rescore_preview
from competition.queue.replicates import (
    keep_replicates,
    kept_replicates,
    load_replicates,
    missing_replicates,
)
from competition.queue.rescoring import (
    RescoreNotReady,
    apply_rescore,
    propose_rescore,
    rescore_entries,
)
from competition.queue.waiting import entries_waiting, why_pending
from competition.queue.worker import Worker

__all__ = [
    "Lease",
    "OldBoard",
    "OldLine",
    "QueueLimits",
    "RankMove",
    "RescoreNotReady",
    "RescorePreview",
    "Worker",
    "apply_rescore",
    "count_workers",
    "entries_waiting",
    "extend_lease",
    "finish_entry",
    "give_back",
    "keep_replicates",
    "kept_replicates",
    "lease_entry",
    "list_old_boards",
    "load_losses",
    "load_replicates",
    "missing_replicates",
    "propose_rescore",
    "rescore_entries",
    "rescore_preview",
    "run_workers",
    "why_pending",
]
