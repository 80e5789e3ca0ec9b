"""``ripe worker``: scores waiting entries, or helps a study to search; here or elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ripe.console import home_of, say
from ripe.signals import wish_to_stop

if TYPE_CHECKING:
    from experiments import Progress

__all__ = ["command"]

INTERRUPTED = 130


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
@click.option(
    "--study",
    metavar="NAME",
    help="Search in this study of ripe run (its first letters, or its experiment's name).",
)
@click.option(
    "--storage",
    metavar="URL",
    envvar="RIPE_STORAGE",
    help="With --study: the database of studies (default: the journal in this home).",
)
@click.option(
    "--data", type=click.Path(path_type=Path), help="With --study: a folder with its tables."
)
@click.option("--tracking", metavar="URL", help="With --study: where its trials are recorded.")
@click.option(
    "--threads",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    help="With --study: threads for linear algebra.",
)
@click.pass_context
def command(
    ctx: click.Context,
    database: str | None,
    files: str | None,
    slots: int,
    name: str | None,
    once: bool,
    study: str | None,
    storage: str | None,
    data: Path | None,
    tracking: str | None,
    threads: int,
) -> None:
    """Score waiting entries until stopped with Ctrl-C; the entry in hand is finished first.

    With --study: try trials of a study that `ripe run` has begun, on this or another machine,
    until its search is over. Ctrl-C drops the trials in hand.
    """
    if study is not None:
        _refuse_scoring_options(ctx)
        _search(home_of(ctx), study, storage, data, tracking, threads)
        return
    if data is not None or tracking is not None:
        raise click.UsageError("--data and --tracking belong to --study NAME")
    from competition.queue import run_workers
    from competition.store import open_store

    with (
        wish_to_stop() as stop,
        open_store(home_of(ctx), database=database, files=files) as store,
    ):
        say(f"Scoring entries with {slots} slot{'' if slots == 1 else 's'}; Ctrl-C to stop")
        run_workers(store, stop, slots=slots, name=name, once=once)


def _refuse_scoring_options(ctx: click.Context) -> None:
    given = [
        name
        for name in ("database", "files", "slots", "name", "once")
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(f"--{given[0]} is about scoring entries, --study about searching")


def _search(
    home: Path,
    study: str,
    storage: str | None,
    data: Path | None,
    tracking: str | None,
    threads: int,
) -> None:
    from experiments.overviews.studies import find_place
    from experiments.workers.working import WorkOrder, work
    from pipelines.search.storage import storage_url

    name = find_place(home, study, storage).name
    order = WorkOrder(
        name,
        str(home),
        None if storage is None else storage_url(storage),
        threads=threads,
        tracking=tracking,
        data_folder=None if data is None else str(data.resolve()),
    )
    try:
        with wish_to_stop() as stop:
            say(f"Searching in {name}; Ctrl-C to stop")
            tried = work(order, should_stop=stop.is_set, on_progress=_log_best())
    except KeyboardInterrupt:
        click.echo("ripe: stopped; the trials in hand were dropped", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    say(f"The search is over; this worker tried {tried} trial{'' if tried == 1 else 's'}")


def _log_best() -> Callable[[Progress], None]:
    """Say when the best score changes: one line each, fit for the log of a batch system."""
    best: float | None = None

    def follow(report: Progress) -> None:
        nonlocal best
        if report.best is not None and report.best != best:
            best = report.best
            say(f"{report.done} of {report.total} trials, best {best:.5f}")

    return follow
