"""Whole studies on a small contest, with a real journal and a real MLflow store."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from competition.definition import MetricChoice, dump_public_contest, load_contest
from competition.tables import read_table
from experiments import ExperimentError, MissingData, run_experiment
from experiments.data import find_data, read_data
from experiments.definition.loading import parse_experiment
from experiments.study.built_models import BuiltModel, champion_of
from experiments.study.preparing import make_lesson, prepare
from pipelines.errors import PipelineError
from pipelines.models import Candidate, fit_candidates
from pipelines.models.saving import load_champion, save_champion
from pipelines.tracking.runs import list_studies, list_trials
from pipelines.tracking.store import prepare_store

SMALL = {
    "network": {"hidden_layer_sizes": [4], "max_epochs": 2},
    "random_forest": {"n_estimators": 5},
}


@pytest.fixture(scope="module")
def experiment(small_experiment):
    return parse_experiment(small_experiment(), "small")


@pytest.fixture
def finished_copy(finished, copy_home, tmp_path):
    """A copy of the finished study's home, to go on in."""
    return copy_home(finished[1], tmp_path / "home")


def digest(frame: pd.DataFrame) -> str:
    return hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()


def runs_of(home: Path):
    client = prepare_store(f"sqlite:///{home.resolve() / 'mlflow.db'}")
    return client, client.search_runs([client.get_experiment_by_name("clouds").experiment_id])


def test_a_study_learns_and_tells_where_it_stands(finished):
    result, _, stages = finished
    assert result.score > 0.8
    assert result.interval[0] < result.score < result.interval[1]
    assert (result.trials, result.new_trials) == (4, 4)
    assert [one.stage for one in stages][:2] == ["reading", "searching"]


def test_every_trial_is_on_record(finished):
    result, home, _ = finished
    client, runs = runs_of(home)
    parent = client.get_run(result.run_id)
    trials = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == result.run_id]
    assert len(trials) == 4
    assert {run.info.status for run in [parent, *trials]} == {"FINISHED"}
    assert parent.data.metrics["cv.score"] == pytest.approx(result.score)
    assert parent.data.tags["chosen"] == result.chosen.name
    assert {one.dataset.name for one in parent.inputs.dataset_inputs} == {"train.csv", "test.csv"}
    for trial in trials:
        assert float(trial.data.params["learning_rate"]) > 0
        assert "fold3/score" in trial.data.metrics
        curve = client.get_metric_history(trial.info.run_id, "fold2/validation_loss")
        assert [point.step for point in curve] == [1, 2, 3, 4, 5, 6]
    names = {one.path for one in client.list_artifacts(result.run_id)}
    assert {"predictions.parquet", "out_of_fold.parquet", "summary.json"} <= names


def test_predictions_have_the_form_of_the_sample_submission(finished):
    result, home, _ = finished
    sample = read_table(home / "contests/clouds/data/sample_submission.csv")
    assert list(result.predictions.columns) == list(sample.columns)
    assert sorted(result.predictions["id"]) == sorted(sample["id"])
    assert set(result.predictions["ripe"]) <= {"yes", "no"}
    truth = read_table(home / "contests/clouds/solution.csv").set_index("id")["ripe"]
    right = result.predictions.set_index("id")["ripe"] == truth.loc[result.predictions["id"]]
    assert right.mean() > 0.8


def test_out_of_fold_predictions_cover_every_row_once(finished):
    table = pd.read_parquet(finished[0].out_of_fold)
    assert len(table) == 160
    assert table[["no", "yes"]].sum(axis=1).round(5).eq(1).all()
    assert set(table["fold"]) == {1, 2, 3}


def test_the_folds_are_kept_for_later_models(finished):
    table = pd.read_parquet(finished[0].folder / "folds.parquet")
    assert list(table.columns) == ["fold", "row", "id", "scored"]
    assert table["scored"].sum() == 160
    assert table.groupby("fold")["row"].nunique().eq(160).all()


def test_the_first_trial_takes_the_fixed_values(finished):
    _, runs = runs_of(finished[1])
    first = next(run for run in runs if run.data.tags.get("optuna.trial") == "0")
    assert float(first.data.params["learning_rate"]) == 0.02


