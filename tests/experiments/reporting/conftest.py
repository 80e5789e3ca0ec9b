"""Finished studies to report on: of two classes, of five hostile ones, of values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import run_experiment
from experiments.definition.loading import parse_experiment

HOSTILE = '<script>alert("x")</script>'
HOSTILE_CELL = "a|b\n# `c` **d** [e](f) ]]>\u202e"


@pytest.fixture
def study(finished, copy_home, tmp_path) -> Path:
    """The folder of a finished study, in a home of its own."""
    home = copy_home(finished[1], tmp_path / "home")
    return home / "studies" / finished[0].study


@pytest.fixture(scope="session")
def run_own(tmp_path_factory):
    """Runs a study on a table of one's own and returns its folder."""

    def run(table: pd.DataFrame, metric: str, **sections) -> Path:
        folder = tmp_path_factory.mktemp("own")
        table.to_csv(folder / "train.csv", index=False)
        content = {
            "name": "own",
            "data": {"train": "train.csv", "target": "y", "metric": metric, "id_column": "id"},
            "validation": {"folds": 3},
            "network": {"hidden_layer_sizes": [3], "max_epochs": 4},
            "search": {"trials": 2, "batch": 2, "space": {"learning_rate": [0.01, 0.03]}},
            "ensemble": {"seeds": 1, "greedy": False},
            **sections,
        }
        experiment = parse_experiment(content, "own")
        result = run_experiment(experiment, folder / "home", base=folder)
        return result.folder

    return run


@pytest.fixture(scope="session")
def hostile_study(run_own) -> Path:
    """A study whose columns, labels and values try to be HTML and Markdown."""
    generator = np.random.default_rng(0)
    rows = 90
    labels = np.array([HOSTILE, "x|y", "&amp;"])
    signal = generator.integers(0, 3, rows)
    table = pd.DataFrame(
        {
            "id": [f"{HOSTILE}{number}" for number in range(rows)],
            f"{HOSTILE}|": signal + 0.4 * generator.normal(size=rows),
            "_words_": generator.choice([HOSTILE_CELL, "plain"], rows),
            "y": labels[signal],
        }
    )
    return run_own(table, "accuracy", description=f"# {HOSTILE} |")


@pytest.fixture(scope="session")
def values_study(run_own) -> Path:
    """A study of two columns of values, in groups."""
    generator = np.random.default_rng(1)
    rows = 120
    table = pd.DataFrame({"id": np.arange(rows), "tree": np.arange(rows) // 4})
    table["size"] = generator.normal(size=rows)
    table["y"] = 3000 + 500 * table["size"] + 50 * generator.normal(size=rows)
    data = {"train": "train.csv", "target": "y", "metric": "rmse", "id_column": "id"}
    return run_own(table, "rmse", data={**data, "group_column": "tree"})
