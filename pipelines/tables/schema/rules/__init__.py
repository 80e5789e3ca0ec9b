"""What of the facts is worth telling, how grave it is, and what to do about it."""

from pipelines.tables.schema.rules import rows, sides, targets
from pipelines.tables.schema.rules.evidence import Evidence
from pipelines.tables.schema.values import SEVERITIES, Finding

__all__ = ["Evidence", "find"]

RULES = (
    sides.columns_of_one_side,
    sides.kinds,
    rows.leaks,
    sides.shifts,
    sides.drifts,
    sides.unseen_values,
    rows.not_finite,
    sides.missing_values,
    rows.constants,
    rows.duplicates,
    rows.sorted_rows,
    sides.shared_groups,
    targets.targets,
)


def find(evidence: Evidence) -> tuple[Finding, ...]:
    """Return the findings, the gravest first."""
    found = [finding for rule in RULES for finding in rule(evidence)]
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))
