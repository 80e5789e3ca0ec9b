"""A contest folder is built whole from tables, or there is one clear line and no folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from competition.building import SplitPlan, build_contest_folder, prepare_contest
from competition.definition import Contest, MetricChoice, load_contest
from competition.errors import CompetitionError, InvalidContest, UnreadableTable
from competition.tables import read_table


@pytest.fixture
def harvest() -> pd.DataFrame:
    """120 fruits with a stage, a firmness, a day and an orchard."""
    rng = np.random.default_rng(5)
    stage = np.repeat(["hard", "breaking", "ripe"], [60, 40, 20])
    return pd.DataFrame(
        {
            "firmness_n": rng.normal(50, 10, 120).round(1),
            "orchard": rng.integers(0, 12, 120),
            "day": pd.date_range("2024-01-01", periods=120).astype(str),
            "stage": stage,
        }
    )


@pytest.fixture
def build(tmp_path: Path):
    def build_in(**options) -> tuple[Contest, Path]:
        folder = tmp_path / "built"
        return build_contest_folder(folder, slug="fruit", **options), folder

    return build_in


def tables(folder: Path) -> tuple[pd.DataFrame, ...]:
    names = ("data/train.csv", "data/test.csv", "solution.csv", "data/sample_submission.csv")
    return tuple(read_table(folder / name, all_text=True) for name in names)


def test_the_folder_holds_what_hosts_and_participants_need(build, harvest) -> None:
    contest, folder = build(train=harvest, targets=["stage"])
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*")) == [
        "contest.toml",
        "data/contest-public.toml",
        "data/sample_submission.csv",
        "data/test.csv",
        "data/train.csv",
        "pages/data.md",
        "pages/evaluation.md",
        "pages/overview.md",
        "solution.csv",
    ]
    assert load_contest(folder) == contest
    assert load_contest(folder / "data").targets == ("stage",)


def test_one_table_is_split_once_over_with_every_row_on_one_side(build, harvest) -> None:
    contest, folder = build(train=harvest, targets=["stage"])
    train, test, solution, sample = tables(folder)
    assert contest.metric == MetricChoice("accuracy")
    assert contest.labels == ("breaking", "hard", "ripe")
    assert len(train) == 90
    assert len(test) == 30
    assert "stage" not in test
    assert list(solution.columns) == ["id", "stage", "Usage"]
    assert list(sample.columns) == ["id", "stage"]
    assert solution["id"].tolist() == test["id"].tolist() == sample["id"].tolist()
    assert sorted(train["day"].tolist() + test["day"].tolist()) == harvest["day"].tolist()
    truth = harvest.set_index("day")["stage"]
    assert truth[test["day"]].tolist() == solution["stage"].tolist()


def test_the_same_seed_builds_the_same_bytes_and_another_seed_does_not(tmp_path, harvest) -> None:
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        build_contest_folder(
            tmp_path / name,
            slug="fruit",
            train=harvest,
            targets=["stage"],
            split=SplitPlan(seed=seed),
        )
    contents = {
        name: [
            path.read_bytes() for path in sorted((tmp_path / name).rglob("*.*")) if path.is_file()
        ]
        for name in ("one", "two", "three")
    }
    assert contents["one"] == contents["two"]
    assert contents["one"] != contents["three"]


def test_cells_are_written_as_they_were_read(build, tmp_path) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(
        b"\xef\xbb\xbfcode,weight g,n,label\r\n"
        + b"".join(b'007,1.10,%d,"None, so far"\r\n,2.,,NA\r\n' % row for row in range(8))
    )
    contest, folder = build(train=path, targets=["label"], metric="accuracy")
    train, test, solution, _ = tables(folder)
    everything = pd.concat([train, test])
    assert set(everything["code"]) == {"007", ""}
    assert set(everything["weight g"]) == {"1.10", "2."}
    assert set(everything["n"]) == {*map(str, range(8)), ""}
    assert contest.labels == ("NA", "None, so far")
    assert set(solution["label"]) == {"NA", "None, so far"}


def test_titanic_comes_out_as_its_files_say(build, shared_data) -> None:
    contest, folder = build(
        train=shared_data / "titanic/train.csv",
        test=shared_data / "titanic/test.csv",
        solution=shared_data / "titanic/solution_from_titanic3.csv",
        targets=["Survived"],
        id_column="PassengerId",
        metric="Categorization Accuracy",
    )
    train, test, solution, sample = tables(folder)
    assert contest.metric == MetricChoice("accuracy")
    assert contest.labels == (0, 1)
    assert train.equals(read_table(shared_data / "titanic/train.csv", all_text=True))
    assert test.equals(read_table(shared_data / "titanic/test.csv", all_text=True))
    truth = read_table(shared_data / "titanic/solution_from_titanic3.csv", all_text=True)
    assert solution.drop(columns="Usage").equals(truth)
    assert solution["Usage"].value_counts().to_dict() == {"Public": 125, "Private": 293}
    assert sample["Survived"].unique().tolist() == ["0"]


def test_the_avocado_table_is_split_with_every_class_on_every_side(build, shared_data) -> None:
    contest, folder = build(
        train=shared_data / "avocado/avocado_ripeness_dataset.csv", targets=["ripeness"]
    )
    train, _, solution, _ = tables(folder)
    assert len(contest.labels) == 5
    assert set(train["ripeness"].value_counts()) <= {37, 38}
    for _, rows in solution.groupby("Usage"):
        assert set(rows["ripeness"]) == set(contest.labels)


def test_a_labelled_test_table_stands_for_a_solution(build, harvest) -> None:
    frame = harvest.assign(FruitId=range(120))
    contest, folder = build(
        train=frame[:80], test=frame[80:], targets=["stage"], id_column="FruitId"
    )
    _, test, solution, _ = tables(folder)
    assert "stage" not in test
    assert list(solution.columns) == ["FruitId", "stage", "Usage"]
    assert solution["stage"].tolist() == frame["stage"][80:].tolist()
    assert contest.id_column == "FruitId"


def test_a_solution_is_put_into_the_order_of_the_test_table(build, harvest) -> None:
    frame = harvest.assign(key=[f"k{n}" for n in range(120)])
    _, folder = build(
        train=frame[:80],
        test=frame[80:].drop(columns="stage"),
        solution=frame[80:][::-1][["key", "stage"]],
        targets=["stage"],
    )
    _, test, solution, _ = tables(folder)
    assert solution["key"].tolist() == test["key"].tolist()
    assert solution["stage"].tolist() == frame["stage"][80:].tolist()


def test_a_solution_without_test_rows_leaves_ids_alone_in_the_test_file(build, harvest) -> None:
    frame = harvest.assign(id=range(120))
    _, folder = build(train=frame[:80], solution=frame[80:], targets=["stage"])
    assert list(tables(folder)[1].columns) == ["id"]


def test_a_solution_keeps_its_own_usage(build, harvest) -> None:
    frame = harvest.assign(id=range(120))
    usage = ["public", "Private ", "IGNORED", "Private"] * 10
    _, folder = build(
        train=frame[:80],
        test=frame[80:].drop(columns="stage"),
        solution=frame[80:][["id", "stage"]].assign(Usage=usage),
        targets=["stage"],
    )
    assert tables(folder)[2]["Usage"].tolist() == ["Public", "Private", "Ignored", "Private"] * 10


def test_rows_are_matched_in_order_where_no_table_has_an_id(build, harvest) -> None:
    _, folder = build(
        train=harvest[:80],
        test=harvest[80:].drop(columns="stage"),
        solution=harvest[80:][["stage"]],
        targets=["stage"],
    )
    train, test, solution, _ = tables(folder)
    assert train["id"].tolist() == [str(n) for n in range(1, 81)]
    assert test["id"].tolist() == [str(n) for n in range(81, 121)]
    assert solution["stage"].tolist() == harvest["stage"][80:].tolist()


def test_any_number_of_numeric_targets(build, harvest) -> None:
    frame = harvest.assign(weight_g=range(120), length_mm=np.linspace(80, 120, 120))
    contest, folder = build(train=frame, targets=["weight_g", "length_mm", "firmness_n"])
    _, test, _, sample = tables(folder)
    assert contest.metric.name == "mcrmse"
    assert contest.labels == ()
    assert list(sample.columns) == ["id", "weight_g", "length_mm", "firmness_n"]
    assert not {"weight_g", "length_mm", "firmness_n"} & set(test.columns)
    assert all(cell.isdigit() for cell in sample["weight_g"])


def test_class_probabilities_ask_for_a_column_per_label_in_the_given_order(build, harvest) -> None:
    order = ["hard", "breaking", "ripe"]
    contest, folder = build(
        train=harvest, targets=["stage"], metric="multiclass_log_loss", labels=order
    )
    sample = read_table(folder / "data/sample_submission.csv")
    assert list(sample.columns) == ["id", *order]
    assert np.allclose(sample[order], 1 / 3)
    assert contest.labels == tuple(order)


def test_labels_given_as_text_take_the_type_of_the_truth(build, harvest) -> None:
    frame = harvest.assign(stage=harvest["stage"].map({"hard": 0, "breaking": 1, "ripe": 2}))
    contest, _ = build(train=frame, targets=["stage"], labels=["2", "1", "0", "3"])
    assert contest.labels == (2, 1, 0, 3)


def test_every_kind_of_prediction_has_a_sample(tmp_path, harvest) -> None:
    ripe = harvest["stage"] == "ripe"
    frame = harvest.assign(
        ripe=ripe.astype(int),
        a=0.25,
        b=0.75,
        mask="1 3 10 2",
        top=ripe.map({True: "x", False: "y"}),
    )
    frame.loc[ripe, "mask"] = "4 2"
    for metric, targets in (
        ("auc", ["ripe"]),
        ("crps", ["ripe"]),
        ("kl_divergence", ["a", "b"]),
        ("dice", ["mask"]),
        ("map_at_k", ["top"]),
        ("levenshtein", ["stage"]),
        ("rmse", ["firmness_n"]),
    ):
        folder = tmp_path / metric
        contest = build_contest_folder(
            folder, slug="fruit", train=frame, targets=targets, metric=metric
        )
        sample = read_table(folder / "data/sample_submission.csv")
        assert tuple(sample.columns[1:]) == contest.prediction_columns
        assert sample.notna().all().all()


def test_an_own_metric_travels_with_the_folder_and_keeps_the_whole_solution(
    build, harvest, tmp_path
) -> None:
    source = tmp_path / "my_metric.py"
    source.write_text("def score(solution, submission, row_id_column_name):\n    return 1.0\n")
    frame = harvest.assign(id=range(120))
    _, folder = build(
        train=frame[:80],
        test=frame[80:].drop(columns="stage"),
        solution=frame[80:][["id", "stage"]].assign(weight=2),
        targets=["stage"],
        metric=MetricChoice("mine", file="metric.py", predicts="labels", greater_is_better=True),
        metric_source=source,
    )
    assert (folder / "metric.py").read_text() == source.read_text()
    assert list(tables(folder)[2].columns) == ["id", "stage", "weight", "Usage"]


def refusals(harvest: pd.DataFrame) -> dict[str, tuple[dict, str]]:
    frame = harvest.assign(id=range(120))
    apart = {"train": frame[:80], "test": frame[80:].drop(columns="stage"), "targets": ["stage"]}
    truth = frame[80:][["id", "stage"]]
    return {
        "target missing": ({"train": harvest, "targets": ["Stage"]}, "did you mean 'stage'"),
        "no target": ({"train": harvest, "targets": []}, "at least one target"),
        "id missing": ({"train": harvest, "targets": ["stage"], "id_column": "x"}, "no column 'x'"),
        "duplicate ids": (
            {"train": harvest, "targets": ["stage"], "id_column": "orchard"},
            "duplicate ids in column 'orchard'",
        ),
        "duplicate own ids": (
            {"train": harvest.assign(id=1), "targets": ["stage"]},
            "duplicate ids in column 'id': '1'",
        ),
        "empty id": (
            {"train": frame.assign(id=[None, *range(119)]), "targets": ["stage"]},
            "1 empty ids in column 'id', the first in row 1",
        ),
        "no rows": ({"train": harvest[:0], "targets": ["stage"]}, "has no rows"),
        "one row": ({"train": harvest[:1], "targets": ["stage"]}, "needs at least 2"),
        "truth missing": (
            {"train": harvest.assign(stage=[None, *harvest["stage"][1:]]), "targets": ["stage"]},
            "lacks the truth in column 'stage' of 1 rows, the first in row 1",
        ),
        "no truth at all": (apart, "no solution table was given"),
        "ids without truth": ({**apart, "solution": truth[:-2]}, "2 ids of the test table have no"),
        "truth without ids": (
            {**apart, "test": apart["test"][:-1], "solution": truth},
            "1 ids of the solution table are not in the test table: '119'",
        ),
        "bad usage": (
            {**apart, "solution": truth.assign(Usage="public?")},
            "must be Public, Private, Ignored",
        ),
        "all ignored": ({**apart, "solution": truth.assign(Usage="Ignored")}, "nothing is scored"),
        "numbers needed": (
            {"train": harvest, "targets": ["stage"], "metric": "rmse"},
            "needs numbers in column 'stage'",
        ),
        "metric unknown": (
            {"train": harvest, "targets": ["stage"], "metric": "acuracy"},
            "did you mean 'accuracy'",
        ),
        "label unknown": (
            {"train": harvest, "targets": ["stage"], "labels": ["hard", "ripe"]},
            "holds 'breaking', not among the labels",
        ),
        "labels too many": (
            {"train": harvest.assign(stage=range(120)), "targets": ["day"], "metric": "auc"},
            "exactly two classes, but got 120",
        ),
        "no metric fits": ({"train": harvest, "targets": ["day"]}, "name one with --metric"),
        "two kinds": ({"train": harvest, "targets": ["stage", "firmness_n"]}, "name one with"),
        "bad limit": (
            {"train": harvest, "targets": ["stage"], "max_team_size": 0},
            "limits.max_team_size: must be at least 1",
        ),
        "bad fraction": (
            {"train": harvest, "targets": ["stage"], "split": SplitPlan(test_fraction=1.5)},
            "must lie between 0 and 1",
        ),
        "no such group": (
            {"train": harvest, "targets": ["stage"], "split": SplitPlan(group_column="Orchard")},
            "did you mean 'orchard'",
        ),
        "bad sample": (
            {
                "train": frame,
                "targets": ["stage"],
                "sample": pd.DataFrame({"id": [1], "stage": ["hard"]}),
            },
            "are not the ids of the test table",
        ),
    }


CASES = (
    "target missing",
    "no target",
    "id missing",
    "duplicate ids",
    "duplicate own ids",
    "empty id",
    "no rows",
    "one row",
    "truth missing",
    "no truth at all",
    "ids without truth",
    "truth without ids",
    "bad usage",
    "all ignored",
    "numbers needed",
    "metric unknown",
    "label unknown",
    "labels too many",
    "no metric fits",
    "two kinds",
    "bad limit",
    "bad fraction",
    "no such group",
    "bad sample",
)


@pytest.mark.parametrize("case", CASES)
def test_a_table_that_does_not_fit_gets_one_clear_line_and_leaves_nothing(
    build, harvest, tmp_path, case
) -> None:
    options, sentence = refusals(harvest)[case]
    with pytest.raises(CompetitionError) as caught:
        build(**options)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_every_refusal_is_tried(harvest) -> None:
    assert set(refusals(harvest)) == set(CASES)


def test_a_file_that_is_no_table_leaves_nothing(build, tmp_path) -> None:
    (tmp_path / "image.csv").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(UnreadableTable, match="PNG"):
        build(train=tmp_path / "image.csv", targets=["y"])
    assert not (tmp_path / "built").exists()


def test_a_folder_that_holds_something_is_not_overwritten(build, harvest, tmp_path) -> None:
    (tmp_path / "built").mkdir()
    (tmp_path / "built/mine.txt").write_text("mine")
    with pytest.raises(InvalidContest, match="exists already"):
        build(train=harvest, targets=["stage"])
    assert [path.name for path in tmp_path.rglob("*")] == ["built", "mine.txt"]


@pytest.mark.parametrize("value", ["ripe", "1", "2.5"])
def test_a_target_of_one_value_is_refused_in_plain_words(tmp_path: Path, value: str) -> None:
    table = pd.DataFrame({"size": range(40), "stage": [value] * 40})
    with pytest.raises(InvalidContest, match=r"'stage' holds one value only .*there is nothing"):
        build_contest_folder(tmp_path / "one", slug="one", train=table, targets=["stage"])


@pytest.mark.parametrize("rows", [2, 5])
def test_a_table_too_small_to_be_shared_out_is_refused(tmp_path: Path, rows: int) -> None:
    table = pd.DataFrame(
        {"size": range(rows), "stage": ["hard", "ripe", "hard", "ripe", "x"][:rows]}
    )
    with pytest.raises(InvalidContest, match=f"the table has {rows} labelled row.* at least 6"):
        build_contest_folder(tmp_path / "tiny", slug="tiny", train=table, targets=["stage"])


def test_few_test_rows_are_told() -> None:
    table = pd.DataFrame({"size": range(40), "stage": ["hard", "ripe"] * 20})
    built = prepare_contest(slug="small", train=table, targets=["stage"])
    assert any("only 10 test rows: chance will decide" in note for note in built.notes)


def test_labels_do_not_hide_that_a_metric_needs_numbers(build, harvest) -> None:
    labels = ("hard", "breaking", "ripe")
    with pytest.raises(InvalidContest, match="needs numbers in column 'stage'"):
        build(train=harvest, targets=["stage"], metric="rmse", labels=labels)
