"""What a training and a test table are like, and where they differ."""

from pipelines.tables.schema.describing import describe_tables
from pipelines.tables.schema.page import report_page
from pipelines.tables.schema.values import (
    ColumnFacts,
    Duplicates,
    Finding,
    Roles,
    SchemaReport,
    Shift,
    TargetFacts,
)

__all__ = [
    "ColumnFacts",
    "Duplicates",
    "Finding",
    "Roles",
    "SchemaReport",
    "Shift",
    "TargetFacts",
    "describe_tables",
    "report_page",
]
