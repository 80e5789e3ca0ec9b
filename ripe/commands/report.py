"""`ripe report`: what a study learned, as a page, a text or plain facts."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ripe.console import home_of, print_json, say

if TYPE_CHECKING:
    from experiments.reporting import Report

__all__ = ["command"]

BASELINES = ("majority", "linear", "random_forest", "gradient_boosting")


@click.command()
@click.argument("what", metavar="[STUDY|RUN|EXPERIMENT]", required=False)
@click.option("--baselines", is_flag=True, help="Add all baselines; fitted once, may take minutes.")
@click.option(
    "--baseline",
    "chosen",
    multiple=True,
    type=click.Choice(BASELINES),
    help="Add this one; may be given several times.",
)
@click.option("--markdown", is_flag=True, help="Print the report as Markdown.")
@click.option("--json", "as_json", is_flag=True, help="Print its facts as a JSON object.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it there: Markdown where FILE ends in .md, else the page.",
)
@click.option(
    "--open/--no-open",
    "opens",
    default=None,
    help="Open the page in a browser (default: on a terminal with a display).",
)
@click.option("--tracking", metavar="URL", help="MLflow server or database (default: this home's).")
@click.pass_context
def command(
    ctx: click.Context,
    what: str | None,
    baselines: bool,
    chosen: tuple[str, ...],
    markdown: bool,
    as_json: bool,
    output: Path | None,
    opens: bool | None,
    tracking: str | None,
) -> None:
    """Open the report of a study: scores, folds, errors, what columns are worth.

    Without an argument, that of the study finished last. A report that is not there yet is made.
    """
    from experiments.reporting.finding import find_report

    wanted = BASELINES if baselines else chosen
    report = find_report(home_of(ctx), what, baselines=wanted, uri=tracking)
    if as_json:
        print_json(report.facts)
    elif markdown:
        say(report.markdown.read_text(encoding="utf-8").rstrip())
    elif output is not None:
        _write(report, output)
    else:
        _show(report, _has_display() if opens is None else opens)


def _write(report: Report, output: Path) -> None:
    source = report.markdown if output.suffix == ".md" else report.page
    temporary = output.with_name(f".{output.name}")
    try:
        temporary.write_bytes(source.read_bytes())
        temporary.replace(output)
    except OSError as error:
        raise click.ClickException(f"cannot write {output}: {error.strerror}") from error
    say(f"Written to {output}")


def _show(report: Report, opens: bool) -> None:
    import webbrowser

    page = report.page.resolve()
    say(str(page))
    if opens and not webbrowser.open(page.as_uri()):
        say("No browser could be started; open the file above.")


def _has_display() -> bool:
    """Tell whether somebody sits at a terminal with a screen for windows beside it."""
    screen = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return screen and sys.stdout.isatty()
