"""An entry, as several parts of the interface tell it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from competition.host.scores import entry_note
from competition.store import Entry

__all__ = ["EntryTold", "told_entry"]


class EntryTold(BaseModel):
    """An entry, with what the asker may see of it."""

    ref: int
    contest: str
    team: str
    user: str
    file_name: str
    size: int
    description: str
    submitted_at: datetime
    status: str
    late: bool
    selected: bool
    public_score: float | None
    private_score: float | None
    note: str
    host_message: str = Field(description="Why scoring broke; for the contest's hosts alone.")


def told_entry(shown: Entry) -> EntryTold:
    """Return an entry that was made fit for its reader before."""
    names = set(EntryTold.model_fields) - {"status", "note"}
    same = {name: getattr(shown, name) for name in names}
    return EntryTold(**same, status=shown.status.value, note=entry_note(shown))
