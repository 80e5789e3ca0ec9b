"""`ripe schema` as a person calls it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from competition.building import build_contest_folder
from ripe.cli import ripe


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(ripe, ["--home", str(home), *words])


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A folder with two tables that no contest describes."""
    generator = np.random.default_rng(0)
    folder = tmp_path / "tables"
    folder.mkdir()
    for name, rows in (("train", 120), ("test", 60)):
        frame = pd.DataFrame({"id": range(rows), "hue": generator.normal(100, 20, rows)})
        if name == "train":
            frame["stage"] = np.where(frame["hue"] > 100, "unripe", "ripe")
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


def test_a_folder_of_tables_is_described(tables: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "schema", str(tables), "--target", "stage", "--id", "id")
    assert done.exit_code == 0, done.output
    assert "120 training rows, 60 test rows" in done.output
    assert "'hue' alone tells" in done.output


def test_a_folder_that_nothing_describes_needs_its_target(tables: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "schema", str(tables))
    assert "contest-public.toml" in str(done.exception)


def test_an_id_that_is_not_there_is_told(tables: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "schema", str(tables), "--target", "stage", "--id", "hues")
    assert "no column 'hues'; did you mean 'hue'?" in str(done.exception)


def test_a_contest_is_found_by_its_slug_and_written_as_page_and_json(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    table = pd.DataFrame(
        {"x": generator.normal(size=200), "code": generator.choice(["7", "07"], 200)}
    )
    table["answer"] = np.where(table["x"] > 0, "yes", "no")
    build_contest_folder(
        tmp_path / "contests" / "codes",
        slug="codes",
        train=table,
        targets=["answer"],
        metric="accuracy",
    )
    page = tmp_path / "out" / "schema.html"
    done = run(tmp_path, "schema", "codes", "--json", "-o", str(page))
    report = json.loads(done.stdout)
    assert done.exit_code == 0
    assert {one["name"]: one["role"] for one in report["columns"]}["answer"] == "target"
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [file.name for file in page.parent.iterdir()] == ["schema.html"]


def test_an_error_among_the_findings_ends_with_status_1(tables: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(tables / "test.csv")
    frame.assign(stage="ripe").to_csv(tables / "test.csv", index=False)
    done = run(tmp_path, "schema", str(tables), "--target", "stage", "--id", "id")
    assert done.exit_code == 1
    assert "target_in_test" in done.output


def test_an_unknown_name_says_what_there_is(tmp_path: Path) -> None:
    done = run(tmp_path, "schema", "titanicc")
    assert "did you mean 'titanic'" in str(done.exception)


def test_the_json_schema_of_experiment_files_is_printed_or_written(tmp_path: Path) -> None:
    printed = json.loads(run(tmp_path, "schema", "--experiment-file").stdout)
    assert "features" in printed["properties"]
    written = tmp_path / "experiment.schema.json"
    done = run(tmp_path, "schema", "--experiment-file", "-o", str(written))
    assert json.loads(written.read_text(encoding="utf-8")) == printed
    assert f"#:schema {written}" in done.output


def test_a_page_that_cannot_be_written_gets_one_line(tables: Path, tmp_path: Path) -> None:
    page = tables / "train.csv" / "page.html"
    done = run(tmp_path, "schema", str(tables), "--target", "stage", "-o", str(page))
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: cannot write {page}: ")
    assert len(done.stderr.splitlines()) == 1


def test_nothing_named_is_wrong_usage(tmp_path: Path) -> None:
    assert run(tmp_path, "schema").exit_code == 2
