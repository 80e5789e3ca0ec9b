"""Every rule of a submission: each alone, all at once, and none for a sound file."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from competition.checks import (
    RULES,
    Problem,
    SubmissionForm,
    check_submission,
    label_codes,
    load_form,
    places_of,
    read_submission,
    submission_form,
)
from competition.definition import Contest, MetricChoice
from competition.errors import InvalidSubmission, UnreadableTable
from competition.metrics import METRICS
from competition.metrics.metric import NEEDS_LABELS

STAGES = ("hard", "breaking", "ripe")
SAMPLE = "id,stage\n1,hard\n2,hard\n3,hard\n4,hard\n"
SOUND = "id,stage\n1,hard\n2,ripe\n3,breaking\n4,hard\n"


def contest(
    metric: str = "accuracy",
    targets: tuple[str, ...] = ("stage",),
    labels: Sequence[str | int | bool] = STAGES,
    size_limit_mb: int = 100,
) -> Contest:
    return Contest(
        slug="toy",
        title="Toy",
        metric=MetricChoice(metric),
        targets=targets,
        labels=tuple(labels),
        submission_size_limit_mb=size_limit_mb,
    )


Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str, name: str = "entry.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return written  # type: ignore[return-value]


@pytest.fixture
def form(write: Write) -> SubmissionForm:
    return load_form(contest(), write(SAMPLE, "sample.csv"))


def form_of(sample: str, tmp_path: Path, **of_contest: object) -> SubmissionForm:
    path = tmp_path / "sample.csv"
    path.write_text(sample)
    return load_form(contest(**of_contest), path)  # type: ignore[arg-type]


def found(problems: Sequence[Problem]) -> list[tuple[str, int | None, str | None]]:
    assert all(one.rule in RULES for one in problems)
    return [(one.rule, one.row, one.column) for one in problems]


def only(problems: Sequence[Problem]) -> Problem:
    assert len(problems) == 1, [str(one) for one in problems]
    assert problems[0].rule in RULES
    return problems[0]


def test_a_sound_file_has_no_problems(form: SubmissionForm, write: Write) -> None:
    assert check_submission(write(SOUND), form) == []
    assert list(read_submission(write(SOUND), form)["stage"]) == [
        "hard",
        "ripe",
        "breaking",
        "hard",
    ]


def test_rows_may_stand_in_any_order(form: SubmissionForm, write: Write) -> None:
    assert check_submission(write("id,stage\n4,hard\n2,ripe\n1,hard\n3,ripe\n"), form) == []


@pytest.mark.parametrize(
    "text",
    [SOUND.replace("\n", "\r\n"), "\ufeff" + SOUND, SOUND.replace("ripe", '"ripe"'), SOUND.strip()],
    ids=["crlf", "byte-order mark", "quoted", "no last line end"],
)
def test_ways_of_writing_csv_are_no_problem(form: SubmissionForm, write: Write, text: str) -> None:
    assert check_submission(write(text), form) == []


def test_names_and_labels_beyond_ascii_and_with_spaces_and_commas_work(tmp_path: Path) -> None:
    labels = ("grün, fest", "essreif", "überreif ")
    sample = 'id,Reife grad\nä 1,"grün, fest"\nb,essreif\n'
    form = form_of(sample, tmp_path, targets=("Reife grad",), labels=labels)
    entry = tmp_path / "entry.csv"

    entry.write_text('id,Reife grad\nb,überreif \nä 1,"grün, fest"\n')
    assert check_submission(entry, form) == []
    entry.write_text("id,Reife grad\nb,überreif\nä 1,essreif\n")
    assert "did you mean 'überreif '?" in only(check_submission(entry, form)).message


def test_every_problem_is_found_at_once(form: SubmissionForm, write: Write) -> None:
    problems = check_submission(write("id,stage\n1,hard\n1,soft\n9,\n3,Ripe\n"), form)

    assert found(problems) == [
        ("unknown_ids", 4, "id"),
        ("duplicate_ids", 3, "id"),
        ("missing_ids", None, "id"),
        ("missing_values", 4, "stage"),
        ("unknown_label", 3, "stage"),
    ]


def test_reading_raises_every_problem_at_once(form: SubmissionForm, write: Write) -> None:
    with pytest.raises(InvalidSubmission, match=r"3 problems: \(1\) .* \(2\) .* \(3\) ") as caught:
        read_submission(write("id,stage\n1,hard\n1,soft\n3,hard\n4,hard\n"), form)

    assert [one.rule for one in caught.value.problems] == [
        "duplicate_ids",
        "missing_ids",
        "unknown_label",
    ]


# --- the header ---


def test_a_missing_column_is_named(form: SubmissionForm, write: Write) -> None:
    problem = only(check_submission(write("id\n1\n2\n3\n4\n"), form))

    assert (problem.rule, problem.column) == ("missing_column", "stage")
    assert problem.message == "column 'stage' is missing; columns: id, stage"


def test_an_extra_column_is_named(form: SubmissionForm, write: Write) -> None:
    text = "id,stage,weight\n1,hard,2\n2,hard,2\n3,hard,2\n4,hard,2\n"

    problem = only(check_submission(write(text), form))

    assert found([problem]) == [("extra_column", 1, "weight")]


@pytest.mark.parametrize("name", ["Stage", "stge", " stage", "STAGE_"])
def test_a_misspelt_column_gets_a_suggestion(form: SubmissionForm, write: Write, name: str) -> None:
    problem = only(check_submission(write(SOUND.replace("stage", name)), form))

    assert found([problem]) == [("misspelt_column", 1, name)]
    assert "did you mean 'stage'?" in problem.message


def test_reordered_columns_are_told_with_the_right_order(
    form: SubmissionForm, write: Write
) -> None:
    problem = only(check_submission(write("stage,id\nhard,1\nripe,2\nripe,3\nhard,4\n"), form))

    assert problem.rule == "column_order"
    assert problem.message == "columns must stand in the order id, stage, but got stage, id"


def test_a_row_index_in_the_file_is_recognised(
    form: SubmissionForm, write: Write, tmp_path: Path
) -> None:
    pd.read_csv(write(SOUND)).to_csv(tmp_path / "indexed.csv")

    problem = only(check_submission(tmp_path / "indexed.csv", form))

    assert "index=False" in problem.message


def test_a_column_that_stands_there_twice_is_told(form: SubmissionForm, write: Write) -> None:
    problem = only(check_submission(write("id,stage,stage\n1,hard,hard\n"), form))

    assert problem.rule == "unreadable"
    assert "'stage' more than once" in problem.message


# --- the ids ---


def test_missing_ids_are_counted_with_the_first_examples(tmp_path: Path) -> None:
    sample = "id,stage\n" + "".join(f"{k},hard\n" for k in range(100))
    form = form_of(sample, tmp_path)
    entry = tmp_path / "entry.csv"
    entry.write_text("id,stage\n" + "".join(f"{k},hard\n" for k in range(0, 100, 2)))

    problem = only(check_submission(entry, form))

    assert problem.rule == "missing_ids"
    assert problem.message == (
        "50 ids of the sample submission are missing: 1, 3, 5, 7, 9 and 45 more; "
        "100 rows are expected"
    )


def test_a_repeated_id_beside_a_missing_one_is_found_though_the_length_is_right(
    form: SubmissionForm, write: Write
) -> None:
    problems = check_submission(write("id,stage\n1,hard\n2,hard\n2,hard\n4,hard\n"), form)

    assert found(problems) == [("duplicate_ids", 4, "id"), ("missing_ids", None, "id")]
    assert "2 (again in row 4)" in problems[0].message


def test_unknown_ids_are_told_with_their_rows(form: SubmissionForm, write: Write) -> None:
    problem = only(check_submission(write(SOUND + "77,hard\nx,hard\n"), form))

    assert found([problem]) == [("unknown_ids", 6, "id")]
    assert "'77' and 'x' (rows 6 and 7)" in problem.message


def test_ids_with_a_point_are_told_to_be_whole_numbers(form: SubmissionForm, write: Write) -> None:
    text = "id,stage\n1.0,hard\n2.0,ripe\n3.0,hard\n4.0,hard\n"

    problems = check_submission(write(text), form)

    assert found(problems) == [("unknown_ids", 2, "id"), ("missing_ids", None, "id")]
    assert "write ids as whole numbers, without a point" in problems[0].message


def test_an_empty_id_is_an_unknown_one(form: SubmissionForm, write: Write) -> None:
    problems = check_submission(write("id,stage\n1,hard\n,ripe\n3,hard\n4,hard\n"), form)

    assert found(problems) == [("unknown_ids", 3, "id"), ("missing_ids", None, "id")]


def test_text_ids_are_compared_as_they_are_written(tmp_path: Path) -> None:
    form = form_of("id,stage\n007,hard\n7,hard\nNA,hard\n", tmp_path)
    entry = tmp_path / "entry.csv"

    entry.write_text("id,stage\nNA,hard\n7,hard\n007,hard\n")
    assert check_submission(entry, form) == []
    entry.write_text("id,stage\nNA,hard\n7,hard\n07,hard\n")
    assert [one.rule for one in check_submission(entry, form)] == ["unknown_ids", "missing_ids"]


# --- labels ---


def test_a_label_outside_the_set_gets_a_suggestion(form: SubmissionForm, write: Write) -> None:
    problem = only(check_submission(write(SOUND.replace("breaking", "braking")), form))

    assert found([problem]) == [("unknown_label", 4, "stage")]
    assert problem.message == (
        "labels in 'stage' must be one of hard, breaking, ripe, but got 'braking' (row 4); "
        "did you mean 'breaking'?"
    )


def test_whole_number_labels_written_as_floats_are_told_how(tmp_path: Path) -> None:
    form = form_of("id,stage\n1,0\n2,0\n3,0\n", tmp_path, labels=(0, 1))
    entry = tmp_path / "entry.csv"
    entry.write_text("id,stage\n1,0.0\n2,1\n3,1.0\n")

    problem = only(check_submission(entry, form))

    assert found([problem]) == [("label_as_float", 2, "stage")]
    assert problem.message == (
        "labels in 'stage' are whole numbers, but got '0.0' (rows 2 and 4); "
        "write 0 instead of 0.0 (in pandas: .astype(int))"
    )


def test_a_missing_label_among_whole_numbers_is_told_as_missing_and_not_as_float(
    tmp_path: Path,
) -> None:
    form = form_of("id,stage\n1,0\n2,0\n3,0\n", tmp_path, labels=(0, 1))
    entry = tmp_path / "entry.csv"
    entry.write_text("id,stage\n1,0\n2,\n3,1\n")

    assert found(check_submission(entry, form)) == [("missing_values", 3, "stage")]


def test_true_and_false_are_labels(tmp_path: Path) -> None:
    form = form_of("id,ripe\n1,False\n2,False\n", tmp_path, targets=("ripe",), labels=(False, True))
    entry = tmp_path / "entry.csv"

    entry.write_text("id,ripe\n1,True\n2,False\n")
    assert check_submission(entry, form) == []
    entry.write_text("id,ripe\n1,yes\n2,False\n")
    assert found(check_submission(entry, form)) == [("unknown_label", 2, "ripe")]


def test_labels_that_look_like_missing_values_are_labels(tmp_path: Path) -> None:
    form = form_of("id,stage\n1,None\n2,NA\n", tmp_path, labels=("None", "NA"))
    entry = tmp_path / "entry.csv"
    entry.write_text("id,stage\n1,NA\n2,None\n")

    assert check_submission(entry, form) == []


def test_probabilities_in_place_of_labels_are_unknown_labels(tmp_path: Path) -> None:
    form = form_of("id,stage\n1,0\n2,0\n", tmp_path, labels=(0, 1))
    entry = tmp_path / "entry.csv"
    entry.write_text("id,stage\n1,0.3\n2,0.9\n")

    assert found(check_submission(entry, form)) == [("unknown_label", 2, "stage")]


# --- numbers ---


@pytest.fixture
def numbers_form(tmp_path: Path) -> SubmissionForm:
    return form_of("id,x\n1,0\n2,0\n3,0\n", tmp_path, metric="rmse", targets=("x",), labels=())


@pytest.mark.parametrize("cell", ["", "NaN", "nan", "NA", "null"])
def test_an_empty_or_nan_number_is_told_with_its_row(
    numbers_form: SubmissionForm, write: Write, cell: str
) -> None:
    problem = only(check_submission(write(f"id,x\n1,0.5\n2,{cell}\n3,1\n"), numbers_form))

    assert found([problem]) == [("missing_values", 3, "x")]


@pytest.mark.parametrize("cell", ["inf", "-inf", "Infinity"])
def test_an_infinite_number_is_told_with_its_row(
    numbers_form: SubmissionForm, write: Write, cell: str
) -> None:
    problem = only(check_submission(write(f"id,x\n1,0.5\n2,1\n3,{cell}\n"), numbers_form))

    assert found([problem]) == [("infinite", 4, "x")]


@pytest.mark.parametrize("cell", ["many", "1.5 kg", "1_000", "0x10", "True"])
def test_a_cell_that_is_no_number_is_told_with_its_row(
    numbers_form: SubmissionForm, write: Write, cell: str
) -> None:
    problem = only(check_submission(write(f"id,x\n1,0.5\n2,{cell}\n3,1\n"), numbers_form))

    assert found([problem]) == [("not_a_number", 3, "x")]
    assert repr(cell) in problem.message


def test_missing_infinite_and_wrong_cells_of_one_column_are_told_apart(
    numbers_form: SubmissionForm, write: Write
) -> None:
    problems = check_submission(write("id,x\n1,\n2,-inf\n3,many\n"), numbers_form)

    assert found(problems) == [
        ("infinite", 3, "x"),
        ("not_a_number", 4, "x"),
        ("missing_values", 2, "x"),
    ]


def test_a_column_of_truth_values_is_no_column_of_numbers(
    numbers_form: SubmissionForm, write: Write
) -> None:
    problem = only(check_submission(write("id,x\n1,True\n2,False\n3,True\n"), numbers_form))

    assert found([problem]) == [("not_a_number", 2, "x")]


def test_negative_numbers_are_a_problem_for_rmsle_alone(
    numbers_form: SubmissionForm, write: Write, tmp_path: Path
) -> None:
    entry = write("id,x\n1,-1\n2,0\n3,1\n")
    logarithmic = form_of(
        "id,x\n1,0\n2,0\n3,0\n", tmp_path, metric="rmsle", targets=("x",), labels=()
    )

    assert check_submission(entry, numbers_form) == []
    problem = only(check_submission(entry, logarithmic))
    assert found([problem]) == [("out_of_range", 2, "x")]
    assert "at least 0" in problem.message


def test_a_mean_of_0_is_a_problem_for_the_poisson_deviance(tmp_path: Path) -> None:
    form = form_of(
        "id,x\n1,1\n2,1\n", tmp_path, metric="poisson_deviance", targets=("x",), labels=()
    )
    entry = tmp_path / "entry.csv"
    entry.write_text("id,x\n1,0\n2,1\n")

    assert "greater than 0" in only(check_submission(entry, form)).message


# --- probabilities ---


def test_probabilities_outside_0_and_1_are_told_but_auc_takes_any_score(tmp_path: Path) -> None:
    sample, entry = "id,stage\n1,0.5\n2,0.5\n3,0.5\n", tmp_path / "entry.csv"
    entry.write_text("id,stage\n1,-0.1\n2,1.5\n3,1\n")

    strict = form_of(sample, tmp_path, metric="log_loss", labels=(0, 1))
    problem = only(check_submission(entry, strict))
    assert found([problem]) == [("out_of_range", 2, "stage")]
    assert "from 0 to 1" in problem.message
    assert "-0.1 and 1.5 (rows 2 and 3)" in problem.message
    free = form_of(sample, tmp_path, metric="auc", labels=(0, 1))
    assert check_submission(entry, free) == []


CLASSES = "id,hard,breaking,ripe\n1,0.2,0.3,0.5\n2,1,0,0\n"


def test_class_probabilities_stand_in_one_column_per_label(tmp_path: Path) -> None:
    form = form_of(CLASSES, tmp_path, metric="multiclass_log_loss")
    entry = tmp_path / "entry.csv"
    entry.write_text(CLASSES)

    assert form.columns == STAGES
    assert check_submission(entry, form) == []


def test_rows_that_do_not_sum_to_1_are_told(tmp_path: Path) -> None:
    form = form_of(CLASSES, tmp_path, metric="multiclass_log_loss")
    entry = tmp_path / "entry.csv"
    entry.write_text("id,hard,breaking,ripe\n1,0.2,0.3,0.5\n2,0.9,0.9,0.2\n")

    problem = only(check_submission(entry, form))

    assert found([problem]) == [("row_sum", 3, None)]
    assert "got 2 (row 3)" in problem.message


def test_rounded_probabilities_sum_to_1_well_enough(tmp_path: Path) -> None:
    form = form_of(CLASSES, tmp_path, metric="multiclass_log_loss")
    entry = tmp_path / "entry.csv"
    entry.write_text("id,hard,breaking,ripe\n1,0.333,0.333,0.333\n2,0.3334,0.3334,0.3334\n")

    assert check_submission(entry, form) == []


def test_cumulative_probabilities_that_fall_are_told(tmp_path: Path) -> None:
    form = form_of(CLASSES, tmp_path, metric="crps")
    entry = tmp_path / "entry.csv"
    entry.write_text("id,hard,breaking,ripe\n1,0.2,0.5,1\n2,0.9,0.5,1\n")

    assert found(check_submission(entry, form)) == [("falling", 3, None)]


# --- lists, texts, masks ---


def test_empty_rankings_and_texts_are_allowed(tmp_path: Path) -> None:
    for metric in ("map@5", "levenshtein"):
        form = form_of("id,x\n1,a\n2,b\n", tmp_path, metric=metric, targets=("x",), labels=())
        entry = tmp_path / "entry.csv"
        entry.write_text("id,x\n1,\n2,12 07\n")

        assert check_submission(entry, form) == []
        assert list(read_submission(entry, form)["x"]) == ["", "12 07"]


@pytest.mark.parametrize("mask", ["1", "0 3", "1 -2", "one two", "1 5 3 2", "1.5 2"])
def test_broken_masks_are_told(tmp_path: Path, mask: str) -> None:
    form = form_of("id,x\n1,1 1\n2,1 1\n", tmp_path, metric="dice", targets=("x",), labels=())
    entry = tmp_path / "entry.csv"
    entry.write_text(f"id,x\n1,\n2,{mask}\n")

    assert found(check_submission(entry, form)) == [("broken_mask", 3, "x")]


# --- the file ---


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89PNG\r\n\x1a\n\x00", b"{}", b"id,stage\n", b"id,stage\n1,hard,extra\n"],
    ids=["empty", "a picture", "json", "no rows", "ragged"],
)
def test_a_file_that_is_no_table_gets_one_clear_problem(
    form: SubmissionForm, tmp_path: Path, content: bytes
) -> None:
    entry = tmp_path / "entry.csv"
    entry.write_bytes(content)

    assert only(check_submission(entry, form)).rule == "unreadable"


def test_a_missing_file_gets_one_clear_problem(form: SubmissionForm, tmp_path: Path) -> None:
    assert "there is no file" in only(check_submission(tmp_path / "no.csv", form)).message


def test_a_file_beyond_the_size_limit_is_told(tmp_path: Path) -> None:
    form = form_of(SAMPLE, tmp_path, size_limit_mb=1)
    entry = tmp_path / "entry.csv"
    entry.write_text(SOUND + "5,hard\n" * 200_000)

    problem = only(check_submission(entry, form))

    assert problem.rule == "too_large"
    assert "at most 1 MB, but has 1.4 MB" in problem.message


def test_a_small_archive_of_a_huge_file_is_told(tmp_path: Path) -> None:
    form = form_of(SAMPLE, tmp_path, size_limit_mb=1)
    entry = tmp_path / "entry.csv.gz"
    with gzip.open(entry, "wb") as packed:
        packed.write((SOUND + "5,hard\n" * 200_000).encode())

    assert only(check_submission(entry, form)).rule == "too_large"


def test_a_packed_file_is_checked_like_a_plain_one(form: SubmissionForm, tmp_path: Path) -> None:
    entry = tmp_path / "entry.csv.gz"
    with gzip.open(entry, "wb") as packed:
        packed.write(SOUND.replace("ripe", "Ripe").encode())

    assert found(check_submission(entry, form)) == [("unknown_label", 3, "stage")]


# --- tables in memory ---


def test_a_table_in_memory_is_checked_like_a_file(form: SubmissionForm, write: Write) -> None:
    for text in (
        SOUND,
        SOUND.replace("ripe", "Ripe"),
        "id,stage\n1,hard\n9,hard\n3,hard\n3,hard\n",
    ):
        path = write(text)
        assert check_submission(pd.read_csv(path), form) == check_submission(path, form)


def test_a_table_with_an_index_of_its_own_is_checked_by_position(form: SubmissionForm) -> None:
    table = pd.DataFrame({"id": [1, 2, 3, 4], "stage": ["hard", "x", "ripe", "ripe"]}, list("abcd"))

    assert found(check_submission(table, form)) == [("unknown_label", 3, "stage")]


def test_categories_and_float_labels_in_memory_are_understood(tmp_path: Path) -> None:
    form = form_of("id,stage\n1,0\n2,0\n", tmp_path, labels=(0, 1))

    whole = pd.DataFrame({"id": [1, 2], "stage": pd.Categorical([0, 1])})
    floats = pd.DataFrame({"id": [1, 2], "stage": [0.0, 1.0]})

    assert check_submission(whole, form) == []
    assert found(check_submission(floats, form)) == [("label_as_float", 2, "stage")]


# --- the form ---


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_has_a_form_that_its_own_sample_keeps(name: str) -> None:
    metric = METRICS[name]
    targets = tuple(f"t{k}" for k in range(metric.min_columns))
    labels = (0, 1) if metric.predicts in NEEDS_LABELS else ()
    columns = metric.prediction_columns(targets, labels)
    cells = {
        "labels": [0, 1],
        "probability": [0.5, 0.25],
        "class_probabilities": [0.5, 0.5],
        "cumulative_probabilities": [1.0, 1.0],
        "distribution": [1 / len(columns)] * 2,
        "values": [1.5, 2.5],
        "ranking": ["a b", "b"],
        "text": ["some", "text"],
        "mask": ["1 3", ""],
    }[metric.predicts]
    sample = pd.DataFrame({"id": [10, 11], **dict.fromkeys(columns, cells)})

    form = submission_form(contest(name, targets, labels), sample)

    assert form.expected == ("id", *columns)
    assert check_submission(sample, form) == []
    assert check_submission(sample.rename(columns={"id": "key"}), form) != []


def test_a_sample_without_the_id_column_is_an_error() -> None:
    with pytest.raises(UnreadableTable, match="no id column 'id'; it has: key, stage"):
        submission_form(contest(), pd.DataFrame({"key": [1], "stage": ["hard"]}))


def test_the_form_of_a_hosts_own_metric_follows_what_it_declares() -> None:
    choice = MetricChoice(
        "mine", file="metric.py", predicts="class_probabilities", greater_is_better=True
    )
    own = Contest(slug="a", title="A", metric=choice, targets=("stage",), labels=STAGES)

    form = submission_form(own, pd.DataFrame({"id": [1]}))

    assert form.columns == STAGES
    assert form.predicts == "class_probabilities"


@settings(max_examples=60, deadline=None)
@given(
    cells=st.lists(st.sampled_from(["hard", "ripe", "Ripe", "", "0"]), min_size=1, max_size=8),
    ids=st.lists(st.integers(0, 9), min_size=1, max_size=8),
)
def test_a_check_agrees_with_the_rules_worked_row_by_row(cells: list[str], ids: list[int]) -> None:
    n = min(len(cells), len(ids))
    table = pd.DataFrame({"id": ids[:n], "stage": cells[:n]})
    form = SubmissionForm("id", pd.Index([0, 1, 2, 3]), ("stage",), "labels", ("hard", "ripe"))

    rules = {one.rule for one in check_submission(table, form)}

    wanted, given_ids = {0, 1, 2, 3}, ids[:n]
    known = [one for one in given_ids if one in wanted]
    assert ("unknown_ids" in rules) == any(one not in wanted for one in given_ids)
    assert ("missing_ids" in rules) == (not wanted <= set(given_ids))
    assert ("duplicate_ids" in rules) == (len(known) != len(set(known)))
    assert ("missing_values" in rules) == ("" in cells[:n])
    assert ("unknown_label" in rules) == bool({"Ripe", "0"} & set(cells[:n]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-3, 12), min_size=1, max_size=20), st.permutations([0, 2, 5, 9]))
def test_label_codes_are_the_places_among_the_labels(cells: list[int], labels: list[int]) -> None:
    expected = [labels.index(cell) if cell in labels else -1 for cell in cells]

    assert label_codes(pd.Series(cells), labels).tolist() == expected
    assert label_codes(pd.Series(cells).astype("str"), labels).tolist() == expected


@settings(max_examples=80, deadline=None)
@given(
    known=st.lists(st.integers(-50, 50), min_size=1, unique=True),
    ids=st.lists(st.integers(-60, 60), max_size=30),
    spread=st.sampled_from([1, 10**6, 10**15]),
)
def test_places_of_ids_are_those_of_a_plain_search(
    known: list[int], ids: list[int], spread: int
) -> None:
    index = pd.Index([one * spread for one in known])
    given_ids = pd.Series([one * spread for one in ids], dtype="int64")
    expected = [known.index(one) if one in known else -1 for one in ids]

    assert places_of(given_ids, index).tolist() == expected
    assert places_of(given_ids.astype("str"), index).tolist() == expected


def test_a_million_rows_are_checked_for_the_cost_of_a_few_columns_of_work(tmp_path: Path) -> None:
    """Not timed here: a check row by row would run into the test's own time limit."""
    n = 1_000_000
    rng = np.random.default_rng(0)
    sample = pd.DataFrame({"id": np.arange(n), "stage": 0})
    form = submission_form(contest(labels=(0, 1, 2)), sample)
    entry = sample.assign(stage=rng.integers(0, 3, n)).sample(frac=1, random_state=0)
    entry.iloc[[5, 500_000], 1] = 7
    entry.to_csv(tmp_path / "entry.csv", index=False)

    assert found(check_submission(tmp_path / "entry.csv", form)) == [("unknown_label", 7, "stage")]
