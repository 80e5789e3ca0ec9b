"""What a downloaded folder holds is found out, or asked for."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from submissions import download_contest
from submissions.downloaded import describe_download
from submissions.errors import SubmissionError


def test_titanic_is_recognised(shared_data: Path, tmp_path: Path) -> None:
    for name in ("train.csv", "test.csv", "gender_submission.csv"):
        shutil.copy(shared_data / "titanic" / name, tmp_path / name)
    found = describe_download(tmp_path)
    assert (found.id_column, found.targets) == ("PassengerId", ("Survived",))
    assert found.sample == tmp_path / "gender_submission.csv"
    assert found.contest is None


def test_a_hosts_bundle_says_what_it_is(host: Any, tmp_path: Path) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    download_contest(host.server(), "fruit", tmp_path / "fruit", now=now)
    found = describe_download(tmp_path / "fruit")
    assert found.contest and found.contest.slug == "fruit"
    assert found.targets == ("ripe",)


def write(folder: Path, **tables: str) -> Path:
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def test_several_targets_and_one_column_per_class(tmp_path: Path) -> None:
    write(
        tmp_path,
        train="id,a,y,z\n1,2,3,4\n",
        test="id,a\n2,2\n",
        sample_submission="id,z,y\n2,0,0\n",
    )
    assert describe_download(tmp_path).targets == ("z", "y")
    write(
        tmp_path, sample_submission="id,Class_1,Class_2\n2,0,0\n", train="id,a,kind\n1,2,Class_1\n"
    )
    assert describe_download(tmp_path).targets == ("kind",)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"test": "id,a\n1,2\n"}, "no train.csv"),
        ({"train": "id,a,b\n1,2,3\n"}, "--target"),
        ({"train": "id,a,y,z\n1,2,3,4\n", "test": "id,a\n2,2\n"}, "--target"),
    ],
)
def test_where_nothing_tells_it_is_asked(
    tmp_path: Path, tables: dict[str, str], words: str
) -> None:
    with pytest.raises(SubmissionError, match=words):
        describe_download(write(tmp_path, **tables))
