"""What is odd about a target."""

from collections.abc import Iterator

from pipelines.tables.schema.rules.evidence import Evidence
from pipelines.tables.schema.values import Finding, TargetFacts
from pipelines.tables.wording import counted

RARE_CLASS_SHARE, RARE_CLASS_ROWS = 0.05, 10
SKEWED = 2.0


def targets(evidence: Evidence) -> Iterator[Finding]:
    """Name targets of one class, of rare classes, and skewed ones."""
    for target in evidence.targets:
        yield from _classes(target) if target.classes else _values(target)


def _classes(target: TargetFacts) -> Iterator[Finding]:
    if len(target.counts) < 2:
        yield Finding(
            "target",
            "error",
            f"the target {target.name!r} has one class only",
            "there is nothing to learn; is this the right column?",
            (target.name,),
        )
        return
    label, rows = target.counts[-1]
    if rows < RARE_CLASS_ROWS or rows < RARE_CLASS_SHARE * target.rows:
        yield Finding(
            "target",
            "warning" if rows < RARE_CLASS_ROWS else "note",
            f"class {label!r} of {target.name!r} has {rows} of {counted(target.rows, 'row')}",
            "folds need as many rows of each class as there are folds; prefer a metric that "
            "looks at every class",
            (target.name,),
        )


def _values(target: TargetFacts) -> Iterator[Finding]:
    if target.skewness is not None and abs(target.skewness) > SKEWED:
        yield Finding(
            "target",
            "note",
            f"the target {target.name!r} is skewed ({target.skewness:.1f})",
            "a squared error is ruled by its largest values; consider their logarithm",
            (target.name,),
        )
