"""The tables. Their history lies in ``migrations``; a test holds the two together."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from competition.store.columns import Base, BigId, UtcTime

__all__ = ["Base"]


def _id() -> Any:
    return mapped_column(BigId, primary_key=True, autoincrement=True)


def _to(target: str, **options: Any) -> Any:
    return mapped_column(BigId, ForeignKey(target), **options)


def _digest(**options: Any) -> Any:
    return mapped_column(String(64), ForeignKey("files.digest"), **options)


class SecretRow(Base):
    """A secret of this host, such as the key that signs capability addresses."""

    __tablename__ = "secrets"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)


class FileRow(Base):
    """A stored file, addressed by the SHA-256 of its content."""

    __tablename__ = "files"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigId)
    created_at: Mapped[datetime]


class UserRow(Base):
    """An account."""

    __tablename__ = "users"
    id: Mapped[int] = _id()
    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(String(100), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    is_admin: Mapped[bool]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None] = mapped_column(UtcTime)


class TokenRow(Base):
    """A token of a user; only its SHA-256 is kept."""

    __tablename__ = "tokens"
    id: Mapped[int] = _id()
    user_id: Mapped[int] = _to("users.id", index=True)
    label: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(UtcTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)


class ContestRow(Base):
    """A contest; what it says lies in its versions."""

    __tablename__ = "contests"
    id: Mapped[int] = _id()
    slug: Mapped[str] = mapped_column(String(100), unique=True)
    version: Mapped[int]
    created_at: Mapped[datetime]


class VersionRow(Base):
    """One state of a contest's definition and files; never changed once written."""

    __tablename__ = "contest_versions"
    __table_args__ = (UniqueConstraint("contest_id", "number"),)
    id: Mapped[int] = _id()
    contest_id: Mapped[int] = _to("contests.id")
    number: Mapped[int]
    based_on: Mapped[int]
    definition: Mapped[str] = mapped_column(Text)
    pages: Mapped[dict[str, str]] = mapped_column(JSON)
    greater_is_better: Mapped[bool]
    metric_digest: Mapped[str] = mapped_column(String(64))
    solution_digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(100))
    note: Mapped[str] = mapped_column(Text)


class ContestFileRow(Base):
    """A file of one version: data (participants download it), solution or metric."""

    __tablename__ = "contest_files"
    version_id: Mapped[int] = _to("contest_versions.id", primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(500), primary_key=True)
    digest: Mapped[str] = _digest()
    modified_at: Mapped[datetime]


class HostRow(Base):
    """A user who runs a contest."""

    __tablename__ = "contest_hosts"
    contest_id: Mapped[int] = _to("contests.id", primary_key=True)
    user_id: Mapped[int] = _to("users.id", primary_key=True)
    added_at: Mapped[datetime]


class TeamRow(Base):
    """A team in one contest. Kind: participant, host or baseline; only the first is ranked."""

    __tablename__ = "teams"
    __table_args__ = (UniqueConstraint("contest_id", "name"),)
    id: Mapped[int] = _id()
    contest_id: Mapped[int] = _to("contests.id")
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    leader_id: Mapped[int | None] = _to("users.id")
    created_at: Mapped[datetime]
    merged_into_id: Mapped[int | None] = _to("teams.id")


class MembershipRow(Base):
    """A user's place in a team; one team per user and contest."""

    __tablename__ = "memberships"
    contest_id: Mapped[int] = _to("contests.id", primary_key=True)
    user_id: Mapped[int] = _to("users.id", primary_key=True)
    team_id: Mapped[int] = _to("teams.id", index=True)
    joined_at: Mapped[datetime]


class InvitationRow(Base):
    """An invitation link: to a contest, or to sign up on this host. Only its SHA-256 is kept."""

    __tablename__ = "invitations"
    id: Mapped[int] = _id()
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    contest_id: Mapped[int | None] = _to("contests.id", index=True)
    team_id: Mapped[int | None] = _to("teams.id")
    created_by_id: Mapped[int | None] = _to("users.id")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(UtcTime)
    uses_left: Mapped[int | None]
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)


class UploadRow(Base):
    """An announced upload; complete once its digest is known."""

    __tablename__ = "uploads"
    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = _to("users.id", index=True)
    kind: Mapped[str] = mapped_column(String(40))
    file_name: Mapped[str] = mapped_column(String(500))
    size: Mapped[int] = mapped_column(BigId)
    created_at: Mapped[datetime]
    digest: Mapped[str | None] = _digest()
    finished_at: Mapped[datetime | None] = mapped_column(UtcTime)
    entry_id: Mapped[int | None] = mapped_column(BigId)
    """The entry that was made of it; a second request with the same token is given that one."""


class EntryRow(Base):
    """A submission and, once scored, its scores at full precision."""

    __tablename__ = "entries"
    __table_args__ = (
        Index("ix_entries_team", "team_id", "submitted_at"),
        Index("ix_entries_contest", "contest_id", "submitted_at"),
        Index(
            "ix_entries_late",
            "contest_id",
            sqlite_where=text("late"),
            postgresql_where=text("late"),
        ),
    )
    id: Mapped[int] = _id()
    contest_id: Mapped[int] = _to("contests.id")
    team_id: Mapped[int] = _to("teams.id")
    user_id: Mapped[int] = _to("users.id")
    digest: Mapped[str] = _digest()
    file_name: Mapped[str] = mapped_column(String(500))
    size: Mapped[int] = mapped_column(BigId)
    description: Mapped[str] = mapped_column(Text)
    submitted_at: Mapped[datetime]
    day: Mapped[date]
    status: Mapped[str] = mapped_column(String(20))
    sandbox: Mapped[bool]
    baseline: Mapped[bool]
    late: Mapped[bool]
    version_id: Mapped[int | None] = _to("contest_versions.id")
    public_score: Mapped[float | None] = mapped_column(Double)
    true_public_score: Mapped[float | None] = mapped_column(Double)
    private_score: Mapped[float | None] = mapped_column(Double)
    overall_score: Mapped[float | None] = mapped_column(Double)
    beside: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    message: Mapped[str] = mapped_column(Text)
    host_message: Mapped[str] = mapped_column(Text)
    scored_at: Mapped[datetime | None] = mapped_column(UtcTime)


