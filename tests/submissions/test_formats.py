"""What is exported is what the host scores: integers, probabilities, several targets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from competition.building import SplitPlan, build_contest_folder
from competition.definition import load_contest
from competition.host import running_host
from competition.queue import run_workers
from competition.store import Store, add_contest, add_user, create_token, open_store
from submissions import Server, export_submission, send_submission, wait_for_score

NOW = datetime.now(UTC)


@dataclass
class Hall:
    """A host that scores, without contests yet."""

    home: Path
    store: Store
    server: Server

    def public_score(self, slug: str, predictions: pd.DataFrame, name: str) -> float:
        """Export, send and wait."""
        data = self.home / slug / "data"
        contest = load_contest(data / "contest-public.toml")
        file = self.home / name
        export_submission(predictions, data / "sample_submission.csv", contest, file)
        sent = send_submission(file, slug, "", self.server)
        score = wait_for_score(sent.ref, slug, self.server, timeout_seconds=200).public_score
        assert score is not None
        return score

    def public_truth(self, slug: str) -> pd.DataFrame:
        solution = pd.read_csv(self.home / slug / "solution.csv")
        return solution[solution["Usage"] == "Public"]


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    home = tmp_path_factory.mktemp("hall")
    store = open_store(home)
    add_user(store, "ada", now=NOW)
    token = create_token(store, "ada", now=NOW)
    stop = threading.Event()
    thread = threading.Thread(target=run_workers, args=(store, stop), daemon=True)
    thread.start()
    with running_host(store) as url:
        yield Hall(home, store, Server(url, token))
    stop.set()
    thread.join()


def test_titanic_scores_what_kaggle_shows(hall: Hall, shared_data: Path) -> None:
    folder = shared_data / "titanic"
    build_contest_folder(
        hall.home / "titanic",
        slug="titanic",
        train=folder / "train.csv",
        test=folder / "test.csv",
        solution=folder / "solution_from_titanic3.csv",
        targets=["Survived"],
        id_column="PassengerId",
        metric="accuracy",
        split=SplitPlan(public_fraction=0.5),
    )
    add_contest(hall.store, hall.home / "titanic", now=NOW)
    answers = pd.read_csv(folder / "gender_submission.csv").sample(frac=1, random_state=1)
    score = hall.public_score("titanic", answers.astype("float64"), "titanic.csv")
    truth = hall.public_truth("titanic").merge(answers, on="PassengerId", suffixes=("", "_said"))
    assert score == pytest.approx((truth["Survived"] == truth["Survived_said"]).mean(), abs=1e-5)
    text = (hall.home / "titanic.csv").read_text()
    assert text.splitlines()[:2] == ["PassengerId,Survived", "892,0"]


def test_probabilities_of_classes_are_scored_to_the_last_digit(hall: Hall) -> None:
    rng = np.random.default_rng(5)
    table = pd.DataFrame(
        {"x": rng.random(300).round(6), "kind": rng.choice(["a", "b, c", "é"], 300)}
    )
    build_contest_folder(
        hall.home / "kinds",
        slug="kinds",
        train=table,
        targets=["kind"],
        metric="multiclass_log_loss",
        split=SplitPlan(seed=2),
    )
    add_contest(hall.store, hall.home / "kinds", now=NOW)
    ids = pd.read_csv(hall.home / "kinds" / "data" / "test.csv")["id"]
    chances = rng.dirichlet([1, 1, 1], len(ids))
    predictions = pd.DataFrame(chances, columns=["a", "b, c", "é"]).assign(id=ids)
    score = hall.public_score("kinds", predictions, "kinds.csv.gz")
    truth = hall.public_truth("kinds").merge(predictions, on="id")
    said = [row[row["kind"]] for _, row in truth.iterrows()]
    assert score == pytest.approx(-np.log(said).mean(), abs=1e-5)


def test_several_targets_are_scored_column_by_column(hall: Hall) -> None:
    rng = np.random.default_rng(6)
    table = pd.DataFrame(rng.normal(size=(200, 4)).round(6), columns=["x", "p", "q", "r"])
    build_contest_folder(
        hall.home / "several",
        slug="several",
        train=table,
        targets=["p", "q", "r"],
        metric="mcrmse",
        split=SplitPlan(seed=3),
    )
    add_contest(hall.store, hall.home / "several", now=NOW)
    ids = pd.read_csv(hall.home / "several" / "data" / "test.csv")["id"]
    predictions = pd.DataFrame(rng.normal(size=(len(ids), 3)), columns=["r", "q", "p"]).assign(
        id=ids
    )
    score = hall.public_score("several", predictions, "several.zip")
    truth = hall.public_truth("several").merge(predictions, on="id", suffixes=("", "_said"))
    errors = [
        np.sqrt(((truth[name] - truth[f"{name}_said"]) ** 2).mean()) for name in ("p", "q", "r")
    ]
    assert score == pytest.approx(np.mean(errors), abs=1e-5)
