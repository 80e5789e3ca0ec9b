"""The audit log: records in chains, each sealed with the digest of the one before.

A chain per contest (named by its slug) and one for the host itself (``host``). Changing, removing
or inserting a record breaks every digest after it; the digest of the last record, noted elsewhere,
also shows when the end was cut off.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from competition.store.schema import AuditHeadRow, AuditRow

if TYPE_CHECKING:
    from competition.store.opening import Store

__all__ = [
    "HOST_CHAIN",
    "AuditRecord",
    "audit_head",
    "audit_records",
    "record",
    "record_view",
    "verify_audit",
]

HOST_CHAIN = "host"
_START = "0" * 64


@dataclass(frozen=True)
class AuditRecord:
    """One record: who did what, when, with details as JSON text."""

    chain: str
    number: int
    at: str
    actor: str
    action: str
    details: str
    previous: str
    digest: str

    @property
    def is_sealed(self) -> bool:
        """Whether the digest fits the record."""
        return self.digest == _seal(self)


def record(
    session: Session,
    chain: str,
    actor: str,
    action: str,
    details: Mapping[str, Any],
    now: datetime,
) -> None:
    """Add a record inside the caller's transaction; call it last, for it locks the chain."""
    head = _locked_head(session, chain)
    head.length += 1
    unsealed = AuditRecord(
        chain=chain,
        number=head.length,
        at=now.astimezone(UTC).isoformat(),
        actor=actor,
        action=action,
        details=json.dumps(details, sort_keys=True, default=str, ensure_ascii=False),
        previous=head.digest,
        digest="",
    )
    head.digest = _seal(unsealed)
    session.add(AuditRow(**{**vars(unsealed), "digest": head.digest}))


def record_view(store: Store, slug: str, actor: str, what: str, *, now: datetime) -> None:
    """Note that somebody looked at private data, such as the solution or another team's file."""
    with store.writing() as session:
        record(session, slug, actor, "private data viewed", {"what": what}, now)


def audit_records(
    store: Store, chain: str, *, after: int = 0, limit: int | None = None
) -> list[AuditRecord]:
    """Return the records of a chain in order, from number ``after + 1`` on."""
    query = select(AuditRow).where(AuditRow.chain == chain, AuditRow.number > after)
    with store.reading() as session:
        rows = session.scalars(query.order_by(AuditRow.number).limit(limit)).all()
        return [_value(row) for row in rows]


def audit_head(store: Store, chain: str) -> tuple[int, str]:
    """Return the number and digest of the last record of a chain."""
    with store.reading() as session:
        head = session.get(AuditHeadRow, chain)
        return (head.length, head.digest) if head else (0, _START)


def verify_audit(store: Store, chain: str) -> list[str]:
    """Return one sentence per break of a chain; none when it is whole."""
    with store.reading() as session:
        query = select(AuditRow).where(AuditRow.chain == chain).order_by(AuditRow.number)
        records = [_value(row) for row in session.scalars(query)]
        head = session.get(AuditHeadRow, chain)
        return _breaks(records, (head.length, head.digest) if head else (0, _START))


def _breaks(records: list[AuditRecord], head: tuple[int, str]) -> list[str]:
    problems: list[str] = []
    number, previous = 0, _START
    for entry in records:
        if entry.number != number + 1:
            problems.append(f"record {number + 1} is missing before record {entry.number}")
        elif entry.previous != previous:
            problems.append(f"record {entry.number} does not continue record {number}")
        if not entry.is_sealed:
            problems.append(f"record {entry.number} was changed after it was written")
        number, previous = entry.number, entry.digest
    if (number, previous) != head:
        problems.append(f"the chain should end with record {head[0]}, but ends with {number}")
    return problems


def _locked_head(session: Session, chain: str) -> AuditHeadRow:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    start = {"chain": chain, "length": 0, "digest": _START}
    session.execute(dialect.insert(AuditHeadRow).values(start).on_conflict_do_nothing())
    query = select(AuditHeadRow).where(AuditHeadRow.chain == chain).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _seal(entry: AuditRecord) -> str:
    parts = [entry.chain, entry.number, entry.at, entry.actor, entry.action, entry.details]
    text = json.dumps([*parts, entry.previous], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _value(row: AuditRow) -> AuditRecord:
    return AuditRecord(
        chain=row.chain,
        number=row.number,
        at=row.at,
        actor=row.actor,
        action=row.action,
        details=row.details,
        previous=row.previous,
        digest=row.digest,
    )
