"""Recipes by name: what a file may say, what a trial's values choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from experiments.definition.loading import parse_experiment
from experiments.definition.recipes import (
    candidate_of,
    feature_dimensions,
    label_of,
    recipe_of,
    starting_values,
    values_of,
)
from experiments.definition.sections import Experiment
from experiments.errors import InvalidExperiment
from pipelines.features import Step

Content = Callable[..., dict[str, Any]]
LEAN = [{"step": "drop", "columns": ["hue"]}, {"step": "auto"}]
PICKED = [{"step": "auto"}, {"step": "select", "count": {"search": "selected", "first": 2}}]


@pytest.fixture
def searching(small_experiment: Content) -> Experiment:
    """An experiment whose trials choose among three recipes, and how many columns one keeps."""
    content = small_experiment(recipes={"lean": LEAN, "picked": PICKED})
    content["search"]["space"] |= {"features": ["auto", "lean", "picked"], "selected": [1, 2, 3]}
    return parse_experiment(content, "small")


def problems(content: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(InvalidExperiment) as caught:
        parse_experiment(content, "small")
    return caught.value.problems


def test_the_first_trial_takes_the_files_recipe_and_first_options(searching: Experiment) -> None:
    assert starting_values(searching) == {**searching.fixed, "features": "auto", "selected": 2}
    assert set(feature_dimensions(searching)) == {"features", "selected"}


def test_a_candidate_parts_model_and_features_and_puts_them_together_again(
    searching: Experiment,
) -> None:
    values = {"learning_rate": 0.01, "features": "picked", "selected": 3}
    candidate = candidate_of(searching, values, 7)
    assert candidate.parameters == {"learning_rate": 0.01}
    assert values_of(searching, candidate) == values


def test_options_that_a_recipe_does_not_use_do_not_tell_it_apart(searching: Experiment) -> None:
    labels = {label_of(searching, {"features": "lean", "selected": n}) for n in (1, 2, 3)}
    assert labels == {"lean"}
    assert label_of(searching, {"features": "picked", "selected": 1}) != "picked"


def test_a_label_stands_for_steps_with_their_options(searching: Experiment) -> None:
    label = label_of(searching, {"features": "picked", "selected": 3})
    assert recipe_of(searching, label) == (Step("auto"), Step("select", {"count": 3}))
    assert recipe_of(searching, "auto") == (Step("auto"),)


def test_an_experiment_that_chooses_nothing_has_an_empty_label(small_experiment: Content) -> None:
    plain = parse_experiment(small_experiment(features=LEAN), "small")
    assert label_of(plain, plain.fixed) == ""
    assert starting_values(plain) == plain.fixed
    assert [step.name for step in recipe_of(plain, "")] == ["drop", "auto"]


def test_an_option_that_nothing_searches_takes_its_first_value(small_experiment: Content) -> None:
    plain = parse_experiment(small_experiment(features=PICKED), "small")
    assert recipe_of(plain, "")[1] == Step("select", {"count": 2})


def test_a_recipe_of_the_file_is_used_by_name(small_experiment: Content) -> None:
    named = parse_experiment(small_experiment(features="lean", recipes={"lean": LEAN}), "small")
    assert [step.name for step in recipe_of(named, "")] == ["drop", "auto"]


@pytest.mark.parametrize(
    ("sections", "space", "problem"),
    [
        ({"features": "leen", "recipes": {"lean": LEAN}}, {}, "did you mean 'lean'"),
        ({"recipes": {"lean": LEAN}}, {"features": ["auto", "lene"]}, "search.space.features"),
        ({"recipes": {"auto": LEAN}}, {}, "recipes.auto: this name is taken"),
        ({"recipes": {"lean": [{"step": "dorp"}]}}, {}, "recipes.lean[0].step: unknown step"),
        ({"features": LEAN, "recipes": {"a": LEAN}}, {"features": ["a"]}, "a name in [recipes]"),
        ({"recipes": {"a": LEAN, "b": LEAN}}, {"features": ["a", "b"]}, "first trial takes"),
        ({"features": [{"step": "select", "count": {"search": "k"}}]}, {}, "search.space.k: is"),
        (
            {"features": [{"step": "select", "count": {"search": "k", "fist": 1}}]},
            {"k": [1]},
            "features[0].count: has no 'fist'",
        ),
        (
            {"features": [{"step": "select", "count": {"search": "max_epochs"}}]},
            {"max_epochs": [1, 2]},
            "needs a name of its own",
        ),
        ({}, {"selected": [1, 2]}, "search.space.selected: no such parameter"),
    ],
)
def test_every_mistake_has_its_key_path(
    sections: dict[str, Any],
    space: dict[str, Any],
    problem: str,
    small_experiment: Content,
) -> None:
    content = small_experiment(**sections)
    content["search"]["space"] |= space
    assert any(problem in one for one in problems(content)), problems(content)


def test_identity_knows_recipes_but_not_their_absence(small_experiment: Content) -> None:
    from experiments.study.identity import experiment_digest

    plain = parse_experiment(small_experiment(), "small")
    named = parse_experiment(small_experiment(recipes={"lean": LEAN}), "small")
    assert experiment_digest(plain) == experiment_digest(plain.model_copy(update={"recipes": {}}))
    assert experiment_digest(plain) != experiment_digest(named)
