"""How commands speak: plain lines, tables, JSON and progress bars.

Lines for people go to standard output; progress goes to standard error and only to a terminal,
so that output can be piped.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = [
    "Advance",
    "command_line",
    "home_of",
    "print_json",
    "print_table",
    "progress",
    "say",
]


WIDTH_IN_A_PIPE = 160


class Advance(Protocol):
    """Moves a progress bar on, with an optional new description."""

    def __call__(self, steps: float = 1, description: str | None = None) -> None:
        """Do `steps` more steps."""


def home_of(ctx: click.Context) -> Path:
    """Return the home folder that the command line names."""
    home = ctx.find_object(Path)
    if home is None:
        raise click.UsageError("this command runs under 'ripe', which names the home folder")
    return home


def command_line(ctx: click.Context, *words: str) -> str:
    """Return a command of `ripe` for the same home, to be pasted into a shell.

    The home is named as it was given, and in full where the environment gave it: the line may
    be pasted into another terminal.
    """
    from ripe.home import DEFAULT_HOME, home_folder

    home = home_of(ctx)
    given = ctx.find_root().params.get("home")
    is_default = given is None and home == home_folder(DEFAULT_HOME)
    options = [] if is_default else ["--home", str(given or home)]
    return shlex.join(["ripe", *options, *words])


def say(text: str = "") -> None:
    """Print one line for a person."""
    click.echo(text)


def print_json(value: Any) -> None:
    """Print a value as JSON for a program; NaN is not JSON and is refused."""
    click.echo(json.dumps(value, indent=2, default=str, allow_nan=False, ensure_ascii=False))


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str | None = None,
    marked: frozenset[int] = frozenset(),
) -> None:
    """Print rows as a table.

    Parameters
    ----------
    columns : sequence of str
        Headings; one that starts with ``>`` is aligned to the right.
    rows : iterable of sequences
        Cells are shown with ``str``; None as an empty cell.
    title : str, optional
        A line above the table.
    marked : frozenset of int
        Positions (from 0) of rows to show in bold, with an arrow before the first cell.
    """
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title) if title else None, title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.removeprefix(">"), justify="right" if right else "left")
    for position, row in enumerate(rows):
        cells = ["" if cell is None else escape(str(cell)) for cell in row]
        if position in marked:
            cells[0] = f"→ {cells[0]}"
        table.add_row(*cells, style="bold green" if position in marked else None)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH_IN_A_PIPE
    console.print(table)


@contextmanager
def progress(total: int | None, description: str) -> Iterator[Advance]:
    """Show a progress bar on a terminal, and nothing elsewhere.

    Parameters
    ----------
    total : int or None
        The number of steps; None when it is not known.
    description : str
        What is going on, in a few words.

    Yields
    ------
    Advance
        Call it once for each step done.
    """
    bar = _bar()
    task = bar.add_task(description, total=total)

    def advance(steps: float = 1, description: str | None = None) -> None:
        bar.update(task, advance=steps, description=description)

    with bar:
        yield advance


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    return Progress(
        TextColumn("  {task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
