"""``ripe contest export``: a contest as a folder again, or with its entries as one archive."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from ripe.commands.contest.opening import store_of
from ripe.console import say


@click.command("export")
@click.argument("slug")
@click.argument("place", type=click.Path(path_type=Path))
@click.option("--archive", is_flag=True, help="One zip file with entries, boards and audit log.")
@click.option("--without-solution", is_flag=True, help="Leave the truth out.")
@click.pass_context
def export_command(
    ctx: click.Context, slug: str, place: Path, archive: bool, without_solution: bool
) -> None:
    """Write the contest SLUG to PLACE: definition, pages, data, solution, metric.

    Edit the folder and take it in again with 'ripe contest update FOLDER'. An archive can be
    scored again by anybody, offline: 'ripe contest rescore --archive FILE'.
    """
    from competition.errors import InvalidContest

    if place.exists():
        raise InvalidContest(
            f"{place} exists already; name a new {'file' if archive else 'folder'}"
        )
    store = store_of(ctx)
    if archive:
        from competition.archiving import write_archive

        written = write_archive(
            store, slug, place, now=datetime.now(UTC), with_solution=not without_solution
        )
        say(f"{slug}: {len(written.entries)} entries of {len(written.teams)} teams in {place}")
    else:
        from competition.store import export_contest

        export_contest(store, slug, place, solution=not without_solution)
        say(f"{slug}: written to {place}")
