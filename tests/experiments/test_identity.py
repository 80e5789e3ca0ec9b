"""Which changes begin a new study."""

from __future__ import annotations

import pytest

from experiments.definition.loading import parse_experiment
from experiments.study.identity import study_name, study_place


def named(content, data="d"):
    return study_name(parse_experiment(content, "test"), data)


@pytest.mark.parametrize(
    "change",
    [
        {"search": {"trials": 99}},
        {"search": {"seconds": 5.0}},
        {"description": "other words"},
        {"ensemble": {"seeds": 3}},
        {"submission": {"model": "best"}},
    ],
)
def test_budget_and_what_comes_after_the_search_keep_the_study(small_experiment, change):
    assert named(small_experiment(**change)) == named(small_experiment())


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"name": "other"},
        {"validation": {"folds": 4}},
        {"network": {"max_epochs": 7}},
        {"search": {"batch": 3}},
        {"features": [{"step": "auto"}]},
    ],
)
def test_whatever_affects_the_results_begins_another(small_experiment, change):
    assert named(small_experiment(**change)) != named(small_experiment())


def test_other_data_begin_another_study(small_experiment):
    assert named(small_experiment(), "a") != named(small_experiment(), "b")


def test_starting_over_takes_a_new_place_and_then_that_one_is_continued(tmp_path, small_experiment):
    experiment = parse_experiment(small_experiment(), "test")
    first = study_place(tmp_path, experiment, "d")
    first.journal.parent.mkdir()
    first.journal.touch()
    assert study_place(tmp_path, experiment, "d") == first
    second = study_place(tmp_path, experiment, "d", start_over=True)
    second.journal.touch()
    assert second != first
    assert study_place(tmp_path, experiment, "d") == second
