"""Where the test table differs from the training table."""

import math
from collections.abc import Iterator

import pandas as pd

from pipelines.tables.kinds import ColumnKind
from pipelines.tables.reading import TablePair
from pipelines.tables.schema.rules.evidence import Evidence
from pipelines.tables.schema.values import Z_95, Finding, Shift
from pipelines.tables.wording import listed

SMALL_PSI, LARGE_PSI = 0.1, 0.25
CLEAR_AUC = 0.6
MANY_UNSEEN, MANY_MISSING, GAP_OF_MISSING = 0.01, 0.5, 0.1
Z_999 = 3.29  # 1 of 1000 samples of one source differs by more standard errors
OF_WORDS = frozenset({ColumnKind.TEXT, ColumnKind.CATEGORICAL, ColumnKind.BOOLEAN})
"""Kinds that differ by how many rows and values there are; other words are unseen ones."""


def columns_of_one_side(evidence: Evidence) -> Iterator[Finding]:
    """Name the columns that only one table has, and targets in the test table."""
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


def kinds(evidence: Evidence) -> Iterator[Finding]:
    """Name the columns that are a number, or a date, in one table alone."""
    for one in evidence.shared:
        both = {one.train_kind, one.test_kind}
        if len(both) > 1 and ColumnKind.EMPTY not in both and not both <= OF_WORDS:
            yield Finding(
                "kinds",
                "error" if ColumnKind.NUMERIC in both else "warning",
                f"{one.name!r} is {one.train_kind} in the training table and {one.test_kind} in "
                "the test table",
                "write its values alike in both tables, or drop the column",
                (one.name,),
            )


def shifts(evidence: Evidence) -> Iterator[Finding]:
    """Tell how well test rows are told from training rows, and by what."""
    shift = evidence.shift
    if shift is None or shift.auc < CLEAR_AUC or not _is_sure(shift):
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


def _is_sure(shift: Shift) -> bool:
    """Tell whether an AUC is more than chance: small tables often leave the 95 % interval."""
    error = (shift.auc - shift.low) / Z_95
    return shift.auc - 0.5 > Z_999 * error


def drifts(evidence: Evidence) -> Iterator[Finding]:
    """Name the columns that are distributed otherwise in the test table."""
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


def unseen_values(evidence: Evidence) -> Iterator[Finding]:
    """Name values of test rows that no training row has."""
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


def missing_values(evidence: Evidence) -> Iterator[Finding]:
    """Name the columns that are missing more often in one table, or mostly."""
    for one in evidence.features:
        left, right = one.train_missing, one.test_missing
        if left is not None and right is not None and _is_gap(left, right, evidence.pair):
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


def _is_gap(left: float, right: float, pair: TablePair) -> bool:
    """Tell whether shares of missing values differ by much, and by more than chance."""
    sizes = len(pair.train), 1 if pair.test is None else len(pair.test)
    shared = (left * sizes[0] + right * sizes[1]) / sum(sizes)
    error = math.sqrt(shared * (1 - shared) * (1 / sizes[0] + 1 / sizes[1]))
    return abs(left - right) > max(GAP_OF_MISSING, Z_999 * error)


def shared_groups(evidence: Evidence) -> Iterator[Finding]:
    """Tell how many test rows belong to a group of the training rows."""
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
