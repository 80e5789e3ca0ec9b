"""`ripe run`: a study of an experiment file, from data to predictions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click

from ripe.commands.run.outcome import tell
from ripe.commands.run.progress import following
from ripe.console import home_of, print_json, progress, say
from ripe.signals import wish_to_stop

if TYPE_CHECKING:
    from experiments import Experiment, StudyResult

__all__ = ["command"]

INTERRUPTED = 130


@click.command()
@click.argument("experiment")
@click.option("--trials", type=click.IntRange(min=1), help="Trials in all (default: the file's).")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="Search no longer.")
@click.option(
    "--seed", type=click.IntRange(min=0), help="Training seed; another one is a new study."
)
@click.option("--model", metavar="NAME", help="network, or a baseline such as gradient_boosting.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Replace a setting.")
@click.option("--data", type=click.Path(path_type=Path), help="A folder with the contest's files.")
@click.option("--fresh", is_flag=True, help="Start the study over.")
@click.option("--resume", is_flag=True, help="Continue; refuse where there is nothing to continue.")
@click.option(
    "--workers",
    type=click.IntRange(min=0, max=1024),
    default=1,
    show_default=True,
    help="Processes that search; 0 waits for workers elsewhere.",
)
@click.option(
    "--storage",
    metavar="URL",
    envvar="RIPE_STORAGE",
    help="Database of studies, for several machines (default: a journal in this home).",
)
@click.option("--cluster", metavar="ADDRESS", help="Search on a dask.distributed cluster.")
@click.option("--submit", "submits", is_flag=True, help="Send the predictions to the contest.")
@click.option("-m", "--message", default="", help="The entry's description, with --submit.")
@click.option("--tracking", metavar="URL", help="MLflow server or database (default: this home's).")
@click.option("--json", "as_json", is_flag=True, help="The result as a JSON object.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
@click.pass_context
def command(
    ctx: click.Context,
    experiment: str,
    trials: int | None,
    seconds: float | None,
    seed: int | None,
    model: str | None,
    settings: tuple[str, ...],
    data: Path | None,
    fresh: bool,
    resume: bool,
    workers: int,
    storage: str | None,
    cluster: str | None,
    submits: bool,
    message: str,
    tracking: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run EXPERIMENT, a TOML file or the name of a shipped one: search, track, predict.

    Running it again continues the study until its trials are spent; a changed file, seed or
    table begins a new one.
    """
    if fresh and resume:
        raise click.UsageError("--fresh starts over, --resume continues: give one of them")
    from experiments import load_experiment, run_experiment
    from experiments.definition.loading import find_experiment

    given = {"search.trials": trials, "search.seconds": seconds, "seed": seed, "model": model}
    shortcuts = [f"{key}={value}" for key, value in given.items() if value is not None]
    loaded = load_experiment(experiment, [*_one_baseline(model, experiment), *settings, *shortcuts])
    silent = as_json or quiet
    if not silent:
        _introduce(loaded)
    total = None if silent else loaded.search.trials
    with stoppable() as wished, progress(total, "reading") as advance:
        result = run_experiment(
            loaded,
            home_of(ctx),
            data_folder=data,
            base=find_experiment(experiment).parent,
            fresh=fresh,
            resume=resume,
            storage=storage,
            workers=workers,
            cluster=cluster,
            tracking_uri=tracking,
            on_progress=None if silent else following(advance, storage),
            should_stop=wished.is_set,
        )
    entry = _submit(home_of(ctx), result, message, tracking) if submits else None
    if as_json:
        print_json({**result.as_dict(), "entry": entry})
    elif not quiet:
        tell(ctx, loaded, result, entry)


def _one_baseline(model: str | None, experiment: str) -> tuple[str, ...]:
    """Return the settings that try another model once per recipe, in place of the search."""
    if model is None or model == "network":
        return ()
    from experiments.definition.loading import load_experiment
    from experiments.definition.recipes import search_of_recipes

    search = search_of_recipes(load_experiment(experiment))
    return (f"search={search}", "ensemble.seeds=1", "ensemble.greedy=false")


@contextmanager
def stoppable() -> Iterator[Event]:
    """Take Ctrl-C and a request to end as a wish to stop at the next epoch; a second one is now.

    Yields
    ------
    threading.Event
        Set once a stop is wished for.
    """
    try:
        with wish_to_stop(_stop_at_once_if_again) as wished:
            yield wished
    except KeyboardInterrupt:
        click.echo("ripe: stopped; the same command continues this study", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None


def _stop_at_once_if_again(again: bool) -> None:
    if again:
        raise KeyboardInterrupt
    click.echo("ripe: stopping …", err=True)


def _introduce(experiment: Experiment) -> None:
    about = f": {experiment.description}" if experiment.description else ""
    say(f"{experiment.name}{about}")


def _submit(home: Path, result: StudyResult, message: str, tracking: str | None) -> int:
    from experiments.ledger.sending import submit_run
    from submissions import resolve_server

    text = message or f"{result.experiment}, {result.chosen.name}"
    server = resolve_server(home, None)
    run = str(result.run_id)
    return submit_run(home, run, result.contest, text, server, tracking=tracking).ref
