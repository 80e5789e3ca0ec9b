"""A submission looks exactly as the sample submission does."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from competition.definition import Contest, MetricChoice
from competition.tables import digest_file
from submissions import export_predictions, export_submission, read_as_text, write_submission
from submissions.errors import ExportRefused


def contest(metric: str, targets: tuple[str, ...] = ("y",), **fields: object) -> Contest:
    return Contest(slug="c", title="C", metric=MetricChoice(metric), targets=targets, **fields)  # type: ignore[arg-type]


def sample(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype=str)


def test_titanic_integers_stay_integers(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "titanic" / "gender_submission.csv"
    predictions = pd.read_csv(source).sample(frac=1, random_state=0).astype(float)
    target = tmp_path / "out.csv"
    export_submission(predictions, source, None, target)
    assert target.read_text().splitlines() == source.read_text().splitlines()


def test_order_columns_and_ids_are_the_samples() -> None:
    wanted = sample(code=["007", "1", "x"], b=["0.0"] * 3, a=["0.0"] * 3)
    predictions = pd.DataFrame(
        {"a": [0.1, 0.2, 0.3], "b": [1.0, 2.0, 3.5], "code": ["x", "1", "007"]}
    )
    exported = export_predictions(predictions, wanted)
    assert exported.to_dict("list") == {
        "code": ["007", "1", "x"],
        "b": ["3.5", "2.0", "1.0"],
        "a": ["0.3", "0.2", "0.1"],
    }


def test_ids_read_as_numbers_find_their_rows() -> None:
    exported = export_predictions(
        pd.DataFrame({"id": [8, 7], "y": [0.25, 0.5]}), sample(id=["007", "8"], y=["0.5", "0.5"])
    )
    assert exported["id"].tolist() == ["007", "8"]
    assert exported["y"].tolist() == ["0.5", "0.25"]


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [(("True", "False"), "False"), (("true", "false"), "false"), (("TRUE", "FALSE"), "FALSE")],
)
def test_booleans_are_spelled_as_the_sample_spells_them(
    spelling: tuple[str, str], expected: str
) -> None:
    wanted = sample(id=["1", "2"], y=list(spelling))
    for predicted in ([False, False], [0, 0], ["False", "False"]):
        exported = export_predictions(pd.DataFrame({"id": [1, 2], "y": predicted}), wanted)
        assert exported["y"].tolist() == [expected] * 2


def test_boolean_labels_may_stand_as_zero_and_one() -> None:
    exported = export_predictions(
        pd.DataFrame({"id": [1, 2], "y": [True, False]}),
        sample(id=["1", "2"], y=["0", "1"]),
        contest("accuracy", labels=(False, True)),
    )
    assert exported["y"].tolist() == ["1", "0"]


def test_labels_are_written_as_the_contest_has_them() -> None:
    wanted = sample(id=["1", "2"], y=["hard", "hard"])
    stages = contest("accuracy", labels=("hard", "firm, ripe"))
    predictions = pd.DataFrame({"id": [1, 2], "y": ["firm, ripe", "hard"]})
    assert export_predictions(predictions, wanted, stages)["y"].tolist() == ["firm, ripe", "hard"]


def test_a_label_that_the_contest_lacks_is_named_with_its_id() -> None:
    wanted = sample(id=["a", "b"], y=["0", "0"])
    predictions = pd.DataFrame({"id": ["a", "b"], "y": [0.0, 0.5]})
    with pytest.raises(ExportRefused, match=r"0\.5 at id b is none of the labels 0, 1"):
        export_predictions(predictions, wanted, contest("accuracy", labels=(0, 1)))


def test_a_fraction_among_whole_classes_is_refused_where_the_metric_is_unknown() -> None:
    wanted = sample(id=["1", "2"], y=["0", "1"])
    with pytest.raises(ExportRefused, match="whole number"):
        export_predictions(pd.DataFrame({"id": [1, 2], "y": [0.2, 0.9]}), wanted)


def test_a_placeholder_of_zeros_takes_probabilities() -> None:
    wanted = sample(id=["1", "2"], y=["0", "0"])
    exported = export_predictions(pd.DataFrame({"id": [1, 2], "y": [0.2, 1 / 3]}), wanted)
    assert [float(text) for text in exported["y"]] == [0.2, 1 / 3]


def test_probabilities_keep_every_digit_of_their_precision() -> None:
    wanted = sample(id=["1", "2"], y=["0.5", "0.5"])
    wide = export_predictions(
        pd.DataFrame({"id": [1, 2], "y": [1 / 3, 1e-9]}), wanted, contest("auc", labels=(0, 1))
    )
    assert [float(text) for text in wide["y"]] == [1 / 3, 1e-9]
    narrow = pd.DataFrame({"id": [1, 2], "y": np.array([0.1, 0.25], dtype="float32")})
    assert export_predictions(narrow, wanted)["y"].tolist() == ["0.1", "0.25"]


def test_any_number_of_targets_and_one_column_per_class(tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    path.write_text("id,hard,ripe\n1,0.5,0.5\n2,0.5,0.5\n")
    stages = contest("multiclass_log_loss", ("stage",), labels=("hard", "ripe"))
    predictions = pd.DataFrame({"id": [2, 1], "ripe": [0.75, 0.1], "hard": [0.25, 0.9]})
    export_submission(predictions, path, stages, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "id,hard,ripe\n1,0.9,0.1\n2,0.25,0.75\n"
    several = contest("mcrmse", ("p", "q", "r"))
    path.write_text("id,p,q,r\n1,0,0,0\n2,0,0,0\n")
    numbers = pd.DataFrame({"id": [1, 2], "p": [1.0, 2.0], "q": [0.5, 2.0], "r": [3, 4]})
    export_submission(numbers, path, several, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "id,p,q,r\n1,1,0.5,3\n2,2,2.0,4\n"


def test_every_problem_is_named_at_once() -> None:
    wanted = sample(id=["1", "2", "3"], y=["0.5"] * 3, z=["0.5"] * 3)
    with pytest.raises(ExportRefused) as refusal:
        export_predictions(pd.DataFrame({"id": [1, 1, 9], "y": [0, 0, 0], "z": [0, 0, 0]}), wanted)
    assert len(refusal.value.problems) == 3
    with pytest.raises(ExportRefused) as refusal:
        export_predictions(
            pd.DataFrame({"id": [1, 2, 3], "y": [np.nan, 0, np.inf], "z": ["a", "b", "c"]}), wanted
        )
    assert [problem.split(":")[0] for problem in refusal.value.problems] == [
        "column 'y'",
        "column 'z'",
    ]
    with pytest.raises(ExportRefused, match=r"2 problems: .*'y'.*'z'"):
        export_predictions(pd.DataFrame({"id": [1, 2, 3]}), wanted)


def test_a_file_that_would_break_a_rule_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    path.write_text("id,hard,ripe\n1,0.5,0.5\n")
    stages = contest("multiclass_log_loss", ("stage",), labels=("hard", "ripe"))
    lopsided = pd.DataFrame({"id": [1], "hard": [0.9], "ripe": [0.9]})
    with pytest.raises(ExportRefused):
        export_submission(lopsided, path, stages, tmp_path / "out.csv")
    assert not [entry.name for entry in tmp_path.iterdir() if "out" in entry.name]


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.csv.zip", "out.zip"])
def test_packed_files_hold_the_same_and_are_the_same_each_time(tmp_path: Path, name: str) -> None:
    frame = sample(id=["1", "2"], y=["é, ü", ""])
    digest = write_submission(frame, tmp_path / name)
    assert digest == digest_file(tmp_path / name) == write_submission(frame, tmp_path / name)
    assert read_as_text(tmp_path / name).equals(frame)
    if name.endswith(".zip"):
        assert zipfile.ZipFile(tmp_path / name).namelist() == ["out.csv"]
    if name.endswith(".gz"):
        assert gzip.decompress((tmp_path / name).read_bytes()).startswith(b"id,y\n")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match="must end in"):
        write_submission(sample(id=["1"]), tmp_path / "out.parquet")
