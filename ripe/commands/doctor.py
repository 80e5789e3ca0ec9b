"""`ripe doctor`: what holds on this machine, and what is stale or broken in this home."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from ripe.console import home_of, print_json, print_table

if TYPE_CHECKING:
    from competition.store import Store

__all__ = ["command"]

Verdict = Literal["fine", "note", "broken"]
LOW_DISK_GB = 1.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    verdict: Verdict
    said: str


@click.command()
@click.option("--database", metavar="URL", help="Database of the host (default: the home's file).")
@click.option("--json", "as_json", is_flag=True, help="A list of findings.")
@click.pass_context
def command(ctx: click.Context, database: str | None, as_json: bool) -> None:
    """Look over this machine and this home; send what waits to be sent.

    Ends with status 1 when something is broken.
    """
    home = home_of(ctx)
    findings = [*_machine(home), *_host(home, database), *_studies(home), *_cache(home)]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        rows = [(finding.verdict, finding.what, finding.said) for finding in findings]
        print_table(("verdict", "what", "found"), rows)
    if any(finding.verdict == "broken" for finding in findings):
        ctx.exit(1)


def _machine(home: Path) -> Iterator[Finding]:
    from competition.scoring import limits_in_force

    for limit, means in limits_in_force().items():
        verdict: Verdict = "fine" if means else "note"
        yield Finding(f"scoring limit: {limit}", verdict, means or "not held on this machine")
    free = shutil.disk_usage(_existing(home)).free / 1e9
    low = free < LOW_DISK_GB
    yield Finding("disk", "broken" if low else "fine", f"{free:.1f} GB free")


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())


def _host(home: Path, database: str | None) -> Iterator[Finding]:
    if database is None and not (home / "host.db").exists():
        yield Finding("host", "note", f"no contest was made in {home} yet")
        return
    from competition.errors import CompetitionError
    from competition.store import open_store

    try:
        store = open_store(home, database=database)
    except CompetitionError as error:
        yield Finding("host", "broken", str(error))
        return
    with store:
        yield from _contests(store)


def _contests(store: Store) -> Iterator[Finding]:
    from competition.store import User, list_contests, verify_audit
    from competition.store.audit import HOST_CHAIN

    now = datetime.now(UTC)
    owner = User(id=0, name="host", is_admin=True, created_at=now)
    slugs = [record.contest.slug for record in list_contests(store, owner, now)]
    yield Finding("contests", "fine", ", ".join(slugs) or "none")
    for chain in (HOST_CHAIN, *slugs):
        breaks = verify_audit(store, chain)
        said = "; ".join(breaks) or "every record follows from the one before"
        yield Finding(f"audit log: {chain}", "broken" if breaks else "fine", said)
    for slug in slugs:
        yield from _waiting(store, slug, now)


def _waiting(store: Store, slug: str, now: datetime) -> Iterator[Finding]:
    from competition.queue import entries_waiting, why_pending

    count, oldest = entries_waiting(store, slug)
    if oldest is not None:
        said = f"{count} without a score; entry {oldest}: {why_pending(store, oldest, now)}"
        yield Finding(f"queue: {slug}", "note", said)


def _cache(home: Path) -> Iterator[Finding]:
    from experiments.study.preparing import CACHE_FOLDER
    from pipelines.models.feature_cache import cache_size

    files, size = cache_size(home / CACHE_FOLDER)
    if files:
        said = f"{files} files, {size / 1e6:.0f} MB; {home / CACHE_FOLDER} may be deleted"
        yield Finding("kept features", "fine", said)


def _studies(home: Path) -> Iterator[Finding]:
    from pipelines.tracking.session import recover_home

    for study, waiting in recover_home(home).items():
        said = f"rows of {waiting} sessions wait to be sent to MLflow; a writer was started"
        yield Finding(f"study: {study}", "note", said)
