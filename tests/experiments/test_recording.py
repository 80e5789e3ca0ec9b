"""What a finished study leaves in MLflow."""

from __future__ import annotations

import tomllib

from experiments.definition.loading import parse_experiment
from pipelines.tracking.runs import list_trials
from pipelines.tracking.store import prepare_store


def test_a_study_keeps_its_experiment_packages_and_machine(finished, small_experiment):
    result, home, _ = finished
    client = prepare_store(f"sqlite:///{home / 'mlflow.db'}")
    names = {one.path for one in client.list_artifacts(result.run_id, "code")}
    assert {"code/experiment.toml", "code/requirements.txt"} <= names
    path = client.download_artifacts(result.run_id, "code/experiment.toml")
    with open(path, "rb") as stream:  # noqa: PTH123 - an address that MLflow gave
        assert parse_experiment(tomllib.load(stream), "again") == parse_experiment(
            small_experiment(), "small"
        )
    tags = client.get_run(result.run_id).data.tags
    assert {"machine.cores", "machine.system", "machine.blas", "version.numpy"} <= set(tags)


def test_every_trial_says_how_long_it_took_and_how_much_memory_its_process_held(finished):
    result, home, _ = finished
    client = prepare_store(f"sqlite:///{home / 'mlflow.db'}")
    for trial in list_trials(home, result.run_id):
        metrics = client.get_run(trial.run_id).data.metrics
        assert metrics["seconds"] > 0
        assert metrics["peak_memory_mb"] > 50
