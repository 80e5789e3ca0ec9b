"""A contest's file holds everything, and says every problem at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from competition.definition import (
    Contest,
    MetricChoice,
    contest_problems,
    dump_contest,
    dump_public_contest,
    format_contest,
    load_contest,
    parse_contest,
)
from competition.errors import InvalidContest


@pytest.fixture
def contest() -> Contest:
    return Contest(
        slug="avocado-ripeness",
        title='Is it "ripe"? Größe \\ n',
        metric=MetricChoice("quadratic_weighted_kappa", beside=("accuracy",)),
        targets=("stage",),
        labels=("hard", "breaking", "ripe"),
        group_column="fruit id",
        public_fraction=0.25,
        deadline=datetime(2027, 1, 31, 23, 59, tzinfo=UTC),
        max_team_size=4,
        hold_final_board=True,
        pages={"overview": "# Über\n\ntext\n", "rules": "be kind\n"},
    )


def test_a_contest_comes_back_from_its_folder_as_it_was(contest: Contest, tmp_path: Path) -> None:
    dump_contest(contest, tmp_path / "contest.toml")
    assert load_contest(tmp_path) == contest
    assert load_contest(tmp_path / "contest.toml") == contest


def test_a_contest_comes_back_from_its_text(contest: Contest) -> None:
    assert parse_contest(format_contest(contest), pages=contest.pages) == contest


@pytest.mark.parametrize("labels", [("a", "b"), (0, 1, 2), (False, True), ()])
def test_labels_keep_their_type(contest: Contest, labels: tuple) -> None:
    metric = MetricChoice("accuracy" if labels else "rmse")
    changed = replace(contest, labels=labels, metric=metric)
    read = parse_contest(format_contest(changed))
    assert read.labels == labels
    assert [type(label) for label in read.labels] == [type(label) for label in labels]


def test_metric_parameters_of_every_kind_survive(contest: Contest) -> None:
    own = MetricChoice(
        "mine",
        parameters={"k": 5, "x": [1.0, "s"], "d": {"a b": True}, "s": 'q"\\\x7f\t'},
        file="metric.py",
        predicts="values",
        greater_is_better=False,
    )
    changed = replace(contest, metric=own)
    assert parse_contest(format_contest(changed)).metric == own


def test_times_are_read_into_utc(contest: Contest) -> None:
    text = format_contest(contest).replace("2027-01-31T23:59:00Z", "2027-02-01T01:59:00+02:00")
    assert parse_contest(text).deadline == contest.deadline
    assert parse_contest(text).deadline.tzinfo is UTC
    elsewhere = contest.deadline.astimezone(timezone(timedelta(hours=-5)))
    assert (
        parse_contest(format_contest(replace(contest, deadline=elsewhere))).deadline.tzinfo is UTC
    )


def test_the_public_file_tells_what_tools_need_and_no_more(
    contest: Contest, tmp_path: Path
) -> None:
    dump_public_contest(contest, tmp_path / "contest-public.toml")
    known = load_contest(tmp_path)
    assert (known.slug, known.id_column, known.targets) == ("avocado-ripeness", "id", ("stage",))
    assert (known.labels, known.metric) == (contest.labels, contest.metric)
    assert (known.group_column, known.time_column) == ("fruit id", None)
    text = (tmp_path / "contest-public.toml").read_text()
    assert known.public_fraction == contest.public_fraction
    assert "seed" not in text


def test_the_public_file_tells_the_form_of_a_host_s_own_metric(
    contest: Contest, tmp_path: Path
) -> None:
    own = MetricChoice("mine", file="metric.py", predicts="labels", greater_is_better=False)
    dump_public_contest(replace(contest, metric=own), tmp_path / "contest-public.toml")
    known = load_contest(tmp_path)
    assert known.metric == own
    assert (known.predicts, known.prediction_columns) == ("labels", contest.targets)


def test_every_problem_of_the_form_is_told_at_once_with_its_key_path() -> None:
    with pytest.raises(InvalidContest) as caught:
        parse_contest(
            """
            [contest]
            slug = 3
            titel = "x"
            [data]
            targets = "y"
            [limit]
            [dates]
            deadline = 2027-01-01T00:00:00
            [limits]
            max_daily_submissions = true
            """
        )
    assert set(caught.value.problems) == {
        "contest.slug: must be a string, but got 3",
        "contest.titel: unknown key; did you mean 'title'?",
        "data.targets: must be a list, but got 'y'",
        "metric: is required but missing",
        "dates.deadline: must carry its time zone, such as 2027-01-01T00:00:00Z",
        "limits.max_daily_submissions: must be an integer, but got True",
        "limit: unknown key; did you mean 'limits'?",
    }


def test_every_broken_rule_is_told_at_once_with_its_key_path() -> None:
    with pytest.raises(InvalidContest) as caught:
        parse_contest(
            """
            [contest]
            slug = "A_b"
            [data]
            targets = ["y", "y", "id"]
            labels = [1, "2"]
            public_fraction = 2
            seed = -1
            [dates]
            deadline = 2027-01-01T00:00:00Z
            launched_at = 2028-01-01T00:00:00+02:00
            [limits]
            max_daily_submissions = 0
            [board]
            decimals = 99
            [metric]
            name = "own"
            beside = ["acuracy"]
            file = "../m.py"
            predicts = "label"
            """,
            source="contest.toml",
        )
    keys = [problem.split(":")[0] for problem in caught.value.problems]
    assert sorted(keys) == [
        "board.decimals",
        "contest.slug",
        "data.id_column",
        "data.labels",
        "data.public_fraction",
        "data.seed",
        "data.targets",
        "dates.deadline",
        "limits.max_daily_submissions",
        "metric.beside",
        "metric.file",
        "metric.greater_is_better",
        "metric.predicts",
    ]
    assert str(caught.value).startswith("contest.toml: 13 problems: (1) ")
    assert "did you mean 'labels'" in str(caught.value)


@pytest.mark.parametrize(
    ("metric", "targets", "labels", "sentence"),
    [
        ("acuracy", ("y",), ("a", "b"), "did you mean 'accuracy'"),
        ("accuracy", ("y",), (), "needs the ordered classes"),
        ("auc", ("y",), ("a", "b", "c"), "exactly two classes"),
        ("auc", ("y", "z"), ("a", "b"), "takes at most 1"),
        ("kl_divergence", ("y",), (), "needs at least 2"),
    ],
)
def test_targets_and_labels_must_suit_the_metric(metric, targets, labels, sentence) -> None:
    contest = Contest("s", "S", MetricChoice(metric), targets, labels=labels)
    assert any(sentence in problem for problem in contest_problems(contest))


def test_a_naive_date_is_told() -> None:
    contest = Contest("s", "S", MetricChoice("rmse"), ("y",), deadline=datetime(2027, 1, 1))
    assert contest_problems(contest) == [
        "dates.deadline: must carry its time zone, but got 2027-01-01T00:00:00"
    ]


def test_class_probabilities_have_a_column_for_each_label() -> None:
    contest = Contest("s", "S", MetricChoice("multiclass_log_loss"), ("y",), labels=(1, 2, 3))
    assert contest.prediction_columns == ("1", "2", "3")
    assert replace(contest, metric=MetricChoice("accuracy")).prediction_columns == ("y",)


def test_an_own_metric_says_what_it_predicts() -> None:
    own = MetricChoice(
        "mine", file="metric.py", predicts="class_probabilities", greater_is_better=True
    )
    contest = Contest("s", "S", own, ("y",), labels=("a", "b"))
    assert contest_problems(contest) == []
    assert contest.prediction_columns == ("a", "b")


def test_a_file_that_is_no_contest_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidContest, match=r"holds no contest\.toml"):
        load_contest(tmp_path)
    (tmp_path / "contest.toml").write_text("= nonsense")
    with pytest.raises(InvalidContest, match="not a TOML file"):
        load_contest(tmp_path)
    (tmp_path / "contest.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidContest, match="not a UTF-8 text"):
        load_contest(tmp_path)
    with pytest.raises(InvalidContest, match="there is no file or folder"):
        load_contest(tmp_path / "none")


@pytest.mark.parametrize(
    ("metric", "beside", "fits"),
    [
        ("accuracy", "balanced_accuracy", True),
        ("auc", "accuracy", True),
        ("accuracy", "auc", False),
        ("accuracy", "rmse", False),
    ],
)
def test_a_metric_beside_must_take_the_same_submissions(metric, beside, fits) -> None:
    choice = MetricChoice(metric, beside=(beside,))
    contest = Contest("s", "S", choice, ("y",), labels=(0, 1))
    assert (contest_problems(contest) == []) is fits


@pytest.mark.parametrize(("metric", "fits"), [("accuracy", True), ("macro_auc", False)])
def test_the_ladder_needs_a_metric_with_row_losses(metric: str, fits: bool) -> None:
    contest = Contest("s", "S", MetricChoice(metric), ("y",), labels=(0, 1, 2), ladder=True)
    assert (contest_problems(contest) == []) is fits


def test_a_title_holds_nothing_that_moves_a_terminals_cursor(contest: Contest) -> None:
    told = contest_problems(replace(contest, title="a\nb\x1b[31m"))
    assert told == ["contest.title: must be one line without control characters"]
