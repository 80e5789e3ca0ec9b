"""Feature steps: what they make, and that nothing of the scored rows gets into what is fitted."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_predict
from threadpoolctl import threadpool_limits

from pipelines.errors import RecipeProblem
from pipelines.features import STEPS, build_features, check_recipe, parse_recipe
from pipelines.features.derive import date_parts
from pipelines.features.scale import SmoothRobustScaler
from pipelines.features.steps import Setting

CLASSES = Setting(classes=True, group_column="fruit", seed=3)

LINES: dict[str, dict[str, Any]] = {
    "auto": {},
    "drop": {"columns": ["note"]},
    "keep": {"columns": ["firmness", "hue", "orchard"]},
    "impute": {"columns": ["firmness"]},
    "scale": {},
    "standardise": {"columns": ["hue"]},
    "quantile": {"columns": ["hue"], "quantiles": 20},
    "power": {"columns": ["firmness"]},
    "spline": {"columns": ["hue"]},
    "bins": {"columns": ["firmness"], "count": 4},
    "interactions": {"columns": ["firmness", "hue"]},
    "one_hot": {"columns": ["orchard"]},
    "target_encode": {"columns": ["orchard", "note"]},
    "frequency": {"columns": ["note"]},
    "aggregate": {"by": "orchard", "columns": ["hue"]},
    "select": {"count": 3},
    "dates": {"column": "picked"},
    "angle": {"column": "hue"},
    "ratio": {"numerator": "firmness", "denominator": "hue"},
    "difference": {"left": "firmness", "right": "hue"},
    "product": {"columns": ["firmness", "hue"]},
    "sum": {"columns": ["firmness", "hue"], "name": "both", "plus": 1.0},
    "log": {"column": "hue"},
    "extract": {"column": "note", "pattern": "(n[0-9])", "name": "first"},
    "given": {"column": "firmness"},
    "python": {"function": "tests_of_features:doubled"},
}
"""One line of a recipe for every step there is."""


def doubled(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"hue_doubled": 2 * frame["hue"]})


@pytest.fixture(autouse=True)
def _user_module(monkeypatch):
    """Let the user's own step be found as a module."""
    import sys
    import types

    module = types.ModuleType("tests_of_features")
    module.doubled = doubled
    monkeypatch.setitem(sys.modules, "tests_of_features", module)


