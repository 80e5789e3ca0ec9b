"""The `ripe` command: a table of lazily imported subcommands.

A command module is imported only when its command runs, and heavy libraries only inside
the functions that use them, so that ``ripe --help`` answers at once.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from ripe import __version__

__all__ = ["COMMANDS", "main", "ripe"]

OF_THE_MACHINE = (
    errno.EACCES,
    errno.EDQUOT,
    errno.EMFILE,
    errno.ENAMETOOLONG,
    errno.ENOSPC,
    errno.EPERM,
    errno.EROFS,
)

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": (
        "ripe.commands.demo",
        "The whole loop on the avocado contest, start to finish.",
    ),
    "up": ("ripe.commands.up", "Serve the contests of this home, with the MLflow UI beside them."),
    "contest": ("ripe.commands.contest", "Make, list and look after contests."),
    "user": ("ripe.commands.user", "Add participants and hand out tokens."),
    "schema": (
        "ripe.commands.schema",
        "Compare the training with the test table: gaps, shifts, leaks.",
    ),
    "run": ("ripe.commands.run", "Run an experiment file: search, track, export."),
    "runs": ("ripe.commands.runs", "Show tracked runs as a table."),
    "study": ("ripe.commands.study", "List, show and plot searches; Optuna's dashboard."),
    "report": (
        "ripe.commands.report",
        "Open the report of a study: scores, folds, errors, what columns are worth.",
    ),
    "ui": ("ripe.commands.ui", "Open the MLflow UI on the runs of this home."),
    "download": (
        "ripe.commands.download",
        "Download data from the host or from Kaggle.",
    ),
    "check": ("ripe.commands.check", "List every problem of a submission file; spends nothing."),
    "score": ("ripe.commands.score", "Score a submission file offline, exactly as the host does."),
    "export": ("ripe.commands.export", "Write a run's predictions as a submission file."),
    "submit": ("ripe.commands.submit", "Send a submission file, or a run's, to the host."),
    "submissions": (
        "ripe.commands.submissions",
        "List every submission made from this home, with advice on the final selection.",
    ),
    "sync": ("ripe.commands.sync", "Bring scores and ranks of your submissions in."),
    "blend": ("ripe.commands.blend", "Blend several submissions or runs into one."),
    "leaderboard": ("ripe.commands.leaderboard", "Show who leads a contest."),
    "worker": ("ripe.commands.worker", "Score waiting entries beside a host, or help a search."),
    "backup": ("ripe.commands.backup", "Pack this home into one file, also while it is in use."),
    "restore": ("ripe.commands.restore", "Put a backup back as a new home, at any place."),
    "doctor": ("ripe.commands.doctor", "Say what is stale, broken or half-done in this home."),
    "kaggle": ("ripe.commands.kaggle", "The official kaggle command, pointed at a Ripe host."),
}
"""Command name -> (module, one-line help); the module holds a click command named `command`."""


class LazyGroup(click.Group):
    """A click group that imports a subcommand's module only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)  # noqa: S101 - a programming error, not input
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="ripe")
@click.option(
    "--home",
    metavar="FOLDER",
    help="The folder that holds all state (default: RIPE_HOME, else .ripe here).",
)
@click.pass_context
def ripe(ctx: click.Context, home: str | None) -> None:
    """Host a Kaggle-style contest on your own machine, and compete in it.

    Start with: ripe demo
    """
    from ripe.home import home_folder

    ctx.obj = home_folder(home)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 refused with one line, 2 wrong usage."""
    try:
        status: Any = ripe.main(
            args=None if arguments is None else list(arguments),
            prog_name="ripe",
            standalone_mode=False,
        )
    except click.exceptions.Exit as stop:
        status = stop.exit_code
    except click.NoSuchOption as error:
        _about_home(error).show()
        status = error.exit_code
    except click.UsageError as error:
        error.show()
        status = error.exit_code
    except click.ClickException as error:
        _refuse(error.format_message())
        status = 1
    except (click.Abort, KeyboardInterrupt):
        _refuse("stopped")
        status = 130
    except BrokenPipeError:  # the reader of our output went away: nobody is left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except Exception as error:
        if not (_is_refusal(error) or _is_of_the_machine(error)):
            raise
        _refuse(_said(error))
        status = 1
    sys.exit(status if isinstance(status, int) else 0)


def _about_home(error: click.NoSuchOption) -> click.UsageError:
    """Return an error that says where --home goes, where it was given behind the command."""
    if error.option_name != "--home" or error.ctx is None:
        return error
    words = error.ctx.command_path.removeprefix("ripe ")
    message = f"--home goes before the command: ripe --home FOLDER {words} ..."
    return click.UsageError(message, error.ctx)


def _refuse(message: str) -> None:
    click.echo(f"ripe: {message}", err=True)


def _said(error: Exception) -> str:
    """Return what an error says, that of a file in the words of the machine."""
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(str(part) for part in (error.filename, error.strerror) if part)
    return str(error)


def _is_of_the_machine(error: Exception) -> bool:
    """Tell a full disk or a file that may not be read or written from a defect of ours."""
    return isinstance(error, OSError) and error.errno in OF_THE_MACHINE


def _is_refusal(error: Exception) -> bool:
    """Tell an error that speaks to the user from a defect of ours.

    Looks only at error trees whose modules are already imported: an error cannot come
    from a tree that was never loaded.
    """
    trees = (
        ("competition.errors", "CompetitionError"),
        ("pipelines.errors", "PipelineError"),
        ("pipelines.network.errors", "NetworkError"),
        ("experiments.errors", "ExperimentError"),
        ("submissions.errors", "SubmissionError"),
    )
    return any(
        isinstance(error, getattr(sys.modules[module], name))
        for module, name in trees
        if module in sys.modules
    )
