"""`ripe run`: a study of an experiment file, from data to predictions."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from ripe.console import command_line, home_of, print_json, print_table, progress, say

if TYPE_CHECKING:
    from experiments import Experiment, Progress, StudyResult

__all__ = ["command"]

INTERRUPTED = 130
PREDICTIONS = "predictions.parquet"


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
            on_progress=None if silent else _following(advance, storage),
            should_stop=wished.is_set,
        )
    entry = _submit(home_of(ctx), result, message, tracking) if submits else None
    if as_json:
        print_json({**result.as_dict(), "entry": entry})
    elif not quiet:
        _tell(ctx, loaded, result, entry)


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
    wished = Event()

    def stop(number: int, frame: object) -> None:
        if wished.is_set():
            raise KeyboardInterrupt
        wished.set()
        click.echo("ripe: stopping …", err=True)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wished
    except KeyboardInterrupt:
        click.echo("ripe: stopped; the same command continues this study", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _introduce(experiment: Experiment) -> None:
    about = f": {experiment.description}" if experiment.description else ""
    say(f"{experiment.name}{about}")


def _following(advance: Any, storage: str | None) -> Callable[[Progress], None]:
    shown, invited = 0.0, storage is None

    def follow(report: Progress) -> None:
        nonlocal shown, invited
        if report.study and not invited:
            say(f"To help from elsewhere: ripe worker --study {report.study} --storage URL")
            invited = True
        now = min(report.done + report.part, report.total)
        advance(now - shown, " ".join([", ".join(_where(report)), sparkline(report.history)]))
        shown = now

    return follow


def _where(report: Progress) -> Iterator[str]:
    """Say what is going on, the best so far, the rate and the time left, as far as is known."""
    yield report.stage
    if report.best is not None:
        yield f"best {report.best:.5f}"
    if report.stage != "searching":
        return
    if report.per_minute is not None:
        rate = report.per_minute
        yield f"{rate:.0f} trials/min" if rate >= 10 else f"{rate:.1f} trials/min"
    if report.seconds_left is not None:
        yield f"{duration(report.seconds_left)} left"


def duration(seconds: float) -> str:
    """Write a duration for a person.

    Examples
    --------
    >>> duration(7.2), duration(200), duration(9000)
    ('8 s', '3:20', '2 h 30')
    """
    whole = math.ceil(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}"
    return f"{whole // 3600} h {whole % 3600 // 60:02}"


def sparkline(values: tuple[float, ...], width: int = 12) -> str:
    """Draw the last values as little bars.

    Examples
    --------
    >>> sparkline((0.0, 0.5, 1.0))
    '▁▅█'
    """
    shown = values[-width:]
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    steps = [round(7 * (value - low) / (high - low)) if high > low else 0 for value in shown]
    return "".join("▁▂▃▄▅▆▇█"[step] for step in steps)


def _submit(home: Path, result: StudyResult, message: str, tracking: str | None) -> int:
    from experiments.ledger.sending import submit_run
    from submissions import resolve_server

    text = message or f"{result.experiment}, {result.chosen.name}"
    server = resolve_server(home, None)
    run = str(result.run_id)
    return submit_run(home, run, result.contest, text, server, tracking=tracking).ref


def _tell(
    ctx: click.Context, experiment: Experiment, result: StudyResult, entry: int | None
) -> None:
    if not result.new_trials:
        say(_why_nothing(experiment, result))
    print_table(
        ("model", f">{result.metric}", ">95 % interval"),
        [
            (model.name, f"{model.score:.5f}", f"{model.low:.5f} … {model.high:.5f}")
            for model in result.models
        ],
        marked=frozenset(
            place for place, model in enumerate(result.models) if model == result.chosen
        ),
    )
    say(_best(result))
    _tell_front(result)
    _tell_recipes(result)
    say(f"Run {result.run_id or '(waiting to be sent)'}, {result.seconds:.1f} s")
    for note in result.notes:
        say(f"Note: {note}")
    if experiment.report.enabled:
        say(f"Report: {command_line(ctx, 'report', result.study)}")
    if result.warning:
        say(f"Rows wait on disk, to be sent by the next run: {result.warning}")
    if entry is not None:
        board = command_line(ctx, "leaderboard", result.contest)
        say(f"Entry {entry} stands in {result.contest}; see: {board}")
    elif result.predictions is not None:
        say(next_step(ctx, experiment, result))


def next_step(ctx: click.Context, experiment: Experiment, result: StudyResult) -> str:
    """Say what can be done with the predictions: to send them needs a contest and a run's id."""
    if experiment.contest is None:
        return f"Its predictions: {result.folder / PREDICTIONS}"
    if result.run_id is None:
        runs = command_line(ctx, "runs")
        return f"To submit it, wait until its run is sent: {runs} sends it and names its id"
    run = result.run_id[:8]
    return f"Submit it: {command_line(ctx, 'submit', '--run', run, '-c', result.contest)}"


def _why_nothing(experiment: Experiment, result: StudyResult) -> str:
    if experiment.search.sampler == "grid" and result.trials < experiment.search.trials:
        return (
            f"All {result.trials} points of the grid were tried before; nothing was tried. "
            "A finer grid: search.space. Start over: --fresh."
        )
    return (
        f"The budget of {experiment.search.trials} trials was spent before; nothing was tried.\n"
        "More trials: --trials N. Start over: --fresh."
    )


def _tell_recipes(result: StudyResult) -> None:
    """Show what each recipe of features is worth."""
    if not result.recipes:
        return
    own = result.recipes[0].name
    say(f"What the recipes of features lack beside {own!r}, by the best trial of each:")
    print_table(
        ("recipe", f">{result.metric}", f">{own} is better by", ">95 % interval", ">trials"),
        [
            (
                one.name,
                f"{one.score:.5f}",
                f"{one.worth:+.5f}" if one.name != own else "",
                f"{one.worth_low:+.5f} … {one.worth_high:+.5f}" if one.name != own else "",
                one.trials,
            )
            for one in result.recipes
        ],
    )


def _tell_front(result: StudyResult) -> None:
    """Show the trials that no other beats in every objective."""
    if not result.front:
        return
    say("No trial has both a better score and fewer weights than one of these:")
    varied = [name for name in result.best_parameters if _varies(name, result)]
    print_table(
        ("trial", f">{result.metric}", ">weights", *varied),
        [
            (
                str(trial.number),
                f"{trial.values['score']:.5f}",
                f"{trial.values['size']:.0f}",
                *(_short(trial.parameters.get(name, "")) for name in varied),
            )
            for trial in result.front
        ],
        marked=frozenset(
            place for place, trial in enumerate(result.front) if trial.number == result.best_number
        ),
    )


def _varies(name: str, result: StudyResult) -> bool:
    return len({str(trial.parameters.get(name)) for trial in result.front}) > 1


def _best(result: StudyResult) -> str:
    """Say which trial was best, and what it tried; a model's defaults alone are nothing to name."""
    values = ", ".join(f"{name} {_short(value)}" for name, value in result.best_parameters.items())
    what = f" ({values})" if values else ", with the defaults of its model"
    if result.trials == 1:
        return f"One trial{what}"
    return f"Best of {result.trials} trials: number {result.best_number}{what}"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
