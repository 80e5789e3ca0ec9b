"""``ripe contest entries``: what every team sent, and what became of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ripe.commands.contest.opening import store_of
from ripe.console import print_json, print_table, say

if TYPE_CHECKING:
    from competition.store import Entry


@click.command("entries")
@click.argument("slug")
@click.option("--failed", is_flag=True, help="Only those whose scoring failed.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def entries_command(ctx: click.Context, slug: str, failed: bool, as_json: bool) -> None:
    """List the entries of all teams in the contest SLUG, newest first.

    Below the table stands why an entry has no score: for a failed one this is what only the
    host may read.
    """
    from competition.store import Status, get_contest, list_contest_entries

    store = store_of(ctx)
    entries = list_contest_entries(store, slug)
    if failed:
        entries = [entry for entry in entries if entry.status == Status.FAILED]
    if as_json:
        print_json([asdict(entry) for entry in entries])
    elif not entries:
        say(f"{slug}: no entry {'failed' if failed else 'has come in yet'}")
    else:
        _tell(entries, get_contest(store, slug).score_truncation_num_decimals)


def _tell(entries: list[Entry], decimals: int) -> None:
    from competition.scoring import shown_score

    def shown(score: float | None) -> str | None:
        return None if score is None else shown_score(score, decimals)

    print_table(
        [">entry", "team", "file", "sent (UTC)", "status", ">public", ">private"],
        [
            (
                entry.ref,
                entry.team,
                entry.file_name,
                f"{entry.submitted_at:%Y-%m-%d %H:%M}",
                entry.status.value,
                shown(entry.public_score),
                shown(entry.private_score),
            )
            for entry in entries
        ],
    )
    for entry in entries:
        for message in filter(None, (entry.message, entry.host_message)):
            say(f"  {entry.ref}: {message}")
