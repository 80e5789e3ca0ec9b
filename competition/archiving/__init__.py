"""A finished contest as one file, which a third party can score again offline."""

from competition.archiving.archive import (
    Archive,
    ArchivedEntry,
    ArchivedLine,
    ArchivedTeam,
    opened_archive,
)
from competition.archiving.replay import EntryReplay, Replay, replay_archive
from competition.archiving.writing import write_archive

__all__ = [
    "Archive",
    "ArchivedEntry",
    "ArchivedLine",
    "ArchivedTeam",
    "EntryReplay",
    "Replay",
    "opened_archive",
    "replay_archive",
    "write_archive",
]
