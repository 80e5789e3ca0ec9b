"""``ripe restore``: a backup, put back as a new home."""

from __future__ import annotations

from pathlib import Path

import click

from ripe.console import home_of, say

__all__ = ["command"]


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--home", type=click.Path(path_type=Path), help="The new home: a new or an empty folder."
)
@click.pass_context
def command(ctx: click.Context, file: Path, home: Path | None) -> None:
    """Put the backup FILE back as a new home, here or on another machine.

    The addresses of tracked runs' files are rewritten to the new place.
    """
    from ripe.backups import BackupProblem, restore_backup

    target = (home or home_of(ctx)).expanduser().absolute()
    try:
        found = restore_backup(file, target)
    except (BackupProblem, OSError) as problem:
        raise click.ClickException(str(problem)) from None
    say(f"{target}: {found.files} files of {found.homes[0]}, as of {found.made_at}")
    say(f"use it with: ripe --home {target} up")
