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


def test_mistakes_of_every_kind_are_told_at_once():
    content = {
        "name": "broken",
        "contest": "clouds",
        "sed": 1,
        "features": ["auto"],
        "validation": {"kind": "stratifed"},
        "network": {"learning_rate": -1, "max_epochs": 1e9, "activation": "relo"},
        "search": {
            "sampler": "tpee",
            "pruner": "medain",
            "space": {"units": [], "layers": [1], "dropout": {"low": 0.0, "high": 2.0}},
        },
    }
    with pytest.raises(InvalidExperiment) as caught:
        parse_experiment(content, "broken.toml")
    assert sorted(caught.value.problems) == sorted(
        {
            "sed: unknown key; did you mean 'seed'?",
            "features[0]: must be a table, but got 'auto'",
            "validation.kind: there is no kind 'stratifed'; did you mean 'stratified'?",
            "search.sampler: there is no sampler 'tpee'; did you mean 'tpe'?",
            "search.pruner: there is no pruner 'medain'; did you mean 'median'?",
            "search.space.units: must hold at least one choice",
            "network.learning_rate: learning_rate > 0 must hold, but got -1",
            "network.max_epochs: must be a whole number, but got 1000000000.0",
            "network.activation: there is no activation 'relo'; did you mean 'relu'?",
            "search.space.dropout: 0 <= dropout < 1 must hold, but got 2.0",
        }
    )


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("seed=99999999999999999999", "seed: must be at most 4000000000"),
        ("network.max_epochs=10.5", "network.max_epochs: must be a whole number, but got 10.5"),
        ("network.max_epochs=1000000000", "network.max_epochs: must be at most 10000000"),
        ("network.learning_rate=inf", "network.learning_rate: must be a number, but got inf"),
        ("network.hidden_layer_sizes=[1000000000]", "a layer has at most 65536 nodes"),
        ("network.hidden_layer_sizes=[60000, 60000]", "weights lie between hidden layers"),
        ("search.space={layers=[1, 2], units=[60000]}", "with the most layers, at most 50000000"),
        ("search.space={layers=[99], units=[8]}", "a network has at most 64 hidden layers"),
        ("network=3", "network: must be a table, but got 3"),
        ("features=3", "features: must be text or a list, but got 3"),
        ("search.objectives=['score', 'time']", r"objectives\[1\]: must be one of score, size"),
        ("recipes={'a b'=[]}", "recipes.a b: a name begins with a letter or digit"),
        ("seed=1.5", "seed: must be a whole number, but got 1.5"),
        ("=3", "--set: write it as section.key=value, not '=3'"),
        ("search.=3", "--set: write it as section.key=value"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_words_of_the_file(tmp_path, setting, problem):
    (tmp_path / "own.toml").write_text('contest = "clouds"\n')
    with pytest.raises(InvalidExperiment, match=problem):
        load_experiment(tmp_path / "own.toml", [setting])
