"""Where only a sample submission is known, it tells what a submission must look like."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from competition.checks import check_submission
from submissions.downloaded import describe_download
from submissions.errors import SubmissionError
from submissions.samples import form_of_download, form_of_sample


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def rules(form: object, frame: pd.DataFrame, tmp_path: Path) -> list[str]:
    file = tmp_path / "entry.csv"
    frame.to_csv(file, index=False)
    return [problem.rule for problem in check_submission(file, form)]  # type: ignore[arg-type]


def test_titanic_by_its_files_alone(shared_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "titanic"
    folder.mkdir()
    for name in ("train.csv", "test.csv", "gender_submission.csv"):
        shutil.copy(shared_data / "titanic" / name, folder / name)
    form = form_of_download(describe_download(folder))
    assert (form.id_column, form.columns, form.labels) == ("PassengerId", ("Survived",), (0, 1))
    good = pd.read_csv(folder / "gender_submission.csv")
    assert rules(form, good, tmp_path) == []
    assert rules(form, good.astype({"Survived": float}), tmp_path) == ["label_as_float"]
    assert rules(form, good.iloc[1:], tmp_path) == ["missing_ids"]
    assert rules(form, good.assign(Survived=2), tmp_path) == ["unknown_label"]


def test_a_placeholder_of_zeros_takes_any_number(tmp_path: Path) -> None:
    form = form_of_sample(write(tmp_path / "s.csv", "id,y\n1,0\n2,0\n"))
    assert form.predicts == "values"
    assert rules(form, pd.DataFrame({"id": [1, 2], "y": [0.25, 3.5]}), tmp_path) == []
    assert rules(form, pd.DataFrame({"id": [1, 2], "y": [0.25, None]}), tmp_path) != []


def test_several_columns_are_numbers_or_text(tmp_path: Path) -> None:
    numbers = form_of_sample(write(tmp_path / "s.csv", "id,a,b\n1,0.5,1\n2,0.5,0\n"))
    assert (numbers.predicts, numbers.columns) == ("values", ("a", "b"))
    texts = form_of_sample(write(tmp_path / "s.csv", "id,a,b\n007,x,1\n2,y,0\n"))
    assert (texts.predicts, list(texts.ids)) == ("text", ["007", "2"])


def test_labels_come_from_the_training_table(tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", "id,x,stage\n1,2,ripe\n2,3,hard\n3,3,\n")
    sample = write(tmp_path / "s.csv", "id,stage\n9,hard\n")
    assert form_of_sample(sample, train).labels == ("hard", "ripe")
    assert form_of_sample(sample).predicts == "text"
    assert form_of_sample(write(tmp_path / "s.csv", "id,y\n9,true\n")).labels == (False, True)


def test_a_download_without_a_sample_says_so(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", "id,x,y\n1,2,3\n")
    write(tmp_path / "test.csv", "id,x\n1,2\n")
    with pytest.raises(SubmissionError, match="no sample submission"):
        form_of_download(describe_download(tmp_path))
