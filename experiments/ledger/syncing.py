"""Bringing scores and ranks from the servers into the ledger and the runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from experiments.ledger.book import LedgerEntry, note_sighting, read_ledger
from experiments.ledger.linking import link_runs
from experiments.ledger.sightings import board_or_none, seen_on
from submissions import Server, SubmissionError, kaggle_server, list_entries, resolve_server

__all__ = ["SyncReport", "server_of", "sync"]

OnContest = Callable[[str, str], None]
"""Called with the name of a server and a contest before it is asked about it."""


@dataclass(frozen=True)
class SyncReport:
    """What a sync brought.

    Attributes
    ----------
    entries : int
        Entries looked at.
    changed : tuple of LedgerEntry
        Those of which something new was seen.
    runs : int
        Runs that heard of it.
    failures : tuple of str
        One line for each server and contest that could not be asked.
    """

    entries: int
    changed: tuple[LedgerEntry, ...]
    runs: int
    failures: tuple[str, ...]


def sync(
    home: Path, slug: str | None = None, *, now: datetime, on_contest: OnContest | None = None
) -> SyncReport:
    """Look at every entry of the ledger on its server, and write down what is new.

    Parameters
    ----------
    home : Path
        The home folder.
    slug : str, optional
        Only the entries of this contest.
    now : datetime
        Aware; the time of the sightings.
    on_contest : callable, optional
        Called before each server and contest.
    """
    entries = sorted(read_ledger(home, slug), key=_place)
    changed: list[LedgerEntry] = []
    failures: list[str] = []
    for (url, contest), group in groupby(entries, key=_place):
        server = server_of(home, url)
        if on_contest:
            on_contest(server.name, contest)
        try:
            changed += _sync_contest(home, server, contest, list(group), now)
        except SubmissionError as error:
            failures.append(f"{contest}: {error}")
    runs = link_runs(home, read_ledger(home, slug))
    return SyncReport(len(entries), tuple(changed), runs, tuple(failures))


def server_of(home: Path, url: str) -> Server:
    """Return the server that the ledger names, with the token that this home has for it.

    A host on this machine may have moved to another port: the one in use now is asked.
    """
    kaggle = kaggle_server()
    if url == kaggle.url:
        return kaggle
    given, current = resolve_server(home, url), resolve_server(home)
    return current if given.is_local and current.is_local else given


def _place(entry: LedgerEntry) -> tuple[str, str]:
    return entry.server, entry.slug


def _sync_contest(
    home: Path, server: Server, slug: str, known: Sequence[LedgerEntry], now: datetime
) -> list[LedgerEntry]:
    listed = {entry.ref: entry for entry in list_entries(slug, server)}
    board = board_or_none(slug, server)
    changed = []
    for one in known:
        entry = listed.get(one.ref)
        if entry is None or entry.file_name != one.file_name:
            continue  # another host's numbers, or an entry withdrawn there
        seen = seen_on(board, entry)
        if seen != one.last:
            changed.append(note_sighting(home, one, seen, now))
    return changed
