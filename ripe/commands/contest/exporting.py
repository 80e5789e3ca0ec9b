"""``ripe contest export``: a contest as a folder again."""

from __future__ import annotations

from pathlib import Path

import click

from ripe.console import home_of, say


@click.command("export")
@click.argument("slug")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--without-solution", is_flag=True, help="Leave the truth out.")
@click.pass_context
def export_command(ctx: click.Context, slug: str, folder: Path, without_solution: bool) -> None:
    """Write the contest SLUG to FOLDER: definition, pages, data, solution, metric.

    Edit it there and take it in again with 'ripe contest update FOLDER'.
    """
    from competition.errors import InvalidContest
    from competition.store import export_contest, open_store

    try:
        export_contest(open_store(home_of(ctx)), slug, folder, solution=not without_solution)
    except FileExistsError:
        raise InvalidContest(f"{folder} exists already; name a new folder") from None
    say(f"{slug}: written to {folder}")
