"""The history of the tables, revision by revision (Alembic)."""
