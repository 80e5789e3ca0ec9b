"""Columns and rows that say nothing, say it twice, or say too much."""

from collections.abc import Iterator

from pipelines.tables.schema.rules.evidence import Evidence
from pipelines.tables.schema.values import ColumnFacts, Finding, Severity
from pipelines.tables.wording import counted, listed

CLEAR_LEAK, CLEAR_ORDER, FAINT_ORDER = 0.95, 0.2, 0.05
MANY_SHARED = 0.01


def leaks(evidence: Evidence) -> Iterator[Finding]:
    """Name the columns that alone tell the first target."""
    for name, skill in evidence.skills.items():
        if skill.is_real and skill.gain >= CLEAR_LEAK:
            yield Finding(
                "leak",
                "warning",
                f"{name!r} alone tells {skill.gain:.1%} of {evidence.roles.targets[0]!r}",
                "drop it unless it is really known at the time of prediction",
                (name,),
            )


def sorted_rows(evidence: Evidence) -> Iterator[Finding]:
    """Tell whether ids, or places in the file, tell the first target."""
    if evidence.roles.time_column is not None:
        return
    told = (
        ("id_leak", f"the id {evidence.roles.id_column!r}", evidence.id_skill),
        ("order_leak", "the place of a row in the training file", evidence.order_skill),
    )
    for rule, words, skill in told:
        if skill is not None and skill.is_real and skill.gain >= FAINT_ORDER:
            severity: Severity = "warning" if skill.gain >= CLEAR_ORDER else "note"
            yield Finding(
                rule,
                severity,
                f"{words} tells {skill.gain:.0%} of {evidence.roles.targets[0]!r}",
                "the rows are sorted: keep ids out of the features, and shuffle folds",
            )


def not_finite(evidence: Evidence) -> Iterator[Finding]:
    """Name the columns with infinite or huge numbers."""
    for name, found in evidence.pair.not_finite.items():
        yield Finding(
            "not_finite",
            "warning",
            f"{name!r} holds numbers that cannot be calculated with: {found}",
            "often a division by zero, or a stand-in for a missing value: mend it in both tables",
            (name,),
        )


def constants(evidence: Evidence) -> Iterator[Finding]:
    """Name the columns of one value."""
    same = [one.name for one in evidence.features if one.train_kind and _is_constant(one)]
    if same:
        yield Finding(
            "constant",
            "note",
            f"{listed(same)} {_have(len(same))} one value in all training rows",
            "nothing can be learned from it; drop it",
            tuple(same),
        )


def _is_constant(one: ColumnFacts) -> bool:
    return one.distinct == 0 or (one.distinct == 1 and not one.train_missing)


def duplicates(evidence: Evidence) -> Iterator[Finding]:
    """Name equal columns, and count equal rows."""
    found = evidence.duplicates
    for first, second in found.columns:
        yield Finding(
            "duplicate_columns",
            "note",
            f"{second!r} says the same as {first!r}",
            "drop one of them",
            (first, second),
        )
    looked = min(found.rows_looked_at, len(evidence.pair.train))
    if found.train:
        yield Finding(
            "duplicate_rows",
            "note",
            f"{found.train} of {counted(looked, 'training row')} "
            f"{_have(found.train)} the features of an earlier one"
            + (f"; {found.contradicting} contradict each other" if found.contradicting else ""),
            "folds may score what they have learned by heart: give the copies a group column",
        )
    if found.shared and evidence.pair.test is not None:
        share = found.shared / min(found.rows_looked_at, len(evidence.pair.test))
        yield Finding(
            "shared_rows",
            "warning" if share >= MANY_SHARED else "note",
            f"{counted(found.shared, 'test row')} ({share:.1%}) {_have(found.shared)} the features "
            "of a training row",
            "if they are the same things, their answers are known",
        )


def _have(number: int) -> str:
    return "has" if number == 1 else "have"
