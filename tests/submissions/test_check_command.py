"""`ripe check` where only files tell what a submission must look like."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from competition.definition import Contest, MetricChoice, dump_public_contest
from ripe.commands.check import command


@pytest.fixture
def titanic(shared_data: Path, tmp_path: Path) -> Path:
    """A home with Kaggle's own files of Titanic."""
    folder = tmp_path / "home" / "data" / "titanic"
    folder.mkdir(parents=True)
    for name in ("train.csv", "test.csv", "gender_submission.csv"):
        shutil.copy(shared_data / "titanic" / name, folder / name)
    return folder


@pytest.mark.parametrize("way", ["contest", "sample"])
def test_a_contest_of_kaggles_is_checked_by_its_files(
    titanic: Path, tmp_path: Path, way: str
) -> None:
    good, bad = titanic / "gender_submission.csv", tmp_path / "bad.csv"
    bad.write_text(good.read_text().replace("892,0", "892,0.0"))
    option = ["-c", "titanic"] if way == "contest" else ["--sample", str(good)]
    home = tmp_path / "home"
    assert CliRunner().invoke(command, [str(good), *option], obj=home).exit_code == 0
    refused = CliRunner().invoke(command, [str(bad), *option], obj=home)
    assert refused.exit_code == 1
    assert "0.0" in refused.output


def test_a_contest_with_its_host_s_own_metric_is_checked_by_the_form_that_it_takes(
    titanic: Path, tmp_path: Path
) -> None:
    own = MetricChoice("mine", file="metric.py", predicts="labels", greater_is_better=True)
    contest = Contest("titanic", "Titanic", own, ("Survived",), "PassengerId", labels=(0, 1))
    dump_public_contest(contest, titanic / "contest-public.toml")
    good, bad = titanic / "gender_submission.csv", tmp_path / "bad.csv"
    bad.write_text(good.read_text().replace("892,0", "892,2"))
    option, home = ["-c", "titanic"], tmp_path / "home"
    assert CliRunner().invoke(command, [str(good), *option], obj=home).exit_code == 0
    refused = CliRunner().invoke(command, [str(bad), *option], obj=home)
    assert refused.exit_code == 1
    assert "must be one of 0, 1" in refused.output


def test_it_wants_a_contest_or_a_sample(tmp_path: Path) -> None:
    for option in ([], ["-c", "a", "--sample", "b"]):
        assert CliRunner().invoke(command, ["x.csv", *option], obj=tmp_path).exit_code == 2
