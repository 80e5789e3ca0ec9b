"""Scores on resampled test sets, by which a board has intervals; the entry of an upload."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table, which workers fill for entries scored before, and the column."""
    op.add_column("uploads", sa.Column("entry_id", _id(), nullable=True))
    op.create_table(
        "replicates",
        sa.Column("team_id", _id(), autoincrement=False, nullable=False),
        sa.Column("entry_id", _id(), nullable=False),
        sa.Column("metric_digest", sa.String(length=64), nullable=False),
        sa.Column("solution_digest", sa.String(length=64), nullable=False),
        sa.Column("scores", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_replicates_team_id_teams")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_replicates_entry_id_entries")
        ),
        sa.PrimaryKeyConstraint("team_id", name=op.f("pk_replicates")),
    )
