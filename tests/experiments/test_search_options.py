"""Whole studies with every sampler, pruner and objective that a file may name."""

from __future__ import annotations

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from experiments import ExperimentError, run_experiment
from experiments.definition.loading import parse_experiment
from experiments.errors import InvalidExperiment
from experiments.study.identity import study_name
from pipelines.errors import PipelineError
from pipelines.tracking.runs import list_trials

RATE = {"low": 0.00001, "high": 0.1, "log": True}


@pytest.fixture
def quick(small_experiment, small_home):
    """Runs a study of little networks; keywords are settings of its search."""

    def run(name="quick", *, network=None, validation=None, storage=None, **search):
        content = small_experiment(
            name=name,
            validation={"folds": 2, **(validation or {})},
            network={"max_epochs": 4, **(network or {})},
            ensemble={"seeds": 1, "greedy": False},
            report={"enabled": False},
            search={"trials": 6, "batch": 3, **search},
        )
        return run_experiment(parse_experiment(content, name), small_home, storage=storage)

    return run


def trials_of(home, result):
    from pipelines.tracking.store import prepare_store

    client = prepare_store(f"sqlite:///{home.resolve() / 'mlflow.db'}")
    runs = [client.get_run(one.run_id) for one in list_trials(home, result.run_id, limit=100)]
    return sorted(runs, key=lambda run: int(run.data.tags["optuna.trial"]))


def test_a_grid_ends_the_study_and_a_larger_budget_finds_nothing_left(quick, small_home):
    space = {"learning_rate": [0.01, 0.1], "layers": {"low": 1, "high": 2}, "units": [4]}
    settings = {"sampler": "grid", "space": space, "network": {"learning_rate": 0.1}}
    result = quick(trials=100, **settings)
    assert (result.trials, result.new_trials) == (4, 4)
    first = trials_of(small_home, result)[0].data.params
    assert (float(first["learning_rate"]), first["hidden_layer_sizes"]) == (0.1, "(4,)")
    again = quick(trials=200, **settings)
    assert (again.trials, again.new_trials) == (4, 0)


def test_two_objectives_give_a_front_whose_best_score_stands_for_the_study(quick, small_home):
    result = quick(
        trials=12,
        batch=4,
        objectives=["score", "size"],
        patience=11,
        network={"max_epochs": 8, "hidden_layer_sizes": [8], "learning_rate": 0.1},
        space={"layers": {"low": 1, "high": 2}, "units": [2, 8], "learning_rate": [0.01, 0.1]},
    )
    front = [(trial.values["score"], trial.values["size"]) for trial in result.front]
    assert front == sorted(front, reverse=True)
    assert [size for _, size in front] == sorted((size for _, size in front), reverse=True)
    assert (result.front[0].number, front[0][0]) == (result.best_number, result.best_score)
    assert result.as_dict()["front"][0]["values"]["size"] == front[0][1]
    for run in trials_of(small_home, result):
        score, size = run.data.metrics["cv.score"], run.data.metrics["size"]
        assert any(one >= score and other <= size for one, other in front)


def test_wilcoxon_gives_trials_up_between_folds_and_they_stay_complete(quick, small_home):
    result = quick(
        trials=12,
        batch=4,
        pruner="wilcoxon",
        network={"learning_rate": 0.05, "max_epochs": 8},
        validation={"repeats": 4},
        space={"learning_rate": RATE},
    )
    runs = trials_of(small_home, result)
    assert {run.data.tags["optuna.state"] for run in runs} == {"COMPLETE"}
    given_up = [run for run in runs if "stop.reason" in run.data.tags]
    assert given_up
    assert not [run for run in runs[:4] if run in given_up]
    for run in given_up:
        assert run.info.status == "FINISHED"
        assert run.data.metrics["cv.score"] < result.best_score
        scored = [name for name in run.data.metrics if name.endswith("/score")]
        assert 4 <= len(scored) < 8
        reason = f"given up after {len(scored)} of 8 folds"
        assert run.data.tags["stop.reason"] == reason


