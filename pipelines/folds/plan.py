"""Splitting the training rows into folds, on scikit-learn's splitters."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    PredefinedSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from pipelines.errors import FoldProblem

Rows = NDArray[np.int64]


class FoldKind(StrEnum):
    """How rows are dealt into folds."""

    PLAIN = "plain"
    STRATIFIED = "stratified"
    GROUPED = "grouped"
    STRATIFIED_GROUPED = "stratified_grouped"
    TIME = "time"
    PREDEFINED = "predefined"


FEWEST = 2
GROUPED_KINDS = (FoldKind.GROUPED, FoldKind.STRATIFIED_GROUPED)


@dataclass(frozen=True)
class FoldPlan:
    """A wish for folds; `kind` None leaves the choice to the contest's columns."""

    kind: FoldKind | None = None
    folds: int = 5
    repeats: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Fold:
    """Row numbers of one fold: those learned from and those scored, both ascending."""

    train: Rows
    valid: Rows


class _Splitter(Protocol):
    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Rows, Rows]]: ...


def choose_kind(*, classes: bool, groups: bool, time: bool) -> FoldKind:
    """Choose the kind of folds that the contest's columns call for.

    Parameters
    ----------
    classes, groups, time : bool
        Whether the target holds classes, and whether the contest names a group or time column.

    Examples
    --------
    >>> choose_kind(classes=True, groups=True, time=False).value
    'stratified_grouped'
    """
    if time:
        return FoldKind.TIME
    if groups:
        return FoldKind.STRATIFIED_GROUPED if classes else FoldKind.GROUPED
    return FoldKind.STRATIFIED if classes else FoldKind.PLAIN


def make_folds(
    plan: FoldPlan,
    target: NDArray[Any],
    *,
    classes: bool,
    groups: NDArray[Any] | None = None,
    order: NDArray[Any] | None = None,
    numbers: NDArray[Any] | None = None,
) -> list[Fold]:
    """Deal the rows into folds.

    Parameters
    ----------
    plan : FoldPlan
    target : array, shape (n_rows,) or (n_rows, n_targets)
        Class numbers where `classes`, else values.
    classes : bool
        Whether the target holds classes, which stratified folds keep in proportion.
    groups : array, shape (n_rows,), optional
        Rows of one group never stand on both sides.
    order : array, shape (n_rows,), optional
        Time of each row, for folds in order of time.
    numbers : array, shape (n_rows,), optional
        Fold number of each row, for predefined folds; -1 is never scored.

    Returns
    -------
    list of Fold
        `folds` x `repeats` of them.

    Raises
    ------
    FoldProblem
        When a class or the number of groups is smaller than the number of folds, or a column that
        the kind needs is missing.
    """
    kind = plan.kind or choose_kind(
        classes=classes, groups=groups is not None, time=order is not None
    )
    _require(plan, kind, target, groups, order, numbers)
    if kind is FoldKind.TIME:
        return _time_folds(plan, np.asarray(order))
    folds: list[Fold] = []
    for repeat in range(plan.repeats):
        splitter = _splitter(plan, kind, plan.seed + repeat, numbers)
        own_groups = groups if kind in GROUPED_KINDS else None
        pairs = splitter.split(np.zeros(len(target)), target, own_groups)
        folds += [Fold(np.sort(train), np.sort(valid)) for train, valid in pairs]
    return folds


def _splitter(plan: FoldPlan, kind: FoldKind, seed: int, numbers: NDArray[Any] | None) -> _Splitter:
    if kind is FoldKind.PREDEFINED:
        return PredefinedSplit(numbers)  # type: ignore[no-any-return]
    dealt = {
        FoldKind.PLAIN: KFold,
        FoldKind.STRATIFIED: StratifiedKFold,
        FoldKind.GROUPED: GroupKFold,
        FoldKind.STRATIFIED_GROUPED: StratifiedGroupKFold,
    }[kind]
    return dealt(plan.folds, shuffle=True, random_state=seed)  # type: ignore[no-any-return]


def _time_folds(plan: FoldPlan, order: NDArray[Any]) -> list[Fold]:
    """Later rows are scored by what was learned from earlier ones; ties in time stay together."""
    moments, moment_of_row = np.unique(order, return_inverse=True)
    if len(moments) <= plan.folds:
        raise FoldProblem(
            f"{plan.folds} folds in order of time need more than {plan.folds} distinct times, "
            f"but there are {len(moments)}; lower validation.folds"
        )
    splits = TimeSeriesSplit(plan.folds).split(moments)
    return [
        Fold(
            np.flatnonzero(np.isin(moment_of_row, early)),
            np.flatnonzero(np.isin(moment_of_row, late)),
        )
        for early, late in splits
    ]


def _require(
    plan: FoldPlan,
    kind: FoldKind,
    target: NDArray[Any],
    groups: NDArray[Any] | None,
    order: NDArray[Any] | None,
    numbers: NDArray[Any] | None,
) -> None:
    needed = {
        FoldKind.GROUPED: ("group column", groups),
        FoldKind.STRATIFIED_GROUPED: ("group column", groups),
        FoldKind.TIME: ("time column", order),
        FoldKind.PREDEFINED: ("fold column", numbers),
    }
    if kind in needed and needed[kind][1] is None:
        raise FoldProblem(f"{kind} folds need a {needed[kind][0]}, but the contest names none")
    if kind is FoldKind.PLAIN and len(target) < plan.folds:
        raise FoldProblem(
            f"{plan.folds} folds need at least {plan.folds} rows, but there are {len(target)}; "
            "lower validation.folds"
        )
    if kind is FoldKind.PREDEFINED:
        _require_numbers(np.asarray(numbers))
    if kind in (FoldKind.STRATIFIED, FoldKind.STRATIFIED_GROUPED):
        _require_members(plan, kind, target)
    if kind in GROUPED_KINDS:
        _require_groups(plan, np.asarray(groups))


def _require_numbers(numbers: NDArray[Any]) -> None:
    whole = np.issubdtype(numbers.dtype, np.integer)
    if not whole or len(np.unique(numbers[numbers >= 0])) < 2:
        raise FoldProblem(
            "the fold column must hold whole numbers of at least two folds (-1: never scored), "
            f"but holds {', '.join(map(str, np.unique(numbers.astype(str))[:5]))}"
        )


def _require_members(plan: FoldPlan, kind: FoldKind, target: NDArray[Any]) -> None:
    counts = np.unique(target, return_counts=True)[1]
    if len(counts) < 2:
        raise FoldProblem("the target has one class only; there is nothing to learn")
    least = counts.min()
    other = FoldKind.PLAIN if kind is FoldKind.STRATIFIED else FoldKind.GROUPED
    if least < plan.folds:
        way_out = (
            f"lower validation.folds to {least}"
            if least >= FEWEST
            else "join that class to another, leave its rows out, or take "
            f"validation.kind = {str(other)!r}"
        )
        raise FoldProblem(
            f"{plan.folds} stratified folds need at least {plan.folds} rows of each class, "
            f"but the smallest class has {least}; {way_out}"
        )


def _require_groups(plan: FoldPlan, groups: NDArray[Any]) -> None:
    count = len(np.unique(groups))
    if count < plan.folds:
        raise FoldProblem(
            f"{plan.folds} grouped folds need at least {plan.folds} groups, "
            f"but there are {count}; lower validation.folds"
        )
