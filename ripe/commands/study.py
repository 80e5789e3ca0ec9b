"""`ripe study`: the searches of this home, how far they got, and what they learned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ripe.console import command_line, home_of, print_json, print_table, say
from ripe.signals import wish_to_stop

if TYPE_CHECKING:
    from experiments.overviews.studies import StudyDetails, StudyOverview

__all__ = ["command"]

Function = TypeVar("Function", bound=Callable[..., Any])
SHOWN_FAILURES = 5
BAR_WIDTH = 30
LOOPBACK = "127.0.0.1"


@click.group()
def command() -> None:
    """List, show and plot the searches of this home, or of the database at --storage."""


def storage_option(function: Function) -> Function:
    """Add the option that names a database of studies."""
    return click.option(
        "--storage",
        metavar="URL",
        envvar="RIPE_STORAGE",
        help="Optuna database, postgresql://… or sqlite:///… (default: this home's journals).",
    )(function)


@command.command(name="list")
@storage_option
@click.option("--json", "as_json", is_flag=True, help="A list of studies.")
@click.pass_context
def list_command(ctx: click.Context, storage: str | None, as_json: bool) -> None:
    """List the studies, the last active first."""
    from experiments.overviews.studies import list_studies

    studies = list_studies(home_of(ctx), storage)
    if as_json:
        print_json([study.as_dict() for study in studies])
    elif studies:
        _print_studies(studies)
    else:
        say("No studies yet. Start one: ripe run avocado_ripeness")


def _print_studies(studies: list[StudyOverview]) -> None:
    print_table(
        ("study", "experiment", "contest", "trials", ">best", "last active (UTC)"),
        [
            (
                study.name,
                study.experiment,
                study.contest,
                _states(study),
                None if study.best is None else f"{study.best:.5g}",
                study.last[:16],
            )
            for study in studies
        ],
    )


def _states(study: StudyOverview) -> str:
    told = ", ".join(f"{count} {state.lower()}" for state, count in study.states.items())
    return told.replace("fail", "failed") or "none"


@command.command()
@click.argument("name")
@storage_option
@click.option("--json", "as_json", is_flag=True, help="A study object.")
@click.option("--toml", "as_toml", is_flag=True, help="The experiment file it was begun with.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="With --toml: a new file to write it to; one that is there is never replaced.",
)
@click.pass_context
def show(
    ctx: click.Context,
    name: str,
    storage: str | None,
    as_json: bool,
    as_toml: bool,
    output: Path | None,
) -> None:
    """Show the study whose name begins with NAME: its best trial, what mattered, how to go on.

    NAME may be an experiment's name: its study that was active last.
    """
    if output is not None and not as_toml:
        raise click.UsageError("-o belongs to --toml")
    from experiments.definition.writing import format_experiment
    from experiments.overviews.studies import find_place, kept_experiment, opened, study_details

    with opened(find_place(home_of(ctx), name, storage)) as study:
        if as_toml:
            experiment = kept_experiment(study)
            if experiment is None:
                raise click.ClickException(f"study {study.study_name} keeps no experiment file")
            _give(format_experiment(experiment), output)
            return
        details = study_details(study)
    to_continue = _to_continue(ctx, details)
    if as_json:
        print_json({**details.as_dict(), "to_continue": to_continue})
    else:
        _tell(details, to_continue)


def _give(text: str, output: Path | None) -> None:
    """Print a text, or write it to a file that is not there yet."""
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.ClickException(
            f"{output} is there already and is left as it is; give another name with -o"
        ) from None
    except OSError as error:
        raise click.ClickException(f"cannot write {output}: {error.strerror}") from None
    say(f"Wrote {output}")


def _to_continue(ctx: click.Context, details: StudyDetails) -> str:
    """Return the line that goes on with a study; an address shows no password."""
    from pipelines.tracking.store import shown

    if not details.to_continue:
        return "run its experiment file again: ripe run FILE --trials N"
    given = ctx.get_parameter_source("storage") is click.core.ParameterSource.COMMANDLINE
    place = ("--storage", shown(str(ctx.params["storage"]))) if given else ()
    return " && ".join(command_line(ctx, *words, *place) for words in details.to_continue)


def _tell(details: StudyDetails, to_continue: str) -> None:
    study = details.overview
    facts: list[tuple[str, object]] = [
        ("study", study.name),
        ("experiment", study.experiment),
        ("contest", study.contest or None),
        ("trials", f"{_states(study)} (of {study.wanted})" if study.wanted else _states(study)),
        ("last active", f"{study.last} UTC" if study.last else None),
        ("best score", None if study.best is None else f"{study.best:.5g} (#{study.best_trial})"),
    ]
    print_table(("", ""), [fact for fact in facts if fact[1] is not None])
    if details.parameters:
        rows = [(name, _rounded(value)) for name, value in details.parameters.items()]
        print_table(("parameter", "best trial"), rows)
    if details.importances:
        bars = [(name, f"{share:.0%}", _bar(share)) for name, share in details.importances.items()]
        print_table(("what mattered", ">share", ""), bars)
    if details.failures:
        _tell_failures(details)
    say(f"To go on: {to_continue}")


def _tell_failures(details: StudyDetails) -> None:
    last = list(details.failures.items())[-SHOWN_FAILURES:]
    print_table(("failed trial", "because"), [(f"#{number}", reason) for number, reason in last])
    hidden = len(details.failures) - len(last)
    if hidden:
        say(f"and {hidden} before; --json lists all")


def _rounded(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _bar(share: float) -> str:
    return "█" * round(share * BAR_WIDTH)


@command.command()
@click.argument("name")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default="here",
    help="Folder to write into.",
)
@storage_option
@click.pass_context
def plot(ctx: click.Context, name: str, output: Path, storage: str | None) -> None:
    """Write Optuna's plots of a study as one HTML page that needs no network."""
    from experiments.overviews.studies import find_place, opened
    from pipelines.search.plotting import FEWEST_FOR_PLOTS, write_plots

    with opened(find_place(home_of(ctx), name, storage)) as study:
        try:
            path = write_plots(study, output, study.study_name)
        except OSError as error:
            raise click.ClickException(f"cannot write into {output}: {error.strerror}") from None
    if path is None:
        raise click.ClickException(
            f"there is nothing to draw with fewer than {FEWEST_FOR_PLOTS} complete trials"
        )
    say(f"Wrote {path}")