def test_a_trial_s_scores_do_not_depend_on_whether_folds_train_together(quick, small_home):
    apart = quick("apart", validation={"folds": 5}, pruner="wilcoxon", trials=2)
    together = quick("together", validation={"folds": 5}, trials=2)
    for one, other in zip(
        trials_of(small_home, apart), trials_of(small_home, together), strict=True
    ):
        assert one.data.metrics["cv.score"] == pytest.approx(other.data.metrics["cv.score"])


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_pruners_of_learning_curves_spare_epochs(quick, small_home, pruner):
    result = quick(
        trials=20,
        batch=4,
        pruner=pruner,
        network={"max_epochs": 27, "learning_rate": 0.05},
        space={"learning_rate": RATE},
    )
    runs = trials_of(small_home, result)
    pruned = [run for run in runs if run.data.tags["optuna.state"] == "PRUNED"]
    assert 0 < len(pruned) < 20
    assert {run.info.status for run in pruned} == {"KILLED"}
    assert runs[result.best_number] not in pruned


def test_everything_that_may_vary_varies_in_one_study(quick, small_home):
    result = quick(
        trials=12,
        batch=6,
        network={"learning_rate": 0.02},
        space={
            "layers": {"low": 1, "high": 3},
            "units": {"low": 2, "high": 8},
            "activation": ["relu", "tanh", "silu"],
            "batch_size": [16, 32],
            "schedule": ["constant", "one_cycle"],
            "dropout": {"low": 0.0, "high": 0.3, "step": 0.1},
            "learning_rate": RATE,
            "max_epochs": {"low": 2, "high": 4},
            "optimiser": ["adamw", "sgd"],
        },
    )
    runs = trials_of(small_home, result)
    assert {run.info.status for run in runs} == {"FINISHED"}
    for name in ("activation", "batch_size", "schedule", "dropout", "max_epochs", "optimiser"):
        assert len({run.data.params[name] for run in runs}) > 1, name
    assert len({run.data.metrics["hp.layers"] for run in runs}) > 1


def test_given_points_are_tried_right_after_the_defaults(quick, small_home):
    settings = {
        "start": [{"learning_rate": 0.03}, {"learning_rate": 0.07}],
        "space": {"learning_rate": RATE, "dropout": [0.0, 0.1]},
    }
    result = quick(trials=4, batch=2, **settings)
    quick(trials=6, batch=2, **settings)
    runs = trials_of(small_home, result)
    rates = [float(run.data.params["learning_rate"]) for run in runs]
    assert rates[:3] == [0.02, 0.03, 0.07]
    assert len(set(rates)) == 6
    assert [run.data.params["dropout"] for run in runs[:3]] == ["0.0"] * 3


@pytest.mark.parametrize(
    ("search", "problem"),
    [
        (
            {"space": {"activation": ["relu", "tahn"]}},
            "search.space.activation: there is no activation 'tahn'; did you mean 'tanh'",
        ),
        ({"space": {"dropout": {"low": 0.0, "high": 1.0}}}, "0 <= dropout < 1 must hold"),
        ({"space": {"batch_size": [16, 0.5]}}, "search.space.batch_size: must be a whole number"),
        ({"space": {"layers": [1], "units": [4, 0]}}, "search.space.units: must be whole and"),
        ({"sampler": "grid"}, "search.space.learning_rate: a grid needs a list of values"),
        ({"sampler": "cmaes"}, "search.sampler: 'cmaes' moves in ranges of numbers"),
        ({"objectives": ["size"]}, "search.objectives: begins with 'score'"),
        ({"objectives": ["score", "score"]}, "names each once"),
        ({"objectives": ["score", "sise"]}, r"search.objectives\[1\]: must be one of score, size"),
        ({"objectives": ["score", "size"], "pruner": "median"}, "needs a single objective"),
        ({"pruner": "wilcoxon"}, "needs at least 5, but got 3"),
        ({"start": [{"learning_rat": 0.1}]}, r"search.start\[0\].learning_rat: does not vary"),
        ({"start": [{"learning_rate": 9.0}]}, r"search.start\[0\].learning_rate: .* lies outside"),
    ],
)
def test_what_does_not_fit_together_is_named_with_its_key_path(small_experiment, search, problem):
    with pytest.raises(InvalidExperiment, match=problem):
        parse_experiment(small_experiment(search=search), "small")


