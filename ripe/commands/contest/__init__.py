"""``ripe contest``: make contests, look at them, look after them."""

from __future__ import annotations

from importlib import import_module

import click

from ripe.commands.contest.opening import DATABASE

SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "new": ("new", "Build a contest from tables and add it to this home."),
    "import": ("importing", "Take over a contest of MLE-bench or Codabench."),
    "add": ("new", "Add a contest from its folder."),
    "check": ("check", "Look a contest over before it opens."),
    "list": ("show", "List the contests of this home."),
    "show": ("show", "Show what a contest is."),
    "entries": ("entries", "List all entries, and why one failed."),
    "open": ("changing", "Open a contest to participants."),
    "update": ("changing", "Take the changes of a contest folder in, after showing them."),
    "close": ("changing", "Set a contest's deadline, now or at a time."),
    "rescore": ("rescoring", "Score entries again, show who moves, then swap the boards."),
    "boards": ("record", "Show the boards that a rescore replaced."),
    "results": ("results", "Show the final board with medals, points and the shake-up."),
    "confidence": ("watching", "Show how sure each line of the board is."),
    "probing": ("watching", "Look for entries that ask the board for labels."),
    "audit": ("record", "Show and verify the audit log of a contest."),
    "export": ("exporting", "Write a contest to a folder, or all of it to an archive."),
}
"""Subcommand -> (module of this package, one-line help)."""


class LazyContestGroup(click.Group):
    """A group that imports a subcommand's module only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the subcommands in the order of the help."""
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a subcommand; None when there is none of this name."""
        if cmd_name not in SUBCOMMANDS:
            return None
        module = import_module(f"{__name__}.{SUBCOMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_") + "_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in SUBCOMMANDS.items()])


@click.group(cls=LazyContestGroup)
@click.option(
    "--database", metavar="URL", envvar="RIPE_DATABASE", help="The host's database, if not here."
)
@click.pass_context
def command(ctx: click.Context, database: str | None) -> None:
    """Make, list and look after contests."""
    ctx.meta[DATABASE] = database