def test_names_of_runs_say_which_is_best_and_why(finished):
    result, home, _ = finished
    [study], trials = list_studies(home), list_trials(home, result.run_id)
    assert study.name == f"small {result.score:.4f}"
    assert trials[0].name == f"#{result.best_number} {result.best_score:.4f} (4)"
    assert all(trial.name.endswith(f" {trial.score:.4f} (4)") for trial in trials)


@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning")
def test_the_champion_loads_back_and_predicts_the_same(finished):
    import mlflow

    result, home, _ = finished
    mlflow.set_tracking_uri(f"sqlite:///{home.resolve() / 'mlflow.db'}")
    model = mlflow.pyfunc.load_model("models:/clouds@champion")
    rows = read_table(home / "contests/clouds/data/test.csv")
    said = model.predict(rows.drop(columns="id"))
    assert list(said["ripe"]) == list(result.predictions["ripe"])
    files = [path for path in (home / "artifacts").rglob("*") if path.is_file()]
    assert any(path.suffix == ".safetensors" for path in files)
    assert not [path for path in files if path.suffix in (".pkl", ".pickle", ".joblib")]


@pytest.mark.parametrize("model", ["network", "random_forest"])
def test_a_champion_s_files_give_the_same_answers_bit_for_bit(tmp_path, clouds_home, model):
    content = {"name": "kept", "contest": "clouds", "model": model, "validation": {"folds": 2}}
    experiment = parse_experiment(content, "kept")
    data = read_data(find_data(experiment, clouds_home))
    lesson = make_lesson(experiment, data)
    prepared = prepare(lesson, data)
    candidates = [Candidate(SMALL[model], seed) for seed in (1, 2)]
    with threadpool_limits(1):
        fits = fit_candidates(model, candidates, prepared)
    built = BuiltModel("seeds", np.zeros(0), None, candidates, fits)
    champion = champion_of(data, prepared, built)
    save_champion(tmp_path / "champion", champion, lesson, model, candidates)
    again = load_champion(tmp_path / "champion")
    test = data.tables.test
    assert np.array_equal(again.answers(test), champion.answers(test))
    kinds = {path.suffix for path in (tmp_path / "champion").iterdir()}
    assert kinds == {".json", ".parquet", ".safetensors"}


def test_a_spent_budget_tries_nothing_and_a_larger_one_goes_on(
    finished, finished_copy, experiment, small_experiment
):
    first = finished[0]
    again = run_experiment(experiment, finished_copy)
    assert (again.trials, again.new_trials, again.run_id) == (4, 0, first.run_id)
    assert digest(again.predictions) == digest(first.predictions)
    larger = parse_experiment(small_experiment(search={"trials": 6}), "small")
    longer = run_experiment(larger, finished_copy)
    assert (longer.trials, longer.new_trials, longer.run_id) == (6, 2, first.run_id)


def test_a_study_in_two_goes_equals_one_in_one_go(
    finished, small_home, experiment, small_experiment
):
    run_experiment(parse_experiment(small_experiment(search={"trials": 2}), "small"), small_home)
    in_two, in_one = run_experiment(experiment, small_home), finished[0]
    assert in_one.best_score == in_two.best_score
    assert digest(in_one.predictions) == digest(in_two.predictions)


def test_a_study_without_its_trials_answers_says_how_to_go_on(
    finished, finished_copy, experiment, small_experiment
):
    shutil.rmtree(finished_copy / "studies" / finished[0].study / "trials")
    with pytest.raises(ExperimentError, match=r"leave it out with --set ensemble\.greedy=false"):
        run_experiment(experiment, finished_copy)
    without = parse_experiment(small_experiment(ensemble={"greedy": False}), "small")
    again = run_experiment(without, finished_copy)
    assert (again.study, again.new_trials) == (finished[0].study, 0)
    assert digest(again.predictions) == digest(finished[0].predictions)