def test_a_baseline_has_no_size(small_experiment):
    content = {"name": "b", "contest": "c", "model": "linear"}
    with pytest.raises(InvalidExperiment, match="linear has none"):
        parse_experiment({**content, "search": {"objectives": ["score", "size"]}}, "b")


@pytest.mark.parametrize(
    "search",
    [{"start": [{"learning_rate": 0.05}]}, {"start_from": "x"}, {"objectives": ["score", "size"]}],
)
def test_starts_and_objectives_begin_another_study(small_experiment, search):
    def named(**sections):
        return study_name(parse_experiment(small_experiment(**sections), "small"), "d")

    assert named(search=search) != named()
    assert named(search={"start": [], "objectives": ["score"]}) == named()


def test_a_study_begins_with_the_best_points_of_an_earlier_one(quick, small_home):
    early = quick("early", trials=6, space={"learning_rate": {"low": 0.001, "high": 0.1}})
    best = sorted(trials_of(small_home, early), key=lambda run: -run.data.metrics["cv.score"])
    rates = [float(run.data.params["learning_rate"]) for run in best]
    settings = {
        "start_best": 2,
        "space": {"learning_rate": RATE, "dropout": {"low": 0.0, "high": 0.5}},
    }
    later = quick("later", trials=4, start_from=early.study, **settings)
    runs = trials_of(small_home, later)
    wanted = [rate for rate in rates if rate != 0.02][:2]
    assert [float(run.data.params["learning_rate"]) for run in runs][:1] == [0.02]
    assert wanted[0] in [float(run.data.params["learning_rate"]) for run in runs[1:3]]
    assert [run.data.params["dropout"] for run in runs[: 2 if 0.02 in rates[:2] else 3]] == (
        ["0.0"] * (2 if 0.02 in rates[:2] else 3)
    )
    (small_home / "studies" / f"{early.study}.journal").unlink()
    longer = quick("later", trials=6, start_from=early.study, **settings)
    assert (longer.study, longer.new_trials) == (later.study, 2)


def test_an_earlier_study_is_found_by_its_run_and_by_the_run_of_a_trial(quick, small_home):
    early = quick("early", trials=3, space={"learning_rate": {"low": 0.001, "high": 0.1}})
    trial = trials_of(small_home, early)[0]
    for number, run in enumerate((early.run_id, trial.info.run_id[:12])):
        name = f"later-{number}"
        result = quick(name, trials=2, start_from=run, space={"learning_rate": RATE})
        assert result.trials == 2


def learning_rates(home, result):
    return [float(run.data.params["learning_rate"]) for run in trials_of(home, result)]


@pytest.mark.parametrize("model", ["models:/clouds@champion", "models:/clouds/1"])
def test_a_registered_model_stands_for_the_study_that_made_it(quick, small_home, model):
    early = quick("early", trials=4, space={"learning_rate": {"low": 0.001, "high": 0.1}})
    rates = set(learning_rates(small_home, early))
    later = quick("later", trials=3, start_from=model, space={"learning_rate": RATE})
    assert len(rates.intersection(learning_rates(small_home, later)[1:])) == 2


