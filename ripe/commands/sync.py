"""`ripe sync`: bring scores and ranks in from the servers."""

from __future__ import annotations

import click

from ripe.console import home_of, print_json, progress, say

__all__ = ["command"]


@click.command()
@click.argument("slug", required=False)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@click.pass_context
def command(ctx: click.Context, slug: str | None, as_json: bool) -> None:
    """Bring in scores and ranks of every submission of this home, or of those to SLUG."""
    from datetime import UTC, datetime

    from experiments.ledger.syncing import sync
    from experiments.overviews.runs import entry_as_row

    with progress(None, "asking the servers") as advance:
        report = sync(
            home_of(ctx),
            slug,
            now=datetime.now(UTC),
            on_contest=lambda server, contest: advance(0, f"{contest} on {server}"),
        )
    if as_json:
        changed = [entry_as_row(entry) for entry in report.changed]
        print_json({"entries": report.entries, "changed": changed, "failures": report.failures})
    else:
        say(f"{report.entries} submissions looked at, {len(report.changed)} with news.")
    for failure in report.failures:
        click.echo(f"ripe: {failure}", err=True)
    if report.failures:
        ctx.exit(1)
