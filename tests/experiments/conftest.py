"""Small contests to run experiments on."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from competition.building import build_contest_folder
from experiments import Progress, StudyResult, run_experiment
from experiments.definition.loading import parse_experiment
from pipelines.tracking.addresses import move_addresses
from pipelines.tracking.store import prepare_store


def clouds(rows: int, seed: int) -> pd.DataFrame:
    """Two classes of fruit that a small network tells apart well, with gaps and a category."""
    generator = np.random.default_rng(seed)
    ripe = generator.integers(0, 2, rows)
    firmness = 60.0 - 40.0 * ripe + generator.normal(0, 14, rows)
    hue = 120.0 - 40.0 * ripe + generator.normal(0, 20, rows)
    firmness[generator.random(rows) < 0.05] = np.nan
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            "fruit": [f"F{number // 2}" for number in range(rows)],
            "firmness": firmness,
            "hue": hue,
            "orchard": generator.choice(["hill", "river", "mill"], rows),
            "ripe": np.where(ripe == 1, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def clouds_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that holds the contest `clouds` (160 labelled rows, 60 to predict) and empty stores."""
    home = tmp_path_factory.mktemp("clouds") / "home"
    table = clouds(220, 0)
    build_contest_folder(
        home / "contests" / "clouds",
        slug="clouds",
        train=table[:160],
        test=table[160:].drop(columns="ripe"),
        solution=table.loc[160:, ["id", "ripe"]],
        targets=["ripe"],
        id_column="id",
        metric="accuracy",
    )
    prepare_store(f"sqlite:///{home / 'mlflow.db'}")
    return home


@pytest.fixture(scope="session")
def finished(
    clouds_home: Path,
    copy_home: Callable[[Path, Path], Path],
    small_experiment: Callable[..., dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[StudyResult, Path, list[Progress]]:
    """A finished study, its home and what it told on the way; to be read only."""
    home = copy_home(clouds_home, tmp_path_factory.mktemp("finished") / "home")
    stages: list[Progress] = []
    experiment = parse_experiment(small_experiment(), "small")
    return run_experiment(experiment, home, on_progress=stages.append), home, stages


@pytest.fixture(scope="session")
def copy_home() -> Callable[[Path, Path], Path]:
    """Copies a home to another place: its database as a database, its runs' files with it."""

    def copy(home: Path, place: Path) -> Path:
        left_out = shutil.ignore_patterns("mlflow.db*", "spool")
        shutil.copytree(home, place, ignore=left_out)
        with (
            closing(sqlite3.connect(home / "mlflow.db")) as source,
            closing(sqlite3.connect(place / "mlflow.db")) as target,
        ):
            source.backup(target)
        move_addresses(place / "mlflow.db", str(home), str(place))
        return place

    return copy


@pytest.fixture
def small_home(clouds_home: Path, copy_home: Callable[[Path, Path], Path], tmp_path: Path) -> Path:
    """A home to run studies in, without any."""
    return copy_home(clouds_home, tmp_path / "home")


@pytest.fixture(scope="session")
def small_experiment() -> Callable[..., dict[str, Any]]:
    """The content of an experiment file of a few small trials; sections given are merged in."""

    def make(**sections: Any) -> dict[str, Any]:
        content: dict[str, Any] = {
            "name": "small",
            "contest": "clouds",
            "validation": {"folds": 3},
            "network": {"hidden_layer_sizes": [4], "max_epochs": 6, "learning_rate": 0.02},
            "search": {
                "trials": 4,
                "batch": 2,
                "space": {"learning_rate": {"low": 0.001, "high": 0.1, "log": True}},
            },
            "ensemble": {"seeds": 2},
        }
        for name, section in sections.items():
            both = isinstance(section, dict) and isinstance(content.get(name), dict)
            content[name] = {**content[name], **section} if both else section
        return content

    return make


@pytest.fixture
def begin() -> Iterator[Callable[..., subprocess.Popen[Any]]]:
    """Starts a program in a process of its own; what still runs at the end is killed."""
    running: list[subprocess.Popen[Any]] = []

    def begin_one(*command: str, **options: Any) -> subprocess.Popen[Any]:
        running.append(subprocess.Popen(command, **options))
        return running[-1]

    yield begin_one
    for process in running:
        process.kill()
        with process:
            pass