def test_a_model_whose_study_is_elsewhere_gives_the_point_that_it_was_learned_with(
    quick, small_home
):
    space = {"learning_rate": {"low": 0.001, "high": 0.1}, "layers": {"low": 1, "high": 2}}
    early = quick(
        "early",
        trials=4,
        space={**space, "units": [4, 8]},
        network={"hidden_layer_sizes": [8], "learning_rate": 0.1},
    )
    for file in (small_home / "studies").glob(f"{early.study}*.journal"):
        file.unlink()
    later = quick(
        "later",
        trials=2,
        start_from="models:/clouds@champion",
        space={**space, "units": [4, 8]},
        network={"hidden_layer_sizes": [4], "learning_rate": 0.001},
    )
    started = trials_of(small_home, later)[1].data.params
    assert float(started["learning_rate"]) == early.best_parameters["learning_rate"]
    assert started["hidden_layer_sizes"] == str(early.best_parameters["hidden_layer_sizes"])


def test_of_two_studies_of_the_experiment_that_is_named_the_newer_one_is_taken(quick, small_home):
    quick("early", trials=2, space={"dropout": [0.1, 0.2]}, network={"dropout": 0.1})
    quick("early", trials=3, space={"learning_rate": {"low": 0.001, "high": 0.1}})
    later = quick("later", trials=2, start_from="early", space={"learning_rate": RATE})
    assert later.trials == 2


def test_a_study_in_a_database_begins_with_one_of_the_home(quick, small_home):
    early = quick("early", trials=2, space={"learning_rate": {"low": 0.001, "high": 0.1}})
    database = f"sqlite:///{small_home / 'studies.db'}"
    settings = {"storage": database, "space": {"learning_rate": RATE}, "trials": 2, "batch": 2}
    later = quick("later", start_from=early.study, **settings)
    assert later.trials == 2
    last = quick("last", start_from=later.study, **settings)
    assert last.trials == 2


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ("nobody", "search.start_from: no study .* begins with 'nobody'"),
        ("models:/nobody@champion", "search.start_from: there is no models:/nobody@champion: "),
        ("models:/clouds", "written models:/NAME@ALIAS or models:/NAME/VERSION, not"),
        ("early", "lies within"),
    ],
)
def test_a_start_that_cannot_be_had_is_refused_before_anything_is_written(
    quick, small_home, wanted, problem
):
    if wanted == "early":
        quick("early", trials=2, space={"dropout": [0.1, 0.2]}, network={"dropout": 0.1})
    before = sorted(path.name for path in (small_home / "studies").glob("*"))
    with pytest.raises(ExperimentError, match=problem):
        quick(
            "later",
            trials=2,
            start_from=wanted,
            space={"weight_decay": [0.5]},
            network={"weight_decay": 0.5},
        )
    assert sorted(path.name for path in (small_home / "studies").glob("*")) == before


def test_the_documented_search_can_be_read():
    page = Path(__file__).parents[2] / "docs" / "experiments.md"
    blocks = re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    [text] = [block for block in blocks if block.startswith("[search]")]
    content = {"name": "documented", "contest": "c", **tomllib.loads(text)}
    assert len(parse_experiment(content, "documented").search.start) == 2


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed")
def test_a_gaussian_process_without_pytorch_is_refused_before_anything_is_written(
    quick, small_home
):
    before = sorted(path.name for path in small_home.iterdir())
    with pytest.raises(PipelineError, match=r"pip install 'ripeness\[gp\]'"):
        quick(sampler="gp")
    assert sorted(path.name for path in small_home.iterdir()) == before


def test_cma_es_goes_on_as_if_it_had_not_been_stopped(quick, small_home):
    settings = {
        "sampler": "cmaes",
        "space": {"learning_rate": RATE, "weight_decay": RATE},
        "network": {"max_epochs": 1},
    }
    in_two = quick("twice", trials=6, **settings)
    in_two = quick("twice", trials=12, **settings)
    in_one = quick("once", trials=12, **settings)
    tried = [
        [(run.data.params["learning_rate"], run.data.metrics["cv.score"]) for run in runs]
        for runs in (trials_of(small_home, in_two), trials_of(small_home, in_one))
    ]
    assert tried[0] == tried[1]
    assert in_one.predictions.equals(in_two.predictions)