class JobRow(Base):
    """An entry that waits for a score; the row goes when the score is there."""

    __tablename__ = "jobs"
    entry_id: Mapped[int] = _to("entries.id", primary_key=True, autoincrement=False)
    queued_at: Mapped[datetime]
    not_before: Mapped[datetime]
    attempts: Mapped[int]
    worker: Mapped[str | None] = mapped_column(String(200))
    lease: Mapped[str | None] = mapped_column(String(32))
    leased_at: Mapped[datetime | None] = mapped_column(UtcTime)
    leased_until: Mapped[datetime | None] = mapped_column(UtcTime, index=True)
    last_error: Mapped[str] = mapped_column(Text)


class WorkerRow(Base):
    """A scoring worker and when it was last heard of."""

    __tablename__ = "workers"
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None] = mapped_column(UtcTime)


class RowLossRow(Base):
    """Where the losses per public row of a scored entry lie (a float64 array in a file)."""

    __tablename__ = "row_losses"
    entry_id: Mapped[int] = _to("entries.id", primary_key=True, autoincrement=False)
    digest: Mapped[str] = _digest()
    rows: Mapped[int]


class ReplicateRow(Base):
    """Scores on resampled test sets of the entry by which a team stands on the public board.

    ``scores`` holds little-endian float32, or nothing where the metric allows none. Both digests
    say which definition they were made by.
    """

    __tablename__ = "replicates"
    team_id: Mapped[int] = _to("teams.id", primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = _to("entries.id")
    metric_digest: Mapped[str] = mapped_column(String(64))
    solution_digest: Mapped[str] = mapped_column(String(64))
    scores: Mapped[bytes] = mapped_column(LargeBinary)


class LadderRow(Base):
    """A team's step on the Ladder: the last accepted entry and its released score."""

    __tablename__ = "ladder_steps"
    team_id: Mapped[int] = _to("teams.id", primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = _to("entries.id")
    released: Mapped[float] = mapped_column(Double)


class SelectionRow(Base):
    """An entry chosen by its team for the final board."""

    __tablename__ = "selections"
    entry_id: Mapped[int] = _to("entries.id", primary_key=True, autoincrement=False)
    team_id: Mapped[int] = _to("teams.id", index=True)
    user_id: Mapped[int] = _to("users.id")
    selected_at: Mapped[datetime]


_PUBLIC_PLACE = ("public_key", "public_at", "public_entry_id")
_PRIVATE_PLACE = ("private_key", "private_at", "private_entry_id")


class StandingRow(Base):
    """A team's place on both boards, kept as entries are scored; keys: smaller is better."""

    __tablename__ = "standings"
    __table_args__ = (
        Index("ix_standings_public", "contest_id", "ranked", *_PUBLIC_PLACE),
        Index("ix_standings_private", "contest_id", "ranked", *_PRIVATE_PLACE),
    )
    team_id: Mapped[int] = _to("teams.id", primary_key=True, autoincrement=False)
    contest_id: Mapped[int] = _to("contests.id")
    ranked: Mapped[bool]
    entries: Mapped[int]
    last_entry_at: Mapped[datetime]
    public_entry_id: Mapped[int | None] = _to("entries.id")
    public_key: Mapped[float | None] = mapped_column(Double)
    public_at: Mapped[datetime | None] = mapped_column(UtcTime)
    private_entry_id: Mapped[int | None] = _to("entries.id")
    private_key: Mapped[float | None] = mapped_column(Double)
    private_at: Mapped[datetime | None] = mapped_column(UtcTime)


class RescoreRow(Base):
    """The outcome of an entry under a version that is not yet the contest's."""

    __tablename__ = "rescores"
    version_id: Mapped[int] = _to("contest_versions.id", primary_key=True)
    entry_id: Mapped[int] = _to("entries.id", primary_key=True)
    status: Mapped[str] = mapped_column(String(20))
    public_score: Mapped[float | None] = mapped_column(Double)
    private_score: Mapped[float | None] = mapped_column(Double)
    overall_score: Mapped[float | None] = mapped_column(Double)
    beside: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    message: Mapped[str] = mapped_column(Text)
    host_message: Mapped[str] = mapped_column(Text)
    losses_digest: Mapped[str | None] = _digest()
    losses_rows: Mapped[int | None]


class OldBoardRow(Base):
    """A board as it stood before a rescore."""

    __tablename__ = "old_boards"
    id: Mapped[int] = _id()
    contest_id: Mapped[int] = _to("contests.id", index=True)
    version_id: Mapped[int] = _to("contest_versions.id")
    kept_at: Mapped[datetime]
    public: Mapped[list[Any]] = mapped_column(JSON)
    private: Mapped[list[Any]] = mapped_column(JSON)


class AuditHeadRow(Base):
    """The end of one audit chain; locked while a record is added."""

    __tablename__ = "audit_heads"
    chain: Mapped[str] = mapped_column(String(100), primary_key=True)
    length: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))


class AuditRow(Base):
    """One record of the audit log; its digest covers the record before it."""

    __tablename__ = "audit_records"
    chain: Mapped[str] = mapped_column(String(100), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[str] = mapped_column(String(40))
    actor: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(60))
    details: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
