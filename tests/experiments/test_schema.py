"""The description of a study's tables, kept with the study."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlflow import MlflowClient

from experiments import Progress, StudyResult, run_experiment
from experiments.definition.loading import parse_experiment


def test_a_study_keeps_and_logs_what_its_tables_are_like(
    finished: tuple[StudyResult, Path, list[Progress]],
) -> None:
    result, home, _ = finished
    report = json.loads((result.folder / "schema.json").read_text(encoding="utf-8"))
    assert (report["train_rows"], report["test_rows"]) == (160, 60)
    assert "orchard" in (result.folder / "schema.html").read_text(encoding="utf-8")
    client = MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    logged = {file.path for file in client.list_artifacts(str(result.run_id))}
    assert {"schema.html", "schema.json"} <= logged


def test_a_continued_study_does_not_describe_its_tables_again(
    small_home: Path, small_experiment: Callable[..., dict[str, Any]]
) -> None:
    experiment = parse_experiment(small_experiment(search={"trials": 1, "batch": 1}), "small")
    page = run_experiment(experiment, small_home).folder / "schema.html"
    page.write_text("as it was", encoding="utf-8")
    again = parse_experiment(small_experiment(search={"trials": 2, "batch": 1}), "small")
    assert run_experiment(again, small_home).new_trials == 1
    assert page.read_text(encoding="utf-8") == "as it was"


def test_it_can_be_left_out(
    small_home: Path, small_experiment: Callable[..., dict[str, Any]]
) -> None:
    content = small_experiment(search={"trials": 1}, report={"tables": False})
    folder = run_experiment(parse_experiment(content, "small"), small_home).folder
    assert not (folder / "schema.html").exists()
