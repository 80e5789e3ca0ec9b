"""The patience of the queue."""

from __future__ import annotations

from dataclasses import dataclass

from competition.settings import default_of

__all__ = ["QueueLimits"]


@dataclass(frozen=True)
class QueueLimits:
    """How long leases last and how often an entry is tried.

    Attributes
    ----------
    lease_seconds
        A worker that is not heard of for so long loses its entry.
    max_attempts
        An entry whose scoring broke down so often is given up.
    retry_seconds
        An entry whose scoring broke down waits so long before the next attempt.
    scoring_seconds, scoring_memory_mb
        Limits of scoring one entry.
    poll_seconds
        An idle worker looks for entries so often.
    grace_seconds
        A worker that is asked to stop may finish its entry within so long.
    """

    lease_seconds: float = default_of("lease_seconds")
    max_attempts: int = int(default_of("max_attempts"))
    retry_seconds: float = default_of("retry_seconds")
    scoring_seconds: float = default_of("scoring_seconds")
    scoring_memory_mb: int = int(default_of("scoring_memory_mb"))
    poll_seconds: float = default_of("poll_seconds")
    grace_seconds: float = default_of("grace_seconds")
