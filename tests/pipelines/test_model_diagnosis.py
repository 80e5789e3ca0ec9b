"""Calibration and permutation importance say what is so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from competition.metrics import get_metric
from pipelines.features import Step, build_features
from pipelines.features.steps import Setting
from pipelines.folds import FoldPlan, make_folds
from pipelines.models import Target, importance
from pipelines.models.calibration import calibrate, wilson_interval
from pipelines.models.champion import Champion, FoldModel
from pipelines.models.importance import permutation_importance
from pipelines.models.scoring import Scorer


def two_classes(rows: int = 4000, sharpen: float = 1.0):
    generator = np.random.default_rng(0)
    chance = generator.random(rows)
    truth = (generator.random(rows) < chance).astype(np.int64)
    said = chance**sharpen / (chance**sharpen + (1 - chance) ** sharpen)
    return np.column_stack([1 - said, said]), truth


def test_honest_probabilities_have_little_calibration_error():
    probabilities, truth = two_classes()
    found = calibrate(probabilities, truth)
    assert found.error < 0.03
    assert sum(one.rows for one in found.bins) == len(truth)
    assert found.brier == pytest.approx(brier_score_loss(truth, probabilities[:, 1]))
    held = [one.seen_low <= one.said <= one.seen_high for one in found.bins]
    assert np.mean(held) >= 0.8


def test_overconfident_probabilities_are_told():
    probabilities, truth = two_classes(sharpen=4.0)
    assert calibrate(probabilities, truth).error > 0.08


def test_of_many_classes_the_likeliest_is_looked_at():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]])
    found = calibrate(probabilities, np.array([0, 1, 2]))
    assert [(one.rows, one.seen) for one in found.bins] == [(1, 0.0), (1, 1.0), (1, 1.0)]
    assert found.brier == pytest.approx((0.14 + 0.86 + 0.06) / 3)
    assert found.error == pytest.approx((0.6 + 0.3 + 0.2) / 3)


@given(st.integers(1, 500), st.floats(0, 1))
def test_wilsons_interval_holds_the_share(rows, share):
    hits = round(share * rows)
    low, high = wilson_interval(hits, rows)
    assert 0 <= low <= hits / rows + 1e-12
    assert hits / rows <= high + 1e-12 <= 1 + 1e-12


@dataclass(frozen=True)
class TakesTheFirst:
    """Answers with its first feature."""

    def answers(self, features):
        return np.asarray(features)[:, :1]


class Unchanged:
    """A pipeline that leaves the rows as they are, and remembers how many it was given."""

    def __init__(self):
        self.given = []

    def transform(self, table):
        self.given.append(len(table))
        return table[["signal", "noise"]].to_numpy(np.float64)


@pytest.fixture
def parts():
    generator = np.random.default_rng(0)
    rows = pd.DataFrame(generator.normal(size=(300, 2)), columns=["signal", "noise"])
    target = Target(rows[["signal"]].to_numpy() + 0.1 * generator.normal(size=(300, 1)))
    folds = make_folds(FoldPlan(folds=3), target.one_column, classes=False)
    models = [FoldModel(Unchanged(), (TakesTheFirst(),)) for _ in folds]
    return models, folds, rows, Scorer.over(get_metric("rmse"), target)


@pytest.mark.parametrize("side_by_side", [True, False])
def test_a_column_is_worth_what_its_permutation_costs(parts, side_by_side):
    models, folds, rows, scorer = parts
    found = permutation_importance(
        models,
        folds,
        rows,
        ["noise", "signal"],
        scorer.score,
        greater_is_better=False,
        seed=0,
        side_by_side=side_by_side,
    )
    first, second = found.columns
    assert (first.column, second.column) == ("signal", "noise")
    assert first.drop == pytest.approx(np.sqrt(2) - 0.1, abs=0.15)
    assert (second.drop, second.spread) == (0, 0)
    assert (found.rows, found.repeats) == (300, importance.REPEATS)
    assert found.score == pytest.approx(0.1, abs=0.02)
    calls = {len(model.pipeline.given) for model in models}
    assert calls == ({1} if side_by_side else {1 + 2 * importance.REPEATS})


def test_a_champion_names_the_steps_of_every_recipe_that_its_models_learned_from():
    setting = Setting(classes=False)
    recipes = [(Step(name),) for name in ("scale", "auto")]
    fold = FoldModel.of([build_features(recipe, setting) for recipe in recipes], [(), ()])
    champion = Champion((fold,), ("size",), (), ("price",), "rmse", {})
    assert champion.steps >= {"scale", "auto"}


def test_the_same_seed_permutes_the_same(parts):
    models, folds, rows, scorer = parts
    one, other = (
        permutation_importance(
            models, folds, rows, ["signal"], scorer.score, greater_is_better=False, seed=3
        )
        for _ in range(2)
    )
    assert one == other


def test_a_large_table_is_looked_at_in_part(parts, monkeypatch):
    models, folds, rows, scorer = parts
    monkeypatch.setattr(importance, "MOST_ROWS_ANSWERED", 900)
    monkeypatch.setattr(importance, "LEAST_ROWS", 20)
    found = permutation_importance(
        models, folds, rows, ["signal"], scorer.score, greater_is_better=False, seed=0
    )
    assert (found.rows, found.of_rows) == (3 * 50, 300)


def test_many_columns_are_answered_in_batches_of_bounded_size(parts, monkeypatch):
    models, folds, rows, scorer = parts

    def measure():
        return permutation_importance(
            models, folds, rows, ["noise", "signal"], scorer.score, greater_is_better=False, seed=0
        )

    at_once = measure()
    monkeypatch.setattr(importance, "MOST_CELLS_AT_ONCE", 3 * 100 * 2)
    for model in models:
        model.pipeline.given.clear()
    assert measure() == at_once
    assert all(model.pipeline.given == [300, 300, 300, 200] for model in models)


def test_columns_of_any_name_and_kind_are_permuted():
    kinds = {
        "self": pd.Series(["a", "b", None, "a"]).astype("category"),
        "day": pd.to_datetime(pd.Series(["2024-01-01", None, "9999-12-31", "2024-01-03"])),
        "told": pd.Series(["x", None, "y", "x"]),
    }
    rows = pd.DataFrame(kinds).set_axis([7, 3, 3, 1])
    names = [None, *kinds, "self"]
    table = importance._permuted(rows, names, np.random.default_rng(0))
    assert table.dtypes.tolist() == rows.dtypes.tolist()
    for turn, name in enumerate(names):
        part = table[turn * 4 : turn * 4 + 4]
        for column in kinds:
            same = sorted if column == name else list
            assert same(map(str, part[column])) == same(map(str, rows[column]))


def test_a_difference_over_the_same_resamples_is_narrower_than_the_scores():
    generator = np.random.default_rng(0)
    target = Target(generator.integers(0, 2, 400), 2)
    one = np.eye(2)[target.values] * 0.2 + generator.random((400, 2))
    other = one + 0.02 * generator.random((400, 2))
    scorer = Scorer.over(get_metric("accuracy"), target, ["no", "yes"])
    rows = np.arange(400)
    low, high = scorer.difference(one, other, rows, None, 0)
    wide = np.diff(scorer.interval(one, rows, None, 0))
    assert low <= scorer.score(one, rows) - scorer.score(other, rows) <= high
    assert high - low < wide / 2
