"""`ripe up`: the host and the MLflow UI, one process to stop."""

from __future__ import annotations

import errno
import logging
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from ripe.console import home_of, say
from ripe.signals import wish_to_stop

if TYPE_CHECKING:
    from competition.host import Certificate

__all__ = ["command"]

PORT = click.IntRange(0, 65535)
SWITCH_SECONDS = 0.0005
"""Python lets a thread wait 5 ms for its turn, which a request that writes does at each statement;
with a tenth, a crowd of submissions is answered sooner."""
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(name="up")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=PORT,
    default=7777,
    show_default=True,
    help="Port of the host; 0: a free one.",
)
@click.option(
    "--mlflow-port",
    type=PORT,
    default=5000,
    show_default=True,
    help="Port of the MLflow UI; 0: a free one.",
)
@click.option("--no-mlflow", is_flag=True, help="Leave the MLflow UI out.")
@click.option(
    "--database",
    metavar="URL",
    help="Database of the host (default: host.db of the home).",
)
@click.option(
    "--public-url", metavar="URL", help="The address under which participants reach the host."
)
@click.option(
    "--sign-up",
    type=click.Choice(["open", "invitation", "closed"]),
    default="closed",
    show_default=True,
    help="Who may make an account on the pages.",
)
@click.option(
    "--scoring-slots",
    type=click.IntRange(0, 64),
    default=lambda: min(2, os.cpu_count() or 1),
    show_default="2, or 1 on a single core",
    help="Entries scored side by side; 0 leaves them to ripe worker.",
)
@click.option(
    "--tls-cert", type=FILE, help="Serve https with this certificate and its chain (PEM)."
)
@click.option(
    "--tls-key", type=FILE, help="The certificate's private key, if not in the same file."
)
@click.option("--log", is_flag=True, help="Write each request as a line of JSON to stderr.")
@click.pass_context
def command(
    ctx: click.Context,
    host: str,
    port: int,
    mlflow_port: int,
    no_mlflow: bool,
    database: str | None,
    public_url: str | None,
    sign_up: Literal["open", "invitation", "closed"],
    scoring_slots: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    log: bool,
) -> None:
    """Serve the contests of this home until Ctrl-C, with the MLflow UI beside them."""
    from ripe.home import remember_address
    from ripe.serving import serving

    sys.setswitchinterval(SWITCH_SECONDS)
    home = home_of(ctx)
    certificate = _certificate(tls_cert, tls_key)
    _write_log(requests=log)
    _require_free(port, host, "--port")
    if not no_mlflow:
        _require_free(mlflow_port, "127.0.0.1", "--mlflow-port")
        if port and port == mlflow_port:
            raise click.UsageError("the host and the MLflow UI need a port each")
    with (
        wish_to_stop() as wished,
        serving(
            home,
            host=host,
            port=port,
            mlflow_port=None if no_mlflow else mlflow_port,
            database=database,
            public_url=public_url,
            sign_up=sign_up,
            slots=scoring_slots,
            certificate=certificate,
        ) as served,
    ):
        remember_address(home, public_url or served.url)
        _say_where(home, served.url, served.mlflow_url)
        wished.wait()
        say("Stopping; open requests finish first.")
    say("Stopped. Everything is kept in the home folder.")


def _certificate(file: Path | None, key: Path | None) -> Certificate | None:
    from competition.host import read_certificate

    if file is None:
        if key is not None:
            raise click.UsageError("--tls-key needs its certificate: --tls-cert FILE")
        return None
    return read_certificate(file, key)


def _write_log(*, requests: bool) -> None:
    """Write warnings, and requests where they are wished, to stderr as lines of JSON."""
    from competition.host import JsonLines

    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("competition.host.access").setLevel(
        logging.INFO if requests else logging.WARNING
    )


def _say_where(home: Path, url: str, mlflow_url: str | None) -> None:
    say(f"Serving {home}")
    say(f"  contests  {url}")
    if mlflow_url:
        say(f"  MLflow    {mlflow_url}")
    say("Ctrl-C stops.")


def _require_free(port: int, address: str, option: str) -> None:
    """Refuse an address that no server of this machine can listen on, and say why."""
    from ripe.serving import obstacle

    reason = obstacle(port, address)
    if reason is None:
        return
    if reason.errno == errno.EADDRINUSE:
        raise click.ClickException(
            f"port {port} of {address} is taken; choose another with {option}, 0 takes a free one"
        )
    if reason.errno == errno.EADDRNOTAVAIL or isinstance(reason, socket.gaierror):
        raise click.ClickException(
            f"{address} is no address of this machine; name one of its own with --host, "
            "0.0.0.0 for all"
        )
    raise click.ClickException(f"cannot listen on port {port} of {address}: {reason.strerror}")
