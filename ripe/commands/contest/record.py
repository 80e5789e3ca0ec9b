"""``ripe contest boards`` and ``ripe contest audit``: what was before."""

from __future__ import annotations

from dataclasses import asdict

import click

from ripe.commands.contest.opening import store_of
from ripe.console import print_json, print_table, say

JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.command("boards")
@click.argument("slug")
@click.option("--top", type=int, default=20, show_default=True, help="Lines of each board.")
@JSON
@click.pass_context
def boards_command(ctx: click.Context, slug: str, top: int, as_json: bool) -> None:
    """Show the boards of the contest SLUG that rescores replaced, oldest first."""
    from competition.queue import list_old_boards
    from competition.scoring import shown_score
    from competition.store import get_contest

    store = store_of(ctx)
    boards = list_old_boards(store, slug)
    if as_json:
        print_json([asdict(board) for board in boards])
        return
    decimals = get_contest(store, slug).score_truncation_num_decimals
    if not boards:
        say(f"{slug}: no board was ever replaced")
    for board in boards:
        for name, rows in (("public", board.public), ("private", board.private)):
            say(f"{name} board until {board.kept_at:%Y-%m-%d %H:%M} UTC")
            print_table(
                [">rank", "team", ">score", ">entries"],
                [
                    (row.rank, row.team, shown_score(row.score, decimals), row.entries)
                    for row in rows[:top]
                ],
            )


@click.command("audit")
@click.argument("slug")
@JSON
@click.pass_context
def audit_command(ctx: click.Context, slug: str, as_json: bool) -> None:
    """Show the audit log of the contest SLUG and verify its chain; status 1 when it is broken."""
    from competition.store import audit_records, get_contest, verify_audit

    store = store_of(ctx)
    get_contest(store, slug)
    records, problems = audit_records(store, slug), verify_audit(store, slug)
    if as_json:
        print_json({"records": [asdict(record) for record in records], "problems": problems})
    else:
        for record in records:
            say(f"{record.number:>5} {record.at[:19]} {record.actor}: {record.action}")
            say(f"      {record.details}")
        for problem in problems:
            say(f"! {problem}")
        say(f"{slug}: {len(records)} records, the chain is {'BROKEN' if problems else 'whole'}")
    ctx.exit(1 if problems else 0)
