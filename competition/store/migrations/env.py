"""Alembic's entry: it runs on the connection that ``upgrading`` hands over."""

from __future__ import annotations

from alembic import context

from competition.store.schema import Base


def run() -> None:
    """Run the migrations inside the caller's transaction."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Base.metadata,
        render_as_batch=True,
        transactional_ddl=True,
    )
    context.run_migrations()


run()
