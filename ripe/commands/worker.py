"""``ripe worker``: scores waiting entries, beside the host or on another machine."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import click

from ripe.console import home_of, say

__all__ = ["command"]


@click.command(name="worker")
@click.option(
    "--database",
    metavar="URL",
    envvar="RIPE_DATABASE",
    help="The host's PostgreSQL; default: the database in the home.",
)
@click.option(
    "--files",
    metavar="FOLDER-or-URL",
    envvar="RIPE_FILES",
    help="The host's files: a shared folder, or its address (with RIPE_TOKEN of an administrator).",
)
@click.option("--slots", type=click.IntRange(1, 64), default=1, help="Entries scored side by side.")
@click.option("--name", help="Shown to hosts; default: machine and process.")
@click.option("--once", is_flag=True, help="End when no entry waits any more.")
@click.pass_context
def command(
    ctx: click.Context,
    database: str | None,
    files: str | None,
    slots: int,
    name: str | None,
    once: bool,
) -> None:
    """Score waiting entries until stopped with Ctrl-C; the entry in hand is finished first."""
    from competition.queue import run_workers
    from competition.store import open_store

    stop = threading.Event()
    _stop_on_signals(stop)
    with open_store(home_of(ctx), database=database, files=files) as store:
        say(f"Scoring entries with {slots} slot{'' if slots == 1 else 's'}; Ctrl-C to stop")
        run_workers(store, stop, slots=slots, name=name, once=once)


def _stop_on_signals(stop: threading.Event) -> None:
    def leave(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
