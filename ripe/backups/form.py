"""What a backup is: its description, the names in its archive, who may read it."""

from __future__ import annotations

from dataclasses import dataclass

FORMAT = 1
DESCRIPTION, END, CONTENT = "ripe-backup.json", "ripe-backup-end.json", "home"
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


class BackupProblem(Exception):
    """A backup cannot be written or put back; one sentence says why."""


@dataclass(frozen=True)
class Backup:
    """What a backup holds.

    Parameters
    ----------
    homes : tuple of str
        The home that it was taken of, as it was named and as links resolve.
    made_at : str
        ISO 8601, UTC.
    files, size : int
        How many files and bytes, unpacked, at most.
    left_out : tuple of str
        Links and other things that are no files.
    format : int
        Of the file.
    """

    homes: tuple[str, ...]
    made_at: str
    files: int
    size: int
    left_out: tuple[str, ...] = ()
    format: int = FORMAT
