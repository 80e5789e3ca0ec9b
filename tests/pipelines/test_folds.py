"""Folds: who is scored by whom."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.errors import FoldProblem
from pipelines.folds import FoldKind, FoldPlan, choose_kind, make_folds

Y = np.repeat([0, 1, 2], [60, 30, 30])
GROUPS = np.arange(120) // 3


@pytest.mark.parametrize(
    ("classes", "groups", "time", "kind"),
    [
        (True, False, False, "stratified"),
        (True, True, False, "stratified_grouped"),
        (False, True, False, "grouped"),
        (False, False, False, "plain"),
        (True, True, True, "time"),
    ],
)
def test_the_contest_chooses_the_kind(classes, groups, time, kind):
    assert choose_kind(classes=classes, groups=groups, time=time) == kind


@pytest.mark.parametrize("kind", ["plain", "stratified", "grouped", "stratified_grouped"])
def test_every_row_is_scored_once_by_rows_that_are_not_its_own(kind):
    folds = make_folds(FoldPlan(FoldKind(kind), 5), Y, classes=True, groups=GROUPS)
    assert sorted(np.concatenate([fold.valid for fold in folds])) == list(range(120))
    for fold in folds:
        assert not set(fold.train) & set(fold.valid)
        assert len(fold.train) + len(fold.valid) == 120


@pytest.mark.parametrize("kind", ["grouped", "stratified_grouped"])
def test_no_group_stands_on_both_sides(kind):
    for fold in make_folds(FoldPlan(FoldKind(kind), 4), Y, classes=True, groups=GROUPS):
        assert not set(GROUPS[fold.train]) & set(GROUPS[fold.valid])


def test_stratified_folds_keep_the_classes_in_proportion():
    for fold in make_folds(FoldPlan(folds=5), Y, classes=True):
        assert list(np.bincount(Y[fold.valid])) == [12, 6, 6]


def test_repeats_deal_anew_and_the_same_seed_deals_the_same():
    folds = make_folds(FoldPlan(folds=3, repeats=2, seed=4), Y, classes=True)
    again = make_folds(FoldPlan(folds=3, repeats=2, seed=4), Y, classes=True)
    assert len(folds) == 6
    assert not np.array_equal(folds[0].valid, folds[3].valid)
    assert all(np.array_equal(a.valid, b.valid) for a, b in zip(folds, again, strict=True))


def test_time_folds_score_only_what_comes_later_and_keep_a_moment_together():
    order = np.random.default_rng(0).integers(0, 12, 120)
    for fold in make_folds(FoldPlan(folds=4), Y, classes=True, order=order):
        assert order[fold.train].max() < order[fold.valid].min()


def test_predefined_folds_are_taken_as_they_are():
    numbers = np.arange(120) % 3
    folds = make_folds(FoldPlan(FoldKind.PREDEFINED), Y, classes=True, numbers=numbers)
    assert [list(fold.valid[:2]) for fold in folds] == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize(
    ("plan", "target", "message"),
    [
        (FoldPlan(folds=31), Y, "the smallest class has 30"),
        (FoldPlan(FoldKind.GROUPED, 41), Y, "there are 40"),
        (FoldPlan(), np.zeros(120, int), "one class only"),
        (FoldPlan(FoldKind.TIME), Y, "need a time column"),
        (FoldPlan(FoldKind.PREDEFINED), Y, "need a fold column"),
    ],
)
def test_folds_that_the_rows_do_not_allow_are_refused(plan, target, message):
    groups = GROUPS if plan.kind is FoldKind.GROUPED else None
    with pytest.raises(FoldProblem, match=message):
        make_folds(plan, target, classes=True, groups=groups)
