"""Runs of training by hand: what they record, and how they end."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
import pandas as pd
import pytest

from pipelines.errors import TrackingProblem
from pipelines.network import NetworkClassifier
from pipelines.tracking import track
from pipelines.tracking.handmade import home_of
from pipelines.tracking.models import keep_network, log_model
from pipelines.tracking.runs import list_trials
from pipelines.tracking.store import prepare_store
from ripe.home import home_folder

if TYPE_CHECKING:
    from mlflow import MlflowClient


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    prepare_store(f"sqlite:///{file}")
    return file


@pytest.fixture
def home(tmp_path: Path, empty_store: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    with (
        closing(sqlite3.connect(empty_store)) as source,
        closing(sqlite3.connect(folder / "mlflow.db")) as copy,
    ):
        source.backup(copy)
    return folder


def client_of(home: Path) -> MlflowClient:
    return prepare_store(f"sqlite:///{home / 'mlflow.db'}")


def runs_of(home: Path, experiment: str) -> dict[str, Any]:
    client = client_of(home)
    place = client.get_experiment_by_name(experiment).experiment_id
    return {run.info.run_name: run for run in client.search_runs([place])}


def test_a_parameter_recorded_twice_with_other_values_is_refused(home):
    with track("twice", home=home) as run:
        run.parameters(rate=0.1, layers=(8, 4))
        run.parameters(rate=0.1)
        with pytest.raises(
            TrackingProblem, match=r"'rate' of run 'twice' is 0\.1 and cannot become"
        ):
            run.parameters(rate=0.2, other=3)
        run.parameters(other=4)
    [made] = runs_of(home, "hand-made").values()
    assert made.data.params == {"rate": "0.1", "layers": "(8, 4)", "other": "4"}


def test_a_run_made_by_hand_looks_like_a_study_with_trials(home, tmp_path):
    table = tmp_path / "train.csv"
    table.write_text("id,hue\n1,90\n")
    note = tmp_path / "note.txt"
    note.write_text("first")
    with track("wider", experiment="clouds", home=home) as run:
        run.parameters({"hidden_layer_sizes": (8, 4)}, rate=0.1)
        run.dataset(table)
        run.dataset(pd.DataFrame({"hue": [90.0]}), name="in memory", context="validation")
        run.file(note)
        note.write_text("changed since")
        run.text("# Seen\n", "seen.md", "notes")
        for epoch in range(1, 4):
            run.metrics(step=epoch, loss=1 / epoch)
        run.metrics({"cv.score": 0.9312})
        with track("fold 1") as fold:
            fold.metrics(loss=0.5)
            fold.metrics(loss=0.25)
    assert run.run_id and fold.run_id
    assert not list((home / "spool").glob("*/*"))

    client = client_of(home)
    parent, child = client.get_run(run.run_id), client.get_run(fold.run_id)
    assert parent.info.run_name == "wider 0.9312"
    assert parent.info.status == child.info.status == "FINISHED"
    assert child.data.tags["mlflow.parentRunId"] == run.run_id
    assert parent.data.tags["ripe.kind"] == "hand-made"
    assert parent.data.tags["version.numpy"] == np.__version__
    assert parent.data.params == {"hidden_layer_sizes": "(8, 4)", "rate": "0.1"}
    assert {"seconds", "peak_memory_mb", "hp.rate"} <= set(parent.data.metrics)
    assert [one.step for one in client.get_metric_history(run.run_id, "loss")] == [1, 2, 3]
    assert [one.step for one in client.get_metric_history(fold.run_id, "loss")] == [1, 2]
    inputs = {one.dataset.name: one.dataset for one in parent.inputs.dataset_inputs}
    whole = sha256(table.read_bytes()).hexdigest()
    assert inputs["train.csv"].digest == whole[:32]
    assert parent.data.tags["data.digest.train.csv"] == whole
    assert "in memory" in inputs
    files = {one.path for one in client.list_artifacts(run.run_id)}
    assert {"note.txt", "notes", "code"} <= files
    assert Path(client.download_artifacts(run.run_id, "note.txt")).read_text() == "first"
    assert [one.name for one in list_trials(home, run.run_id)] == ["fold 1"]


def test_a_run_that_cannot_begin_leaves_no_writer_behind(home):
    with pytest.raises(TypeError, match="not JSON serializable"), track(object(), home=home):  # type: ignore[arg-type]
        pass
    assert not list((home / "spool").glob("*/*"))
    with track("next", home=home):
        pass
    assert list(runs_of(home, "hand-made")) == ["next"]


def test_a_run_ends_as_its_block_ended(home):
    with track("outer", home=home):
        for name, error in {
            "wrong": ValueError("no rows"),
            "left": SystemExit(3),
            "stopped": KeyboardInterrupt(),
            "pruned": optuna.TrialPruned(),
        }.items():
            with pytest.raises(type(error)), track(name):
                raise error
    runs = runs_of(home, "hand-made")
    ends = {name: (run.info.status, run.data.tags.get("stop.reason")) for name, run in runs.items()}
    assert ends == {
        "outer": ("FINISHED", None),
        "wrong": ("FAILED", "ValueError: no rows"),
        "left": ("FAILED", "SystemExit: 3"),
        "stopped": ("KILLED", "interrupted"),
        "pruned": ("KILLED", None),
    }
    assert runs["pruned"].data.tags["optuna.state"] == "PRUNED"


def test_a_killed_process_leaves_no_run_open(home):
    code = (
        "import os, signal\n"
        "from pipelines.tracking import track\n"
        f"with track('doomed', home={str(home)!r}) as run:\n"
        "    run.metrics(loss=0.5)\n"
        f"    os.kill(os.getpid(), {signal.SIGKILL.value})\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL
    with track("next", home=home):
        pass
    doomed = wait_for_end(home, "doomed")
    assert doomed.info.status == "KILLED"
    assert doomed.data.tags["stop.reason"] == "died"
    assert doomed.data.metrics["loss"] == 0.5


def wait_for_end(home: Path, name: str) -> Any:
    import time

    until = time.monotonic() + 240
    while time.monotonic() < until:
        run = runs_of(home, "hand-made").get(name)
        if run is not None and run.info.status != "RUNNING":
            return run
        time.sleep(0.2)
    raise AssertionError(f"run {name} did not end in time")


@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning")
def test_a_networks_curves_and_model_come_back(home):
    import mlflow

    generator = np.random.default_rng(0)
    X = generator.normal(size=(80, 2))
    y = np.where(X[:, 0] > 0, "ripe", "hard")
    network = NetworkClassifier(
        hidden_layer_sizes=(4,), max_epochs=3, n_members=2, random_state=0
    ).fit(X, y)
    with track("net", home=home) as run:
        run.history(network.history_)
        run.model(network, X[:4], register="by-hand")
    client = client_of(home)
    curve = client.get_metric_history(run.run_id, "member2/train_loss")
    assert [point.step for point in curve] == [1, 2, 3]
    mlflow.set_tracking_uri(f"sqlite:///{home / 'mlflow.db'}")
    model = mlflow.pyfunc.load_model("models:/by-hand@champion")
    answers = model.predict(pd.DataFrame(X, columns=["0", "1"]))
    assert list(answers["prediction"]) == list(network.predict(X))
    assert np.array_equal(answers["probability_ripe"], network.predict_proba(X)[:, 1])


@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning")
@pytest.mark.filterwarnings("ignore:Operation with range is deprecated")  # by MLflow
def test_a_model_that_a_killed_writer_sends_again_is_logged_once(home, tmp_path, monkeypatch):
    X = np.random.default_rng(0).normal(size=(40, 2))
    network = NetworkClassifier(hidden_layer_sizes=(4,), max_epochs=1, random_state=0)
    keep_network(tmp_path, network.fit(X, X[:, 0] > 0), X[:4])
    with track("net", home=home) as run:
        pass
    client = client_of(home)
    place = client.get_run(run.run_id).info.experiment_id

    def send(mark: str) -> str:
        return log_model(client, run.run_id, tmp_path, "by-hand", "champion", mark)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    for step in ("log_outputs", "log_model_artifacts", "set_registered_model_alias"):
        with monkeypatch.context() as doomed, pytest.raises(KeyboardInterrupt):
            doomed.setattr(client, step, die)
            send("one")
    first = send("one")
    assert send("one") == first
    assert [one.model_uri for one in client.search_logged_models([place])] == [first]
    assert [one.source for one in client.search_model_versions("name = 'by-hand'")] == [first]
    assert client.get_model_version_by_alias("by-hand", "champion").source == first
    second = send("two")
    assert second != first
    assert client.get_model_version_by_alias("by-hand", "champion").source == second


def test_a_mistake_is_told_in_one_sentence_and_the_run_goes_on(home, tmp_path):
    with track("careful", home=home) as run:
        for mistake, message in (
            (lambda: run.metrics(loss="low"), "metric 'loss' must be a number, but got 'low'"),
            (lambda: run.file(tmp_path / "nothing"), "only a file can be attached"),
            (lambda: run.dataset(tmp_path / "nothing"), "is no file"),
            (lambda: run.figure("a picture", "a.png"), "a figure of Matplotlib or Plotly"),
            (lambda: run.model("a model", [[1]]), "attach it with file"),  # type: ignore[arg-type]
        ):
            with pytest.raises(TrackingProblem, match=message):
                mistake()
    assert runs_of(home, "hand-made")["careful"].info.status == "FINISHED"


def test_the_home_is_the_one_of_the_command_line(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RIPE_HOME", raising=False)
    assert home_of(None) == home_folder(None)
    monkeypatch.setenv("RIPE_HOME", "elsewhere")
    assert home_of(None) == home_folder(None)
    assert home_of("~/given") == home_folder("~/given")


def test_without_a_server_rows_wait_and_one_warning_says_so(home, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with track("waits", home=home, tracking="http://127.0.0.1:9") as run:
        run.metrics(loss=0.5)
    assert run.run_id is None
    [warning] = [one for one in caplog.records if one.name == "pipelines.tracking.handmade"]
    assert "ripe doctor" in warning.getMessage()
    [folder] = (home / "spool" / "hand-made").iterdir()
    assert "0.5" in (folder / "study.jsonl").read_text()
    shutil.rmtree(folder)
