"""What the store's functions return: plain values, detached from the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from competition.definition import Contest

__all__ = [
    "BoardRow",
    "ContestRecord",
    "Entry",
    "Status",
    "StoredFile",
    "SubmissionLimits",
    "Team",
    "TeamKind",
    "Token",
    "User",
]


class Status(StrEnum):
    """Where an entry is on its way."""

    PENDING = "pending"
    """Waits for a worker."""
    SCORING = "scoring"
    """A worker has it."""
    SCORED = "scored"
    """Has its scores."""
    REJECTED = "rejected"
    """Broke a rule; ``message`` tells the participant which."""
    FAILED = "failed"
    """Scoring broke; ``host_message`` tells the host why."""
    CANCELLED = "cancelled"
    """Withdrawn."""

    @property
    def is_open(self) -> bool:
        """Whether a score may still come."""
        return self in {Status.PENDING, Status.SCORING}


class TeamKind(StrEnum):
    """Who stands behind a team. Only participants are ranked."""

    PARTICIPANT = "participant"
    HOST = "host"
    BASELINE = "baseline"


@dataclass(frozen=True)
class User:
    """An account."""

    id: int
    name: str
    is_admin: bool
    created_at: datetime
    is_disabled: bool = False
    has_password: bool = False


@dataclass(frozen=True)
class Token:
    """A token, without its secret."""

    id: int
    user: str
    label: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True)
class Team:
    """A team in one contest; ``members`` are user names, the leader first."""

    id: int
    contest: str
    name: str
    kind: TeamKind
    members: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True)
class StoredFile:
    """A file of a contest: its name in the contest's folder and where its content lies."""

    name: str
    path: Path
    size: int
    sha256: str
    modified: datetime


@dataclass(frozen=True)
class ContestRecord:
    """A contest and what the store knows beside its definition.

    ``version`` counts the definitions, ``hosts`` are user names, ``teams`` counts participants'
    teams.
    """

    id: int
    contest: Contest
    version: int
    version_id: int
    created_at: datetime
    greater_is_better: bool
    has_solution: bool
    hosts: tuple[str, ...]
    teams: int


@dataclass(frozen=True)
class Entry:
    """A submission.

    ``public_score`` is what the board shows; it differs from ``true_public_score`` only under the
    Ladder. ``beside`` maps a further metric's name to its ``overall``, ``public`` and ``private``
    value. ``late`` entries came after the deadline and never rank. ``selected`` says that the team
    chose the entry for the final board.
    """

    ref: int
    contest: str
    team_id: int
    team: str
    user: str
    upload: str
    file_name: str
    size: int
    description: str
    submitted_at: datetime
    status: Status
    sandbox: bool = False
    baseline: bool = False
    late: bool = False
    selected: bool = False
    public_score: float | None = None
    true_public_score: float | None = None
    private_score: float | None = None
    overall_score: float | None = None
    beside: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    message: str = ""
    host_message: str = ""
    scored_at: datetime | None = None


@dataclass(frozen=True)
class SubmissionLimits:
    """What a team may still send today (UTC).

    ``resets_at`` is the next midnight; ``pending`` entries wait for a score.
    """

    used_today: int
    total: int
    allowed_now: int
    per_day: int
    pending: int
    resets_at: datetime


@dataclass(frozen=True)
class BoardRow:
    """A line of a board. Baselines stand in their place without a rank."""

    rank: int | None
    team_id: int
    team: str
    members: tuple[str, ...]
    score: float
    entries: int
    last_entry: datetime
    entry_ref: int
    is_baseline: bool = False
