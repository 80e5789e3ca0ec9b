"""The store that the commands of ``ripe contest`` work on."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ripe.console import home_of

if TYPE_CHECKING:
    from competition.store import Store

DATABASE = f"{__name__}.database"
"""Where the address of the database stands in a click context's ``meta``."""
STORE = f"{__name__}.store"


def store_of(ctx: click.Context) -> Store:
    """Open the home's store, or the one at ``--database``; it is closed with the command."""
    from competition.store import open_store

    if STORE not in ctx.meta:
        store = open_store(home_of(ctx), database=ctx.meta.get(DATABASE))
        ctx.meta[STORE] = ctx.find_root().with_resource(store)
    opened: Store = ctx.meta[STORE]
    return opened


def place_of(ctx: click.Context, slug: str) -> Path:
    """Return where the home keeps a contest's folder."""
    return home_of(ctx) / "contests" / slug


def renew_folder(ctx: click.Context, slug: str, source: Path) -> None:
    """Let the home's own folder of a contest follow the store, unless it is the `source`.

    Experiments on the host's machine read their data there.
    """
    from competition.store import export_contest

    own = home_of(ctx) / "contests" / slug
    if source.resolve() == own.resolve():
        return
    own.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=own.parent) as name:
        export_contest(store_of(ctx), slug, Path(name) / "new")
        if own.exists():
            own.rename(Path(name) / "old")
        (Path(name) / "new").rename(own)


def store_exists(ctx: click.Context) -> bool:
    """Say whether there is a store already; opening one makes it."""
    return ctx.meta.get(DATABASE) is not None or (home_of(ctx) / "host.db").exists()
