"""`ripe download`: a contest's data from the host, or a contest or data set from Kaggle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ripe.console import home_of, print_json, progress, say
from ripe.transfers import counting

__all__ = ["command"]


@click.command()
@click.argument("name")
@click.option("--from", "source", type=click.Choice(["host", "kaggle"]), default="host")
@click.option("-f", "--file", metavar="FILE", help="Only this file of it.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Unpack here instead.")
@click.option("--server", metavar="URL", help="The host (default: RIPE_SERVER, client.toml).")
@click.option("--force", is_flag=True, help="Fetch even what is current.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    source: str,
    file: str | None,
    output: Path | None,
    server: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Download the data of NAME into the home's data folder, and unpack it.

    NAME is a contest; with --from kaggle also a data set as OWNER/DATASET or
    OWNER/DATASET/VERSION. What is current is not fetched again.
    """
    from datetime import UTC, datetime

    from submissions import download_contest, download_from_kaggle, resolve_server

    home = home_of(ctx)
    folder = output or home / "data" / name
    with progress(None, f"downloading {name}") as advance:
        options: dict[str, Any] = {"now": datetime.now(UTC), "file": file, "force": force}
        options["on_bytes"] = counting(advance, f"downloading {name}")
        if source == "kaggle":
            download = download_from_kaggle(name, folder, **options)
        else:
            download = download_contest(resolve_server(home, server), name, folder, **options)
    if as_json:
        print_json({"folder": download.folder, "new": download.is_new, "sha256": download.digests})
        return
    state = "downloaded to" if download.is_new else "is current in"
    say(f"{name} {state} {download.folder}: {', '.join(sorted(download.digests))}")
