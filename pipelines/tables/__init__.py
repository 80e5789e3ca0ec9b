"""Training and test tables: read once, typed, digested."""

from pipelines.tables.kinds import ColumnKind, kind_of
from pipelines.tables.reading import TablePair, read_tables

__all__ = ["ColumnKind", "TablePair", "kind_of", "read_tables"]
