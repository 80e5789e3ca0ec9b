"""`ripe ui`: the MLflow UI on the runs of this home."""

from __future__ import annotations

import signal

import click

from ripe.console import home_of, say

__all__ = ["command"]


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=5000,
    show_default=True,
    help="Where to listen; 0 takes a free one.",
)
@click.option("--tracking", metavar="URL", help="Tracking database (default: this home's).")
@click.pass_context
def command(ctx: click.Context, port: int, tracking: str | None) -> None:
    """Serve the MLflow UI on 127.0.0.1 until Ctrl-C."""
    from pipelines.tracking.server import start_mlflow_server, ui_addresses
    from ripe.serving import is_free

    if port and not is_free(port):
        raise click.ClickException(f"port {port} is taken; choose another with --port, or 0")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    say("Starting the MLflow UI …")
    with start_mlflow_server(home_of(ctx), port=port, uri=tracking) as server:
        try:
            server.wait_until_ready()
            say(f"Open {server.url} (Ctrl-C stops)")
            for contest, address in ui_addresses(server.url).items():
                say(f"  {contest}: {address}")
            server.wait()
        except KeyboardInterrupt:
            say("Stopped.")
