"""``ripe contest confidence`` and ``ripe contest probing``: what the host should know."""

from __future__ import annotations

from dataclasses import asdict

import click

from ripe.commands.contest.opening import store_of
from ripe.console import print_json, print_table, say

JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.command("confidence")
@click.argument("slug")
@click.option("--final", is_flag=True, help="Of the final board, made of private scores.")
@JSON
@click.pass_context
def confidence_command(ctx: click.Context, slug: str, final: bool, as_json: bool) -> None:
    """Show how sure each line of the public board of the contest SLUG is.

    Intervals hold 95 % of the scores and ranks on resampled test sets; lines of one tie group
    cannot be told from its first line.
    """
    from competition.final_confidence import final_confidence
    from competition.scoring import shown_score
    from competition.store import get_contest
    from competition.watching import contest_confidence

    store = store_of(ctx)
    lines = final_confidence(store, slug) if final else contest_confidence(store, slug)
    if as_json:
        print_json([asdict(line) for line in lines])
        return
    decimals = get_contest(store, slug).score_truncation_num_decimals
    print_table(
        [">rank", "team", ">score", ">from", ">to", ">ranks", ">tie group"],
        [
            (
                line.rank,
                line.team,
                *(
                    shown_score(score, decimals)
                    for score in (line.score, line.score_low, line.score_high)
                ),
                f"{line.rank_low}-{line.rank_high}",
                line.tie_group,
            )
            for line in lines
        ],
    )


@click.command("probing")
@click.argument("slug")
@JSON
@click.pass_context
def probing_command(ctx: click.Context, slug: str, as_json: bool) -> None:
    """Look for entries of the contest SLUG that ask the board for labels; reasons, no verdicts."""
    from competition.watching import contest_alarms

    alarms = contest_alarms(store_of(ctx), slug)
    if as_json:
        print_json([asdict(alarm) for alarm in alarms])
        return
    for alarm in alarms:
        refs = ", ".join(map(str, alarm.refs))
        say(f"{alarm.rule.replace('_', ' ')}: {alarm.message} (entries {refs})")
    if not alarms:
        say(f"{slug}: no entry looks like probing")
