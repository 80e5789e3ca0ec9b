"""`ripe runs`: tracked runs as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ripe.console import home_of, print_json, print_table, say

if TYPE_CHECKING:
    from pipelines.tracking.filters import Kind, State
    from pipelines.tracking.runs import RunSummary

__all__ = ["command"]

SHOWN = 20
MOST = 50_000  # that MLflow gives at once


@click.group(invoke_without_command=True)
@click.option("-c", "--contest", metavar="SLUG", help="Runs on this contest only.")
@click.option("--experiment", metavar="NAME", help="Runs of this experiment file only.")
@click.option(
    "--kind",
    type=click.Choice(["study", "trial", "hand-made", "all"]),
    help="Studies, their trials, runs made by hand (default: all but trials).",
)
@click.option(
    "--state",
    type=click.Choice(["finished", "running", "failed", "killed", "pruned"]),
    help="Runs in this state only.",
)
@click.option(
    "--where",
    metavar="CONDITION",
    help="Such as 'cv.score > 0.9 and params.model = network'.",
)
@click.option("--trials", "study", metavar="RUN", help="The trials of this study's run.")
@click.option(
    "--limit",
    type=click.IntRange(1, MOST),
    help=f"Most runs (default: {SHOWN} in the table, all with --json).",
)
@click.option("--tracking", metavar="URL", help="MLflow server or database (default: this home's).")
@click.option("--json", "as_json", is_flag=True, help="A list of run objects.")
@click.pass_context
def command(
    ctx: click.Context,
    contest: str | None,
    experiment: str | None,
    kind: Kind | None,
    state: State | None,
    where: str | None,
    study: str | None,
    limit: int | None,
    tracking: str | None,
    as_json: bool,
) -> None:
    """Show runs with their scores, the newest first; or the trials of one, the best first."""
    if ctx.invoked_subcommand is not None:
        return
    from pipelines.tracking.filters import RunFilter
    from pipelines.tracking.runs import list_runs, list_trials

    home = home_of(ctx)
    wanted = RunFilter(contest, experiment, kind, state, where)

    def find(most: int) -> list[RunSummary]:
        if study is None:
            return list_runs(home, wanted, limit=most, uri=tracking)
        return list_trials(home, study, wanted, limit=most, uri=tracking)

    if as_json:
        print_json([run.as_dict() for run in find(limit or MOST)])
    elif runs := find(limit or SHOWN):
        _show(runs)
        if len(runs) == (limit or SHOWN) and (total := len(find(MOST))) > len(runs):
            say(f"{len(runs)} of {total}; --limit N shows more")
    elif wanted == RunFilter():
        say("No runs yet. Start one: ripe run avocado_ripeness")
    else:
        say("No run is like that; 'ripe runs' lists all.")
    _send_what_waits(home)


def _send_what_waits(home: Path) -> None:
    """Start sending rows that wait since MLflow was away, and say so."""
    from pipelines.tracking.session import recover_home

    waiting = sum(recover_home(home).values())
    if waiting:
        sessions = "1 session wait" if waiting == 1 else f"{waiting} sessions wait"
        click.echo(f"Rows of {sessions} to be sent to MLflow; a writer was started.", err=True)


@command.command()
@click.argument("one")
@click.argument("other")
@click.option("--tracking", metavar="URL", help="MLflow server or database (default: this home's).")
@click.option("--json", "as_json", is_flag=True, help="Both runs and their differences.")
@click.pass_context
def compare(ctx: click.Context, one: str, other: str, tracking: str | None, as_json: bool) -> None:
    """Show two runs, studies or trials, beside each other: scores, and what differs."""
    from pipelines.tracking.runs import differences, find_run

    runs = [find_run(home_of(ctx), run, uri=tracking) for run in (one, other)]
    differing = differences(runs[0], runs[1])
    if as_json:
        print_json({"runs": [run.as_dict() for run in runs], "differences": differing})
        return
    facts: dict[str, Sequence[str | None]] = {
        "run": [run.run_id[:8] for run in runs],
        "state": [run.state.lower() for run in runs],
        "score": [None if run.score is None else f"{run.score:.4f}" for run in runs],
        "95 % interval": [run.interval for run in runs],
        "started": [run.started for run in runs],
        **differing,
    }
    rows = [(name, *values) for name, values in facts.items()]
    print_table(("", *(run.name for run in runs)), rows)


def _show(runs: list[RunSummary]) -> None:
    print_table(
        ("run", "name", "state", ">score", ">95 % interval", "why", "started"),
        [
            (
                run.run_id[:8],
                run.name,
                run.state.lower(),
                None if run.score is None else f"{run.score:.4f}",
                run.interval,
                run.why,
                run.started[5:],
            )
            for run in runs
        ],
    )
