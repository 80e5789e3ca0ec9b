"""Studies whose trials choose their features: stacks, champions, what each recipe is worth."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest

from experiments import StudyResult, run_experiment
from experiments.definition.loading import parse_experiment
from experiments.definition.recipes import label_of
from experiments.study.warm_starts import study_queue
from pipelines.models.feature_cache import FeatureCache
from pipelines.models.saving import load_champion
from pipelines.search import parse_space
from pipelines.tracking.models import CHAMPION_FOLDER

Content = Callable[..., dict[str, Any]]
SPACE = {"features": ["auto", "blind", "picked"], "selected": [2, 3]}
RECIPES = {
    "blind": [{"step": "keep", "columns": ["orchard"]}, {"step": "auto"}],
    "picked": [{"step": "auto"}, {"step": "select", "count": {"search": "selected", "first": 2}}],
}


@pytest.fixture
def choosing(small_experiment: Content) -> Content:
    def make(**sections: Any) -> dict[str, Any]:
        content = small_experiment(recipes=RECIPES, **sections)
        content["search"] |= {"sampler": "grid", "space": SPACE, "trials": 6, "batch": 6}
        return content

    return make


def run(content: dict[str, Any], home: Path) -> StudyResult:
    return run_experiment(parse_experiment(content, "choosing"), home)


def test_what_each_recipe_is_worth_is_told(choosing: Content, small_home: Path) -> None:
    result = run(choosing(), small_home)
    worth = {one.name: one for one in result.recipes}
    assert [one.name for one in result.recipes][:2] == ["auto", "blind"]
    assert worth["auto"].worth == 0.0
    assert worth["blind"].worth_low > 0.1
    assert {one.name: one.trials for one in result.recipes}["picked"] == 2
    summary = json.loads((result.folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["recipes"] == [vars(one) for one in result.recipes]


def test_a_grid_tries_no_recipe_twice_for_options_that_it_does_not_have(
    choosing: Content,
) -> None:
    content = choosing()
    select = {"step": "select", "count": {"search": "selected", "first": 3}}
    content["recipes"] = {**RECIPES, "picked": [{"step": "auto"}, select]}
    experiment = parse_experiment(content, "choosing")
    space = parse_space(SPACE)
    queue = study_queue(experiment, space, optuna.create_study())
    assert queue.grid is not None
    labels = [label_of(experiment, point) for point in queue.grid]
    assert sorted(labels) == ["auto", "blind", 'picked {"selected": 2}', 'picked {"selected": 3}']
    assert {"features": "auto", "selected": 3} in queue.grid  # what a study begins with


@pytest.mark.parametrize("model", ["best", "seeds", "greedy"])
def test_a_champion_of_any_recipe_predicts_the_same_when_read_back(
    model: str, choosing: Content, small_home: Path
) -> None:
    result = run(choosing(submission={"model": model}), small_home)
    champion = load_champion(result.folder / "model" / CHAMPION_FOLDER)
    test = pd.read_csv(small_home / "contests" / "clouds" / "data" / "test.csv")
    predictions = result.predictions
    assert predictions is not None
    assert champion.predict(test)["ripe"].tolist() == predictions["ripe"].tolist()


def test_the_recipe_of_the_best_trial_is_recorded(choosing: Content, small_home: Path) -> None:
    result = run(choosing(), small_home)
    assert result.best_parameters["features"] in ("auto", "picked")
    assert "learning_rate" in result.best_parameters


def test_a_trial_learns_the_same_beside_trials_of_other_recipes(
    choosing: Content, small_experiment: Content, small_home: Path
) -> None:
    together = run(choosing(), small_home)
    alone = choosing()
    alone["search"]["batch"] = 1
    apart = run(alone, small_home)
    files = [sorted((one.folder / "trials").glob("*.parquet")) for one in (together, apart)]
    for left, right in zip(*files, strict=True):
        assert np.array_equal(pd.read_parquet(left).to_numpy(), pd.read_parquet(right).to_numpy())


def test_a_baseline_tries_recipes_through_the_same_door(
    choosing: Content, small_home: Path
) -> None:
    content = choosing(model="linear", network={}, ensemble={"seeds": 1, "greedy": False})
    result = run(content, small_home)
    assert {one.name for one in result.recipes} == {"auto", "blind", "picked"}


def test_a_second_study_finds_the_features_of_the_first(
    choosing: Content, small_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FeatureCache.__init__.__kwdefaults__, "worth_seconds", 0.0)
    first = run(choosing(), small_home)
    files = {file.name for file in (small_home / "cache" / "features").iterdir()}
    assert len(files) == 4 * 3
    other = choosing()
    other["seed"] = 0
    other["network"]["max_epochs"] = 5
    second = run(other, small_home)
    assert {file.name for file in (small_home / "cache" / "features").iterdir()} == files
    assert first.study != second.study
