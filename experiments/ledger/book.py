"""The ledger: every submission ever made from a home, wherever it went.

It is a file of JSON lines that only ever grows: a line for each run that was exported, for each
entry that was sent, and for each time something new was seen of an entry. Reading folds the lines
into one value an entry.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from experiments.errors import ExperimentError
from pipelines.tracking.locking import locked

__all__ = [
    "LEDGER_FILE",
    "Key",
    "LedgerEntry",
    "Provenance",
    "Sighting",
    "find_provenance",
    "note_exported",
    "note_sent",
    "note_sighting",
    "read_ledger",
]

LEDGER_FILE = "ledger.jsonl"
NEEDED = {
    "exported": ("sha256", "slug"),
    "sent": ("server", "slug", "ref", "sent_at"),
    "seen": ("server", "slug", "ref"),
}
"""What a line of each kind must have; kinds that are not known here are passed over."""
Key: TypeAlias = tuple[str, str, int]


@dataclass(frozen=True)
class Sighting:
    """What was seen of an entry at one moment; None where nothing was to be seen.

    Attributes
    ----------
    status : str
        ``pending``, ``complete`` or ``error``.
    public_score, private_score : float or None
    public_rank, private_rank : int or None
        The team's place on the board, from 1.
    teams : int or None
        Teams on that board.
    message : str
        Why there is no score.
    """

    status: str = "pending"
    public_score: float | None = None
    private_score: float | None = None
    public_rank: int | None = None
    private_rank: int | None = None
    teams: int | None = None
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Which run a submission file was made of.

    Attributes
    ----------
    run_id : str or None
        The MLflow run; None for a blend.
    metric : str
        Name of the contest's metric, empty when unknown.
    cv_score, cv_low, cv_high : float or None
        Cross-validated score of the run with its 95 % interval.
    tracking : str or None
        Address of the MLflow store that holds the run; None for the home's own.
    """

    run_id: str | None = None
    metric: str = ""
    cv_score: float | None = None
    cv_low: float | None = None
    cv_high: float | None = None
    tracking: str | None = None


@dataclass(frozen=True)
class LedgerEntry(Provenance):
    """One entry: what it was made of, its sending, and what was seen of it.

    Attributes
    ----------
    server, slug, ref
        Where it is: the server's address, the contest, its number there.
    sent_at : datetime
        Aware, UTC.
    file_name, message, sha256 : str
        What was sent.
    board : str
        Address of the leaderboard page.
    first, last : Sighting
        When its score was first seen, and the latest.
    """

    server: str
    slug: str
    ref: int
    sent_at: datetime
    file_name: str
    message: str
    sha256: str
    board: str
    first: Sighting = Sighting()
    last: Sighting = Sighting()

    @property
    def key(self) -> Key:
        """What tells entries apart."""
        return self.server, self.slug, self.ref


def note_exported(home: Path, sha256: str, slug: str, made_of: Provenance) -> None:
    """Write down which run a submission file was made of, so that sending it links the two."""
    if find_provenance(home, sha256, slug) != made_of:
        _append(home, {"kind": "exported", "sha256": sha256, "slug": slug, **vars(made_of)})


def find_provenance(home: Path, sha256: str, slug: str) -> Provenance:
    """Return what a submission file was made of; empty when no run was exported to it."""
    known = {field.name for field in fields(Provenance)}
    found = Provenance()
    for line in _lines(home / LEDGER_FILE):
        if line["kind"] == "exported" and (line["sha256"], line["slug"]) == (sha256, slug):
            found = Provenance(**{name: line[name] for name in known & line.keys()})
    return found


def note_sent(home: Path, entry: LedgerEntry) -> None:
    """Write down an entry that was just made."""
    line = {field.name: getattr(entry, field.name) for field in fields(entry)}
    del line["first"], line["last"]
    _append(home, {"kind": "sent", **line, "sent_at": entry.sent_at.isoformat()})


def note_sighting(home: Path, entry: LedgerEntry, seen: Sighting, now: datetime) -> LedgerEntry:
    """Write down what was seen of an entry, when it differs from the last time.

    Returns
    -------
    LedgerEntry
        With the sighting in it.
    """
    if seen != entry.last:
        place = {"server": entry.server, "slug": entry.slug, "ref": entry.ref}
        _append(home, {"kind": "seen", **place, "at": now.isoformat(), **vars(seen)})
    return _with_sighting(entry, seen)


def read_ledger(
    home: Path, slug: str | None = None, *, server: str | None = None
) -> list[LedgerEntry]:
    """Return the entries of a home, the oldest first.

    Parameters
    ----------
    home : Path
        The home folder.
    slug, server : str, optional
        Only this contest, only this server's.

    Raises
    ------
    ExperimentError
        When a line cannot be read.
    """
    entries = _folded(_lines(home / LEDGER_FILE))
    return [
        entry for entry in entries if slug in (None, entry.slug) and server in (None, entry.server)
    ]


def _folded(lines: Iterable[Mapping[str, Any]]) -> list[LedgerEntry]:
    entries: dict[Key, LedgerEntry] = {}
    for line in lines:
        if line["kind"] not in ("sent", "seen"):
            continue
        key = (line["server"], line["slug"], line["ref"])
        if line["kind"] == "sent":
            entries[key] = _sent(line)
        elif key in entries:
            entries[key] = _with_sighting(entries[key], _sighting(line))
    return list(entries.values())


def _sent(line: Mapping[str, Any]) -> LedgerEntry:
    known = {field.name for field in fields(LedgerEntry)}
    values = {name: value for name, value in line.items() if name in known}
    return LedgerEntry(**{**values, "sent_at": datetime.fromisoformat(line["sent_at"])})


def _sighting(line: Mapping[str, Any]) -> Sighting:
    known = {field.name for field in fields(Sighting)}
    return Sighting(**{name: value for name, value in line.items() if name in known})


def _with_sighting(entry: LedgerEntry, seen: Sighting) -> LedgerEntry:
    is_first = entry.first.public_score is None
    return replace(entry, first=seen if is_first else entry.first, last=seen)


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    # A line without its end was being written when the power went.
    *texts, _ = path.read_bytes().split(b"\n")
    return [_parsed(text, number, path) for number, text in enumerate(texts, start=1)]


def _parsed(text: bytes, number: int, path: Path) -> dict[str, Any]:
    try:
        line: dict[str, Any] = json.loads(text)
        for name in NEEDED.get(line["kind"], ()):
            line[name]
    except (ValueError, KeyError, TypeError) as error:
        raise ExperimentError(
            f"line {number} of {path} cannot be read; mend it or take it out"
        ) from error
    return line


def _append(home: Path, line: Mapping[str, Any]) -> None:
    """Add one line whole: writers take turns, and half a line left by a crash is cut off."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / LEDGER_FILE
    with locked(path.with_name(f".{LEDGER_FILE}.lock")), path.open("a+b") as stream:
        _cut_unfinished(stream)
        stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def _cut_unfinished(stream: Any) -> None:
    stream.seek(0)
    content = stream.read()
    if content and not content.endswith(b"\n"):
        stream.truncate(content.rfind(b"\n") + 1)
        stream.seek(0, os.SEEK_END)
