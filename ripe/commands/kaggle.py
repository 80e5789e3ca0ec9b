"""`ripe kaggle`: the official kaggle command, unmodified, pointed at a Ripe host.

It runs in a process of its own, for it fixes its address and its credentials while it is
imported. That process gets our token and an empty home folder, so that no credential of Kaggle's
can reach the host; and it knows no address but the host's, so that ours cannot reach Kaggle.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from ripe.console import home_of

__all__ = ["command"]

_TERMINAL = ("TERM", "COLUMNS", "LINES", "NO_COLOR")


@click.command(
    name="kaggle",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option(
    "--server", metavar="URL", help="The host (default: RIPE_SERVER, else client.toml, else local)."
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(ctx: click.Context, server: str | None, arguments: tuple[str, ...]) -> None:
    """Run the official kaggle command against a Ripe host.

    What follows is handed on as it is: `ripe kaggle competitions list`, `ripe kaggle -- -h`.
    """
    from submissions import resolve_server
    from submissions.client import child_environment

    host = resolve_server(home_of(ctx), server)
    if host.token is None:
        raise click.ClickException(
            f"there is no token for {host.url}: set RIPE_TOKEN to the one you were given "
            "('ripe user add NAME' makes a user and a token)"
        )
    with tempfile.TemporaryDirectory(prefix="ripe-") as folder:
        environment = child_environment(host, Path(folder))
        environment |= {name: os.environ[name] for name in _TERMINAL if name in os.environ}
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ripe.commands.kaggle", host.url, *arguments],
            env=environment,
            check=False,
        )
    ctx.exit(done.returncode)


def become_client(url: str, arguments: list[str]) -> None:
    """Make this process the kaggle command, with a host's address in place of Kaggle's."""
    _require_welcome(url)
    from kagglesdk import kaggle_env

    kaggle_env._env_to_endpoint[kaggle_env.KaggleEnv.LOCAL] = url
    from kaggle.cli import main  # it asks for the token's owner while it is imported

    sys.argv = ["kaggle", *arguments]
    main()


def _require_welcome(url: str) -> None:
    """End where a host is none or refuses the token: the command's own advice is for Kaggle."""
    from submissions.kaggle_process.failures import greeting_failure
    from submissions.refusals import explained
    from submissions.servers import Server

    token = os.environ["KAGGLE_API_TOKEN"]
    failure = greeting_failure(url, token)
    if failure is not None:
        sys.exit(f"ripe: {explained(failure, Server(url, token), '')}")


if __name__ == "__main__":
    become_client(sys.argv[1], sys.argv[2:])
