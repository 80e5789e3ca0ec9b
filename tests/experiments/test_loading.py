"""Experiment files: found, merged, overridden, and checked with all problems at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.definition.loading import (
    find_experiment,
    load_experiment,
    parse_experiment,
    shipped_experiments,
)
from experiments.errors import InvalidExperiment, UnknownExperiment


def test_every_shipped_experiment_is_valid():
    names = shipped_experiments()
    assert {"avocado_ripeness", "avocado_first_steps", "titanic"} <= set(names)
    for name in names:
        assert load_experiment(name).name == name


def test_a_shipped_experiment_is_found_by_slug_and_by_file_name():
    assert find_experiment("avocado-ripeness") == find_experiment("avocado_ripeness.toml")


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownExperiment, match="did you mean 'titanic'"):
        find_experiment("titanik")


def test_all_problems_come_at_once_each_with_its_key_path():
    content = {
        "name": "broken",
        "contest": "clouds",
        "seeds": 3,
        "search": {"trails": 5, "trials": "many"},
        "validation": {"folds": 1},
    }
    with pytest.raises(InvalidExperiment) as caught:
        parse_experiment(content, "broken.toml")
    problems = caught.value.problems
    assert "seeds: unknown key; did you mean 'seed'?" in problems
    assert "search.trails: unknown key; did you mean 'trials'?" in problems
    assert any(problem.startswith("search.trials: ") for problem in problems)
    assert any(problem.startswith("validation.folds: ") for problem in problems)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"network": {"learning_rat": 1}}, "network.learning_rat: network has no such parameter"),
        ({"features": [{"step": "scael"}]}, r"features\[0\].step: unknown step 'scael'"),
        ({"features": [{"step": "angle"}]}, r"features\[0\].column: step 'angle' needs it"),
        ({"model": "forest"}, "model: unknown model 'forest'; did you mean 'random_forest'"),
        ({"search": {"space": {"dropuot": [0.1]}}}, "search.space.dropuot: no such parameter"),
        ({"search": {"space": {"dropout": {"low": 1, "high": 0}}}}, "low <= high must hold"),
        ({"search": {"space": {"layers": [1]}}}, "layers and units go together"),
        (
            {
                "network": {"learning_rate": 1.0},
                "search": {"space": {"learning_rate": {"low": 0.1, "high": 0.2}}},
            },
            "widen search.space.learning_rate",
        ),
        ({"data": {"train": "a.csv", "target": "y", "metric": "rmse"}}, "but not both"),
    ],
)
def test_a_broken_rule_is_named(change, problem):
    with pytest.raises(InvalidExperiment, match=problem):
        parse_experiment({"name": "broken", "contest": "clouds", **change}, "broken.toml")


def test_a_file_extends_another_and_the_command_line_has_the_last_word(tmp_path: Path):
    (tmp_path / "base.toml").write_text('contest = "c"\n[search]\ntrials = 3\nbatch = 2\n')
    mine = tmp_path / "mine.toml"
    mine.write_text('extends = "base.toml"\n[search]\ntrials = 5\n')
    loaded = load_experiment(mine, ["network.learning_rate=0.5", "description=plain words"])
    assert (loaded.name, loaded.contest) == ("mine", "c")
    assert (loaded.search.trials, loaded.search.batch) == (5, 2)
    assert loaded.network["learning_rate"] == 0.5
    assert loaded.description == "plain words"


def test_a_file_that_extends_itself_is_refused(tmp_path: Path):
    mine = tmp_path / "mine.toml"
    mine.write_text('extends = "mine.toml"\n')
    with pytest.raises(InvalidExperiment, match="circle"):
        load_experiment(mine)


def test_text_that_is_no_toml_is_refused(tmp_path: Path):
    mine = tmp_path / "mine.toml"
    mine.write_text("name = = 1")
    with pytest.raises(InvalidExperiment, match="not a TOML file"):
        load_experiment(mine)
