"""`ripe report` as a person calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import run_experiment
from experiments.definition.loading import parse_experiment


def ripe(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "ripe", "--home", str(home), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    generator = np.random.default_rng(0)
    table = pd.DataFrame({"id": range(60), "firmness": generator.normal(size=60)})
    table["ripe"] = np.where(table["firmness"] > 0, "no", "yes")
    table.to_csv(folder / "train.csv", index=False)
    content = {
        "name": "tiny",
        "data": {"train": "train.csv", "target": "ripe", "metric": "accuracy", "id_column": "id"},
        "validation": {"folds": 2},
        "network": {"hidden_layer_sizes": [2], "max_epochs": 3},
        "search": {"trials": 1},
        "ensemble": {"seeds": 1, "greedy": False},
    }
    run_experiment(parse_experiment(content, "tiny"), folder / "home", base=folder)
    return folder / "home"


def test_without_a_display_the_path_is_printed(home):
    done = ripe(home, "report")
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_it_prints_markdown_and_facts_and_writes_files(home, tmp_path):
    text = ripe(home, "report", "tiny", "--markdown").stdout
    assert text.startswith("# tiny")
    facts = json.loads(ripe(home, "report", "tiny", "--json").stdout)
    assert f"{facts['models'][0]['score']['value']:.4f}" in text
    for name, start in (("page.html", "<!DOCTYPE html>"), ("report.md", "# tiny")):
        done = ripe(home, "report", "-o", str(tmp_path / name))
        assert done.returncode == 0, done.stderr
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


def test_baselines_are_added_when_asked_for(home):
    done = ripe(home, "report", "--baseline", "gradient_boosting", "--json")
    assert done.returncode == 0, done.stderr
    names = [one["name"] for one in json.loads(done.stdout)["models"]]
    assert names[-1] == "gradient_boosting"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("report", "tinny"), "did you mean 'tiny'"),
        (("report", "tiny", "-o", "/nowhere/at/all.html"), "cannot write"),
    ],
)
def test_a_mistake_gets_one_clear_line(home, words, message):
    done = ripe(home, *words)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