@command.command()
@click.argument("name")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Where to listen; 0 takes a free one.",
)
@storage_option
@click.pass_context
def dashboard(ctx: click.Context, name: str, port: int, storage: str | None) -> None:
    """Serve Optuna's dashboard of a study on 127.0.0.1 until Ctrl-C."""
    from experiments.overviews.studies import find_place, opened
    from ripe.serving import is_free

    wsgi = _dashboard()
    place = find_place(home_of(ctx), name, storage)
    if port and not is_free(port):
        raise click.ClickException(f"port {port} is taken; choose another with --port, or 0")
    with (
        wish_to_stop() as wished,
        opened(place) as study,
        _served(wsgi(study._storage), port) as address,
    ):
        say(f"Open {address}/dashboard (Ctrl-C stops)")
        wished.wait()
    say("Stopped.")


def _dashboard() -> Callable[..., Any]:
    try:
        wsgi: Callable[..., Any] = import_module("optuna_dashboard").wsgi
    except ImportError:
        raise click.ClickException(
            "the dashboard is an extra: pip install 'ripeness[dashboard]'"
        ) from None
    return wsgi


@contextmanager
def _served(app: Any, port: int) -> Iterator[str]:
    """Serve an app from a thread: an interrupt inside a request would be lost in its handler."""
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing of each request."""

    with make_server(LOOPBACK, port, app, handler_class=Quiet) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
