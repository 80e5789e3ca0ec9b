"""What of the facts is worth telling, how grave it is, and what to do about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from pipelines.tables.kinds import ColumnKind
from pipelines.tables.reading import TablePair
from pipelines.tables.schema.leaks import Skill
from pipelines.tables.schema.values import (
    SEVERITIES,
    ColumnFacts,
    Duplicates,
    Finding,
    Roles,
    Severity,
    Shift,
    TargetFacts,
)

SMALL_PSI, LARGE_PSI = 0.1, 0.25
CLEAR_AUC = 0.6
MANY_UNSEEN, MANY_MISSING, GAP_OF_MISSING = 0.01, 0.5, 0.1
CLEAR_LEAK, CLEAR_ORDER, FAINT_ORDER = 0.95, 0.2, 0.05
RARE_CLASS_SHARE, RARE_CLASS_ROWS = 0.05, 10
SKEWED = 2.0
MANY_SHARED = 0.01
NAMED = 6


@dataclass(frozen=True)
class Evidence:
    """Everything that findings are drawn from."""

    roles: Roles
    pair: TablePair
    columns: tuple[ColumnFacts, ...]
    targets: tuple[TargetFacts, ...]
    shift: Shift | None
    duplicates: Duplicates
    skills: Mapping[str, Skill]
    id_skill: Skill | None
    order_skill: Skill | None

    @property
    def features(self) -> list[ColumnFacts]:
        """The columns that may be learned from."""
        return [one for one in self.columns if one.role == "feature"]

    @property
    def shared(self) -> list[ColumnFacts]:
        """The features that both tables have."""
        return [one for one in self.features if one.train_kind and one.test_kind]


def find(evidence: Evidence) -> tuple[Finding, ...]:
    """Return the findings, the gravest first."""
    rules = (
        _columns_of_one_side,
        _kinds,
        _leaks,
        _shift,
        _drifts,
        _unseen,
        _not_finite,
        _missing,
        _constants,
        _duplicates,
        _order,
        _groups,
        _targets,
    )
    found = [finding for rule in rules for finding in rule(evidence)]
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


def _columns_of_one_side(evidence: Evidence) -> Iterator[Finding]:
    if evidence.pair.test is None:
        return
    only_train = [one.name for one in evidence.features if one.test_kind is None]
    if only_train:
        yield Finding(
            "missing_columns",
            "warning",
            f"the test table lacks {listed(only_train)}",
            "they are left out of the features; was the test table cut from the same source?",
            tuple(only_train),
        )
    only_test = [one.name for one in evidence.features if one.train_kind is None]
    if only_test:
        yield Finding(
            "extra_columns",
            "note",
            f"the training table lacks {listed(only_test)}, which the test table has",
            "nothing can be learned from them",
            tuple(only_test),
        )
    answers = [one.name for one in evidence.columns if one.role == "target" and one.test_kind]
    if answers:
        yield Finding(
            "target_in_test",
            "error",
            f"the test table holds the target {listed(answers)}",
            "take it out, or score those rows instead of predicting them",
            tuple(answers),
        )


def _kinds(evidence: Evidence) -> Iterator[Finding]:
    for one in evidence.shared:
        if one.train_kind != one.test_kind and ColumnKind.EMPTY not in (
            one.train_kind,
            one.test_kind,
        ):
            yield Finding(
                "kinds",
                "error" if ColumnKind.NUMERIC in (one.train_kind, one.test_kind) else "warning",
                f"{one.name!r} is {one.train_kind} in the training table and {one.test_kind} in "
                "the test table",
                "write its values alike in both tables, or drop the column",
                (one.name,),
            )


def _leaks(evidence: Evidence) -> Iterator[Finding]:
    for name, skill in evidence.skills.items():
        if skill.is_real and skill.gain >= CLEAR_LEAK:
            yield Finding(
                "leak",
                "warning",
                f"{name!r} alone tells {skill.gain:.1%} of {evidence.roles.targets[0]!r}",
                "drop it unless it is really known at the time of prediction",
                (name,),
            )


def _shift(evidence: Evidence) -> Iterator[Finding]:
    shift = evidence.shift
    if shift is None or shift.low <= 0.5 or shift.auc < CLEAR_AUC:
        return
    telling = [one for one in evidence.columns if (one.importance or 0.0) > 0.005]
    names = [one.name for one in sorted(telling, key=lambda one: -(one.importance or 0.0))]
    through = f", most of all by {listed(names[:3])}" if names else ""
    yield Finding(
        "shift",
        "warning",
        f"a classifier tells test rows from training rows with AUC {shift.auc:.2f} "
        f"({shift.low:.2f} … {shift.high:.2f}){through}",
        "cross-validated scores may not hold on the test rows; try dropping or binning those "
        "columns, or folds that look like the split (time, groups)",
        tuple(names),
    )


def _drifts(evidence: Evidence) -> Iterator[Finding]:
    for one in evidence.shared:
        drift = one.drift
        if drift is None or drift.psi < max(SMALL_PSI, drift.psi_by_chance):
            continue
        yield Finding(
            "drift",
            "warning" if drift.psi >= LARGE_PSI else "note",
            f"{one.name!r} is distributed otherwise in the test table: stability index "
            f"{drift.psi:.2f}" + ("" if drift.ks is None else f", distance {drift.ks:.2f}"),
            "look at its bars in the report",
            (one.name,),
        )


def _unseen(evidence: Evidence) -> Iterator[Finding]:
    for one in evidence.shared:
        if one.unseen and one.train_kind != ColumnKind.TEXT:
            yield Finding(
                "unseen",
                "warning" if one.unseen >= MANY_UNSEEN else "note",
                f"{one.unseen:.1%} of the test rows have a value of {one.name!r} that no training "
                f"row has, such as {listed(one.unseen_values[:3])}",
                "one_hot and target_encode treat them as rare; join rare values by hand if you "
                "know better",
                (one.name,),
            )


def _not_finite(evidence: Evidence) -> Iterator[Finding]:
    for name, found in evidence.pair.not_finite.items():
        yield Finding(
            "not_finite",
            "warning",
            f"{name!r} holds numbers that cannot be calculated with: {found}",
            "often a division by zero, or a stand-in for a missing value: mend it in both tables",
            (name,),
        )


def _missing(evidence: Evidence) -> Iterator[Finding]:
    for one in evidence.features:
        left, right = one.train_missing, one.test_missing
        if left is not None and right is not None and abs(left - right) > GAP_OF_MISSING:
            yield Finding(
                "missing_values",
                "warning",
                f"{one.name!r} is missing in {left:.0%} of the training rows, and in {right:.0%} "
                "of the test rows",
                "an indicator of the gap would learn the difference: impute, then drop the "
                "indicator or the column",
                (one.name,),
            )
        elif left is not None and MANY_MISSING < left < 1.0:
            yield Finding(
                "missing_values",
                "note",
                f"{one.name!r} is missing in {left:.0%} of the training rows",
                'that it is there may tell more than its value: step = "given"',
                (one.name,),
            )


def _constants(evidence: Evidence) -> Iterator[Finding]:
    same = [one.name for one in evidence.features if one.train_kind and _is_constant(one)]
    if same:
        yield Finding(
            "constant",
            "note",
            f"{listed(same)} {'have' if len(same) > 1 else 'has'} one value in all training rows",
            "nothing can be learned from it; drop it",
            tuple(same),
        )


def _is_constant(one: ColumnFacts) -> bool:
    return one.distinct == 0 or (one.distinct == 1 and not one.train_missing)


def _duplicates(evidence: Evidence) -> Iterator[Finding]:
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
            f"{found.train} of {looked} training rows have the features of an earlier one"
            + (f"; {found.contradicting} contradict each other" if found.contradicting else ""),
            "folds may score what they have learned by heart: give the copies a group column",
        )
    if found.shared and evidence.pair.test is not None:
        share = found.shared / min(found.rows_looked_at, len(evidence.pair.test))
        yield Finding(
            "shared_rows",
            "warning" if share >= MANY_SHARED else "note",
            f"{found.shared} test rows ({share:.1%}) have the features of a training row",
            "if they are the same things, their answers are known",
        )


def _order(evidence: Evidence) -> Iterator[Finding]:
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


def _groups(evidence: Evidence) -> Iterator[Finding]:
    group, test = evidence.roles.group_column, evidence.pair.test
    if group is None or test is None or group not in test or group not in evidence.pair.train:
        return
    known = test[group].isin(pd.unique(evidence.pair.train[group])).mean()
    if known:
        yield Finding(
            "groups",
            "note",
            f"{known:.0%} of the test rows belong to a {group!r} of the training rows",
            "folds by group are then harder than the test: compare both",
            (group,),
        )


def _targets(evidence: Evidence) -> Iterator[Finding]:
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
            f"class {label!r} of {target.name!r} has {rows} of {target.rows} rows",
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


def listed(names: list[str] | tuple[str, ...]) -> str:
    """Name a few things.

    Examples
    --------
    >>> listed(["a", "b"])
    "'a', 'b'"
    """
    shown = ", ".join(map(repr, names[:NAMED]))
    more = len(names) - NAMED
    return f"{shown} and {more} more" if more > 0 else shown
