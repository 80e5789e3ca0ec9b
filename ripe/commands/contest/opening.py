"""The store that the commands of ``ripe contest`` work on."""

from __future__ import annotations

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


def store_exists(ctx: click.Context) -> bool:
    """Say whether there is a store already; opening one makes it."""
    return ctx.meta.get(DATABASE) is not None or (home_of(ctx) / "host.db").exists()
