"""``ripe contest results``: how a contest ended."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ripe.commands.contest.opening import store_of
from ripe.console import print_json, print_table, say

if TYPE_CHECKING:
    from competition.definition import Contest
    from competition.results import Result, Results


@click.command("results")
@click.argument("slug")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def results_command(ctx: click.Context, slug: str, as_json: bool) -> None:
    """Show the final board of the contest SLUG: medals, points, who moved, who came late.

    For the host: private scores are shown at any time.
    """
    from datetime import UTC, datetime

    from competition.results import contest_results
    from competition.store import get_contest

    store = store_of(ctx)
    found = contest_results(store, slug, now=datetime.now(UTC))
    if as_json:
        print_json(asdict(found))
    else:
        _show(found, get_contest(store, slug))


def _show(found: Results, contest: Contest) -> None:
    from competition.scoring import shown_score

    decimals = contest.score_truncation_num_decimals
    print_table(
        [">rank", "team", ">score", "medal", ">points", ">public rank", ">gained"],
        [_cells(line, shown_score(line.score, decimals)) for line in found.lines],
    )
    say(
        f"shake-up: {found.shake_up:.3f} of the board, {found.shake_up_on_top:.3f} in the top tenth"
    )
    for row in found.late:
        say(f"late: {row.team}, {shown_score(row.score, decimals)}, would be rank {row.rank}")


def _cells(line: Result, score: str) -> tuple[object, ...]:
    gained = "" if line.gained is None else f"{line.gained:+d}"
    rank, public = line.rank or "", line.public_rank or ""
    return rank, line.team, score, line.medal or "", f"{line.points:.0f}", public, gained