def test_missing_data_say_where_they_were_looked_for(tmp_path, experiment):
    with pytest.raises(MissingData, match="ripe download clouds"):
        run_experiment(experiment, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_metric_that_only_the_host_can_compute_is_told_from_an_unknown_one(
    clouds_home, copy_home, tmp_path, experiment
):
    home = copy_home(clouds_home, tmp_path / "own")
    data = home / "contests" / "clouds" / "data" / "contest-public.toml"
    own = MetricChoice("cost", file="metric.py", predicts="labels", greater_is_better=False)
    dump_public_contest(replace(load_contest(data), metric=own), data)
    with pytest.raises(MissingData, match="scored by cost, a metric of its host's own") as caught:
        run_experiment(experiment, home)
    assert "section [data]" in str(caught.value)
    assert not list((home / "studies").glob("*.journal"))


def test_a_recipe_that_names_a_missing_column_is_refused_and_leaves_nothing(
    small_home, small_experiment
):
    content = small_experiment(features=[{"step": "angle", "column": "heu"}, {"step": "auto"}])
    with pytest.raises(PipelineError, match="no column 'heu'; did you mean 'hue'"):
        run_experiment(parse_experiment(content, "small"), small_home)
    assert not (small_home / "studies").exists()
    assert not (small_home / "spool").exists()


def test_folds_larger_than_a_class_are_refused(small_home, small_experiment):
    content = small_experiment(validation={"folds": 100, "kind": "stratified"})
    with pytest.raises(PipelineError, match=r"lower validation\.folds"):
        run_experiment(parse_experiment(content, "small"), small_home)


def test_a_study_whose_trials_all_fail_says_why(small_home, small_experiment):
    content = small_experiment(
        name="hopeless",
        network={"learning_rate": 1e30, "hidden_layer_sizes": [4], "max_epochs": 6},
        search={"trials": 2, "batch": 2, "space": {}},
    )
    with pytest.raises(ExperimentError, match="every trial failed"):
        run_experiment(parse_experiment(content, "small"), small_home)
    _client, runs = runs_of(small_home)
    parent = next(run for run in runs if run.data.tags.get("ripe.kind") == "study")
    trials = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert {run.info.status for run in [parent, *trials]} == {"FAILED"}
    assert "finite" in trials[0].data.tags["stop.reason"]


def test_pruned_trials_stop_early_and_are_on_record_as_such(small_home, small_experiment):
    content = small_experiment(
        name="pruning",
        validation={"folds": 2},
        network={"max_epochs": 16},
        ensemble={"seeds": 1, "greedy": False},
        search={
            "trials": 16,
            "batch": 4,
            "pruner": "median",
            "space": {"learning_rate": {"low": 0.00001, "high": 0.1, "log": True}},
        },
    )
    result = run_experiment(parse_experiment(content, "small"), small_home)
    client, runs = runs_of(small_home)
    trials = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == result.run_id]
    pruned = [run for run in trials if run.data.tags["optuna.state"] == "PRUNED"]
    assert len(trials) == 16
    assert 0 < len(pruned) < 16
    for run in pruned:
        assert run.info.status == "KILLED"
        assert "cv.score" not in run.data.metrics
        assert len(client.get_metric_history(run.info.run_id, "validation_loss")) < 16


def test_a_search_without_gain_ends_before_its_budget(small_home, small_experiment):
    content = small_experiment(
        name="patient",
        validation={"folds": 2},
        network={"max_epochs": 1},
        ensemble={"seeds": 1, "greedy": False},
        search={"trials": 60, "batch": 2, "patience": 2, "space": {}},
    )
    result = run_experiment(parse_experiment(content, "small"), small_home)
    assert result.trials < 20


def test_a_page_that_cannot_be_made_costs_no_study(small_home, small_experiment, caplog):
    experiment = parse_experiment(small_experiment(search={"trials": 2}), "small")
    first = run_experiment(experiment, small_home)
    assert first.folder is not None
    for page in ("schema.html", "plots.html"):
        (first.folder / page).unlink(missing_ok=True)
    (first.folder / ".schema.json").mkdir()  # nothing can be written where a folder stands
    with caplog.at_level("ERROR"):
        again = run_experiment(experiment, small_home)
    assert again.chosen.score == first.chosen.score
    assert any(
        note.startswith("the page on its tables could not be made (IsADirectoryError")
        for note in again.notes
    )
    assert "the page on its tables could not be made" in caplog.text
