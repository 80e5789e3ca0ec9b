"""``.download.json``: where a folder of data came from, which version, and every file's digest."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from competition.files import replaced_file

__all__ = ["RECORD_FILE", "DownloadRecord", "read_record", "write_record"]

RECORD_FILE = ".download.json"


@dataclass(frozen=True)
class DownloadRecord:
    """What ``.download.json`` says of a folder.

    Attributes
    ----------
    source : str
        The name asked for and its server: two sources never share a folder.
    version : dict
        What the server said of the bundle: ETag, Last-Modified, Content-Length.
    digests : dict
        File name -> SHA-256.
    downloaded_at : str
        ISO 8601, UTC.
    """

    source: str
    version: dict[str, str | None] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    downloaded_at: str = ""


def read_record(folder: Path) -> DownloadRecord | None:
    """Return what a downloaded folder says of itself; None when it is no such folder."""
    try:
        fields = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
        return DownloadRecord(**fields)
    except (OSError, ValueError, TypeError):
        return None


def write_record(folder: Path, record: DownloadRecord) -> None:
    """Write ``.download.json`` of a folder."""
    with replaced_file(folder / RECORD_FILE) as temporary:
        temporary.write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
