"""``ripe backup``: the whole home in one file."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from ripe.console import home_of, say

__all__ = ["command"]


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def command(ctx: click.Context, file: Path) -> None:
    """Pack this home into FILE (tar.gz), also while it is in use; 'ripe restore' puts it back.

    The file holds truth and tokens: only you may read it. Kept features and packed downloads
    are left out; they are made again.
    """
    from ripe.backups import BackupProblem, write_backup

    try:
        made = write_backup(home_of(ctx), file, now=datetime.now(UTC))
    except (BackupProblem, OSError) as problem:
        raise click.ClickException(str(problem)) from None
    say(f"{file}: {made.files} files, {made.size / 1e6:.1f} MB unpacked")
    for name in made.left_out:
        say(f"  left out, a link or no file: {name}")
    if os.environ.get("RIPE_DATABASE"):
        say("  the host's database is elsewhere (RIPE_DATABASE): back it up with its own tools")
