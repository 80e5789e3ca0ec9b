"""The patience of the queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from competition.settings import default_of, settings_from

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

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Return the limits that variables such as ``RIPE_SCORING_SECONDS`` change.

        Raises
        ------
        InvalidSetting
            A variable holds no number, or one that is too small.
        """
        given = settings_from(environment)
        whole = {field.name for field in fields(cls) if isinstance(field.default, int)}
        changed: dict[str, Any] = {
            name: int(value) if name in whole else value for name, value in given.items()
        }
        return cls(**changed)
