"""A whole home in one file, taken while it is in use, and put back anywhere."""

from __future__ import annotations

from ripe.backups.form import Backup, BackupProblem
from ripe.backups.restoring import restore_backup
from ripe.backups.writing import write_backup

__all__ = ["Backup", "BackupProblem", "restore_backup", "write_backup"]