def table(rows: int = 120, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    generator = np.random.default_rng(seed)
    firmness = generator.normal(50, 20, rows)
    firmness[::9] = np.nan
    frame = pd.DataFrame(
        {
            "firmness": firmness,
            "hue": generator.uniform(0, 360, rows),
            "orchard": generator.choice(["hill", "river", "mill"], rows),
            "note": [f"n{number}" for number in generator.integers(0, 40, rows)],
            "picked": pd.Timestamp("2025-05-01") + pd.to_timedelta(np.arange(rows), unit="D"),
            "hard": generator.choice(["yes", "no"], rows),
            "fruit": [f"F{number // 2}" for number in range(rows)],
        }
    )
    return frame, generator.integers(0, 3, rows)


def recipe_of(name: str) -> list[dict[str, Any]]:
    line = {"step": name, **LINES[name]}
    last = {"step": "auto"}
    return [line] if name == "auto" else [last, line] if name == "select" else [line, last]


def test_every_step_has_a_line_here():
    assert set(LINES) == set(STEPS)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_makes_finite_numbers_with_distinct_names(name):
    frame, y = table()
    pipeline = build_features(parse_recipe(recipe_of(name)), CLASSES)
    learned = pipeline.fit_transform(frame, y)
    names = list(pipeline.get_feature_names_out())
    assert learned.shape == (len(frame), len(names))
    assert np.isfinite(learned).all()
    assert len(set(names)) == len(names)
    assert "fruit" not in names


@pytest.mark.parametrize("name", STEPS)
def test_what_a_step_learns_knows_nothing_of_the_scored_rows(name):
    """However the scored rows and their targets change, training rows come out the same."""
    frame, y = table()
    scored, other = table(40, 1)[0], table(40, 2)[0]
    pipeline = build_features(parse_recipe(recipe_of(name)), CLASSES)
    learned = pipeline.fit_transform(frame, y)
    before = pickle.dumps(pipeline)
    pipeline.transform(scored)
    again = pipeline.transform(other)
    assert np.array_equal(again, pickle.loads(before).transform(other))
    fresh = build_features(parse_recipe(recipe_of(name)), CLASSES)
    assert np.array_equal(fresh.fit_transform(frame, y), learned)


@pytest.mark.parametrize("name", STEPS)
def test_a_scored_row_is_treated_alike_whatever_stands_beside_it(name):
    frame, y = table()
    scored = table(40, 1)[0]
    if name == "aggregate":
        scored = scored[scored["orchard"].isin(frame["orchard"])]
    pipeline = build_features(parse_recipe(recipe_of(name)), CLASSES).fit(frame, y)
    alone = pipeline.transform(scored.iloc[:1])
    assert np.allclose(alone, pipeline.transform(scored)[:1], atol=1e-12)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    names=st.lists(
        st.sampled_from(sorted(set(STEPS) - {"auto", "keep", "drop", "select", "python"})),
        min_size=1,
        max_size=3,
        unique=True,
    ),
    seed=st.integers(0, 2**16),
)
def test_a_random_target_scores_at_chance_through_random_recipes(names, seed):
    """The categories are many and the target is noise: any peeping would show."""
    frame, _ = table(240, seed)
    y = np.random.default_rng(seed).integers(0, 2, len(frame))
    recipe = [{"step": name, **LINES[name]} for name in names]
    taken = [line for line in recipe if line["step"] not in ("one_hot", "target_encode")]
    encoding = [line for line in recipe if line["step"] in ("one_hot", "target_encode")]
    pipeline = build_features(
        parse_recipe([*_still_there(taken, encoding), {"step": "auto"}]), CLASSES
    )
    model = HistGradientBoostingClassifier(max_iter=25, random_state=0)
    hits = []
    with threadpool_limits(1):
        for fold in range(3):
            held = np.arange(len(frame)) // 2 % 3 == fold
            learned = pipeline.fit_transform(frame[~held], y[~held])
            model.fit(learned, y[~held])
            hits += list(model.predict(pipeline.transform(frame[held])) == y[held])
    assert abs(np.mean(hits) - 0.5) < 4.5 * 0.5 / np.sqrt(len(hits))


