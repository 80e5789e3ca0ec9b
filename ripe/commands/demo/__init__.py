"""`ripe demo`: the whole loop on the avocado contest."""

from __future__ import annotations

import sys
import time

import click

from ripe.console import home_of, say

__all__ = ["command"]

PARTICIPANT = "avo-learner"
PORT = click.IntRange(0, 65535)


@click.command(name="demo")
@click.option(
    "--wait/--no-wait",
    default=None,
    help="Stay up until Ctrl-C, or end at once (default: stay up on a terminal only).",
)
@click.option(
    "--port",
    type=PORT,
    default=7777,
    show_default=True,
    help="Port of the host; a free one if taken.",
)
@click.option(
    "--mlflow-port",
    type=PORT,
    default=5000,
    show_default=True,
    help="Port of the MLflow UI; a free one if taken.",
)
@click.option(
    "--trials", type=click.IntRange(min=1), help="Trials of the search (default: the file's)."
)
@click.option("--user", default=PARTICIPANT, show_default=True, help="Who takes part.")
@click.pass_context
def command(
    ctx: click.Context,
    wait: bool | None,
    port: int,
    mlflow_port: int,
    trials: int | None,
    user: str,
) -> None:
    """Play the whole loop on the avocado contest, from the harvest to the leaderboard.

    A simulator grows avocados, a contest is made of their measurements, a host serves it, and a
    participant trains a network written from scratch, tracks every run and submits over HTTP.
    Running it again takes another training seed and adds an entry to the same board.
    """
    from ripe.commands.demo.steps import Demo
    from ripe.serving import free_or_any, serving

    started = time.monotonic()
    home = home_of(ctx)
    say(f"Is this avocado ripe? The whole loop, in {home}")
    open_port = free_or_any(port)
    with serving(home, port=open_port, mlflow_port=free_or_any(mlflow_port)) as served:
        demo = Demo(home, served, user, trials, remembers_host=port != 0 and open_port == port)
        demo.play()
        say(f"\nDone in {time.monotonic() - started:.0f} s. Open these:")
        demo.print_addresses()
        if wait or (wait is None and sys.stdout.isatty()):
            _stay_up()


def _stay_up() -> None:
    say("\nStill serving; Ctrl-C stops. `ripe up` serves this home again later.")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        say("\nStopped. Everything is kept in the home folder.")
