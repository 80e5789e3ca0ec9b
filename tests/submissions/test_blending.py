"""Blends are worked by id, and what does not fit is refused."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.stats import rankdata

from competition.building import SplitPlan, build_contest_folder
from experiments.errors import ExperimentError
from experiments.ledger.blending import blend_files_and_runs
from experiments.ledger.book import find_provenance
from experiments.ledger.predictions import open_tracking
from ripe.commands import blend as blend_command
from submissions import download_contest
from submissions.blending import agreement, blend_submissions
from submissions.errors import ExportRefused, FilesNotAligned


def frame(ids: list[str], **columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"id": ids, **columns}, dtype=str)


def test_the_mean_is_taken_by_id() -> None:
    blended = blend_submissions(
        {
            "a": frame(["1", "2"], y=["0.2", "0.4"], z=["1.5", "2"]),
            "b": pd.DataFrame({"z": ["4", "0.5"], "id": ["2", "1"], "y": ["0.8", "0.6"]}),
        }
    )
    assert blended["id"].tolist() == ["1", "2"]
    np.testing.assert_allclose(blended[["y", "z"]], [[0.4, 1.0], [0.6, 3.0]])


def test_weights_count_as_shares() -> None:
    parts = {"a": frame(["1"], y=["0.0"]), "b": frame(["1"], y=["1.0"])}
    assert blend_submissions(parts, weights=[1, 3])["y"].tolist() == [0.75]
    for wrong in ([1], [0, 0], [1, -1], [1, float("nan")]):
        with pytest.raises(FilesNotAligned, match="weights"):
            blend_submissions(parts, weights=wrong)


def test_ranks_are_averaged_as_scipy_ranks_them() -> None:
    rng = np.random.default_rng(3)
    columns = [rng.random(50).round(1), rng.random(50) * 1000]
    ids = [str(number) for number in range(50)]
    parts = {str(i): frame(ids, y=[str(value) for value in one]) for i, one in enumerate(columns)}
    blended = blend_submissions(parts, how="rank")
    expected = np.mean([rankdata(one) / 51 for one in columns], axis=0)
    np.testing.assert_allclose(blended["y"], expected)


def test_labels_are_voted_on_and_a_tie_goes_to_the_first() -> None:
    ids = ["1", "2", "3"]
    parts = {
        "a": frame(ids, y=["hard", "ripe", "hard"]),
        "b": frame(ids, y=["hard", "hard", "ripe"]),
        "c": frame(ids, y=["ripe", "hard", "soft"]),
    }
    assert blend_submissions(parts)["y"].tolist() == ["hard", "hard", "hard"]
    assert blend_submissions(parts, weights=[1, 1, 5])["y"].tolist() == ["ripe", "hard", "soft"]


def test_whole_numbers_are_labels_unless_the_contest_says_otherwise() -> None:
    parts = {"a": frame(["1", "2"], y=["0", "1"]), "b": frame(["1", "2"], y=["1", "1"])}
    assert blend_submissions(parts)["y"].tolist() == ["0", "1"]
    assert blend_submissions(parts, predicts="values")["y"].tolist() == [0.5, 1.0]


def test_files_that_do_not_align_are_refused_by_name() -> None:
    first = frame(["1", "2"], y=["0.5", "0.5"])
    for other, words in (
        (frame(["1", "3"], y=["0.5", "0.5"]), "lacks 1 of the 2"),
        (frame(["1", "1"], y=["0.5", "0.5"]), "twice"),
        (frame(["1", "2"], z=["0.5", "0.5"]), "columns"),
        (frame(["1", "2"], y=["0.5", "x"]), "no finite numbers"),
    ):
        with pytest.raises(FilesNotAligned, match=words):
            blend_submissions({"a": first, "b": other}, predicts="values")
    with pytest.raises(FilesNotAligned, match="two submissions"):
        blend_submissions({"a": first})


def test_agreement_is_correlation_or_the_share_of_equal_labels() -> None:
    ids = ["1", "2", "3", "4"]
    numbers = {
        "a": frame(ids, y=["0.1", "0.2", "0.3", "0.5"]),
        "b": frame(ids, y=["4", "3", "2", "0.0"]),
    }
    assert agreement(numbers).loc["a", "b"] == pytest.approx(-1)
    labels = {"a": frame(ids, y=list("xxyy")), "b": frame(ids, y=list("xxyx"))}
    assert agreement(labels).loc["a", "b"] == 0.75


@pytest.fixture(scope="module")
def studio(
    tmp_path_factory: pytest.TempPathFactory, empty_tracking: Path
) -> tuple[Path, list[str]]:
    """A home with a contest of probabilities and three runs: two useful ones and a noisy one."""
    home = tmp_path_factory.mktemp("studio")
    rng = np.random.default_rng(0)
    signal = rng.normal(size=400)
    table = pd.DataFrame(
        {"x": signal.round(6), "y": (signal + rng.normal(size=400) > 0).astype(int)}
    )
    build_contest_folder(
        home / "contests" / "coins",
        slug="coins",
        train=table,
        targets=["y"],
        metric="auc",
        split=SplitPlan(seed=0),
    )
    folder = home / "contests" / "coins" / "data"
    train, sample = pd.read_csv(folder / "train.csv"), pd.read_csv(folder / "sample_submission.csv")
    shutil.copy(empty_tracking, home / "mlflow.db")
    client = open_tracking(home)
    place = client.create_experiment("coins", (home / "artifacts").as_uri())
    runs = []
    for noise in (0.5, 0.8, 50.0):
        run = client.create_run(place, tags={"contest": "coins", "metric": "auc"})
        chance = 1 / (1 + np.exp(-(train["x"] + noise * rng.normal(size=len(train)))))
        answers = pd.DataFrame({"fold": 1, "0": 1 - chance, "1": chance})
        answers.to_parquet(home / "out_of_fold.parquet")
        sample.assign(y=rng.random(len(sample))).to_parquet(home / "predictions.parquet")
        for name in ("out_of_fold.parquet", "predictions.parquet"):
            client.log_artifact(run.info.run_id, str(home / name))
        runs.append(run.info.run_id)
    return home, runs


def test_weights_from_out_of_fold_leave_the_noise_out(
    studio: tuple[Path, list[str]], tmp_path: Path
) -> None:
    home, runs = studio
    blend = blend_files_and_runs(home, runs, tmp_path / "b.csv", by_out_of_fold=True)
    assert blend.weights[runs[2]] < 0.1
    assert blend.weights[runs[0]] > 0.3
    assert sum(blend.weights.values()) == pytest.approx(1)
    assert blend.cv_score and blend.cv_score > 0.7
    assert len(pd.read_csv(tmp_path / "b.csv")) == blend.rows
    made_of = find_provenance(home, blend.sha256, "coins")
    assert (made_of.run_id, made_of.metric, made_of.cv_score) == (None, "auc", blend.cv_score)


def test_runs_and_files_blend_by_command(studio: tuple[Path, list[str]], tmp_path: Path) -> None:
    home, runs = studio
    file = tmp_path / "one.csv"
    sample = pd.read_csv(home / "contests" / "coins" / "data" / "sample_submission.csv")
    sample.assign(y=np.linspace(0, 1, len(sample))).to_csv(file, index=False)

    def call(*arguments: Any) -> Any:
        words = [str(argument) for argument in arguments]
        return CliRunner().invoke(blend_command.command, words, obj=home)

    out = tmp_path / "blend.csv"
    told = json.loads(call(runs[0][:10], file, "-o", out, "-w", "1,3", "--json").output)
    assert told["weights"][str(file)] == 0.75
    assert "How alike" in call(runs[0], file, "-o", out, "--how", "rank").output
    assert call(runs[0], file, "-o", out, "-w", "1,x").exit_code == 2
    assert call(runs[0], file, "-o", out, "-w", "1,2", "--how", "weighted").exit_code == 2
    with pytest.raises(ExperimentError, match="no file"):
        raise call(runs[0], "nowhere.csv", "-o", out).exception
    with pytest.raises(ExperimentError, match="twice"):
        raise call(runs[0], runs[0], "-o", out).exception
    with pytest.raises(ExportRefused, match="must end in"):
        raise call(runs[0], file, "-o", tmp_path / "blend.parquet").exception


def test_the_hosts_bundle_serves_a_blend_too(host: Any, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "fruit"
    download_contest(host.server(), "fruit", folder, now=datetime(2026, 11, 23, tzinfo=UTC))
    sample = folder / "sample_submission.csv"
    (tmp_path / "copy.csv").write_bytes(sample.read_bytes())
    parts = [str(sample), str(tmp_path / "copy.csv")]
    blend = blend_files_and_runs(tmp_path, parts, tmp_path / "out.csv", slug="fruit")
    assert (tmp_path / "out.csv").read_bytes() == sample.read_bytes()
    assert blend.agreement.to_numpy().tolist() == [[1.0, 1.0], [1.0, 1.0]]
