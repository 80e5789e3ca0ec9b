"""Secrets of this host, made on first use and shared by all its processes."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from competition.store.opening import Store
from competition.store.schema import SecretRow

__all__ = ["get_secret"]


def get_secret(store: Store, name: str) -> bytes:
    """Return 32 random bytes that stay the same for this `name`."""
    query = select(SecretRow.value).where(SecretRow.name == name)
    with store.reading() as session:
        value = session.scalar(query)
    if value is not None:
        return value
    dialect = sqlite if store.is_sqlite else postgresql
    fresh = dialect.insert(SecretRow).values(name=name, value=secrets.token_bytes(32))
    with store.writing() as session:
        session.execute(fresh.on_conflict_do_nothing())
        return session.scalars(query).one()