def _still_there(
    taken: list[dict[str, Any]], encoding: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Put steps that add columns before those that use columns up, each column once."""
    adding = ("ratio", "difference", "product", "sum", "angle", "given", "extract", "dates")
    first = [line for line in taken if line["step"] in adding]
    rest = [line for line in taken if line["step"] not in adding]
    used: set[str] = set()
    kept = []
    for line in [*rest, *encoding]:
        columns = set(line.get("columns", ())) | {line.get("column"), line.get("by")} - {None}
        columns = columns or {"firmness", "hue"}
        if not columns & used:
            kept.append(line)
            used |= columns
    return [*first, *kept]


def test_cross_fitted_target_means_hide_a_rows_own_group():
    """With one category per fruit and target alike within a fruit, plain means would tell all."""
    frame, _ = table(200)
    frame["tag"] = frame["fruit"]
    y = (np.arange(200) // 2 % 2).astype(int)
    pipeline = build_features(
        parse_recipe(
            [
                {"step": "target_encode", "columns": ["tag"]},
                {"step": "keep", "columns": ["tag_target"]},
            ]
        ),
        Setting(classes=True, group_column="fruit"),
    )
    learned = pipeline.fit_transform(frame, y)[:, 0]
    assert np.ptp(learned) < 0.2
    open_means = pipeline.transform(frame)[:, 0]
    assert np.corrcoef(open_means, y)[0, 1] > 0.95


def test_unseen_categories_and_gaps_are_borne():
    frame, y = table()
    pipeline = build_features(parse_recipe("auto"), CLASSES).fit(frame, y)
    strange = frame.head(3).copy()
    strange.loc[0, "orchard"] = "moon"
    strange.loc[1, ["firmness", "hue", "orchard", "picked"]] = [np.nan, np.nan, None, pd.NaT]
    assert np.isfinite(pipeline.transform(strange)).all()


def test_auto_leaves_out_names_and_empty_columns():
    frame, y = table()
    frame["name"] = [f"avocado number {number}" for number in range(len(frame))]
    frame["nothing"] = np.nan
    names = build_features(parse_recipe("auto"), CLASSES).fit(frame, y).get_feature_names_out()
    assert not any(name.startswith(("name", "nothing")) for name in names)


def test_hue_comes_round():
    frame, y = table()
    frame.loc[[0, 1], "hue"] = [0.0, 360.0]
    recipe = [
        {"step": "angle", "column": "hue"},
        {"step": "keep", "columns": ["hue_sin", "hue_cos"]},
    ]
    made = build_features(parse_recipe(recipe), CLASSES).fit_transform(frame, y)
    assert np.allclose(made[0], made[1])


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ([{"step": "angle", "column": "heu"}], "no column 'heu'; did you mean 'hue'"),
        ([{"step": "scale"}], "column 'orchard' is not a number"),
        ([{"step": "keep", "columns": ["firmness"]}], "has missing or infinite values"),
        ([{"step": "auto"}, {"step": "select", "count": 2, "by": "luck"}], "but got 'luck'"),
        ([{"step": "python", "function": "nowhere:f"}], "cannot find the feature function"),
        (
            [{"step": "drop", "columns": ["numeric"]}, {"step": "select", "count": 1}],
            "needs numbers",
        ),
    ],
)
def test_a_recipe_that_does_not_fit_says_so(recipe, message):
    frame, y = table()
    with pytest.raises(RecipeProblem, match=message):
        build_features(parse_recipe(recipe), CLASSES).fit_transform(frame, y)


def test_all_mistakes_of_a_recipe_are_listed_at_once():
    problems = check_recipe([{"step": "ratio", "numertor": "a"}, {"stp": "auto"}])
    assert len(problems) == 4
    assert problems[0].startswith("features[0].numertor: step 'ratio' takes no 'numertor'")


def test_a_pipeline_is_an_ordinary_scikit_learn_step():
    frame, y = table()
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    whole = make_pipeline(build_features(parse_recipe("auto"), CLASSES), LogisticRegression())
    assert cross_val_predict(whole, frame, y, cv=3).shape == y.shape


@pytest.mark.parametrize("scale", [1.0, 1e100, 1e300])
def test_smooth_scaling_bears_numbers_of_any_size(scale):
    seen = scale * np.array([[-1.0], [1.0], [0.5], [-0.5]])
    scaler = SmoothRobustScaler().fit(seen)
    asked = scaler.transform([[1.7e308], [-1.7e308], [0.0]])
    assert np.isfinite(asked).all()
    assert asked[0] > asked[2] == 0.0 > asked[1]


def test_a_product_beyond_calculation_is_a_gap():
    pipeline = build_features(
        parse_recipe(
            [
                {"step": "product", "columns": ["a", "b"], "name": "area"},
                {"step": "auto"},
            ]
        ),
        Setting(True),
    )
    frame = pd.DataFrame({"a": [1e200, 1.0, 2.0, 3.0], "b": [1e200, 2.0, 3.0, 4.0]})
    assert np.isfinite(pipeline.fit_transform(frame, np.array([0, 1, 0, 1]))).all()


def test_dates_in_text_may_each_be_written_otherwise():
    written = ["2024-01-01", "2024-01-02 12:00", "2024-01-03T12:00:00+02:00", "9999-12-31", None]
    days = date_parts(pd.DataFrame({"picked": written}), "picked")["picked_days"]
    assert days.tolist()[:-1] == [19723.0, 19724.5, 19725 + 10 / 24, 2932896.0]
    assert np.isnan(days.iloc[-1])
