"""No contest is taken in that cannot score its own truth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from competition.building import refuse_unscorable
from competition.definition import MetricChoice, load_contest
from competition.errors import InvalidContest
from competition.scoring import Limits
from competition.store import (
    add_contest,
    change_contest,
    contest_record,
    create_contest,
    launch_contest,
    list_contests,
    solution_file,
)

SHORT = "id,ripe,Usage\n1,0,Public\n2,1,Private\n"
NEGATIVE = (
    "id,ripe,Usage\n1,-5,Public\n2,1,Public\n3,1,Private\n4,0,Private\n5,1,Public\n6,0,Private\n"
)


@pytest.fixture
def database() -> None:
    """The trial knows no database."""


def test_a_solution_without_ids_of_the_sample_is_refused(store, contest_folder, now):
    folder = contest_folder(solution=SHORT)
    with (folder / "data" / "sample_submission.csv").open("a") as sample:
        sample.write("3,0\n4,0\n5,0\n6,0\n")
    with pytest.raises(InvalidContest, match="4 ids are only in the sample submission"):
        add_contest(store, folder, now=now)


def test_truth_that_the_metric_cannot_score_is_refused_with_its_reason(store, contest_folder, now):
    folder = contest_folder(solution=NEGATIVE, metric=MetricChoice("rmsle"), labels=())
    with pytest.raises(InvalidContest, match="rmsle cannot score its truth: "):
        add_contest(store, folder, now=now)


def test_a_metric_of_the_host_that_fails_on_the_truth_is_refused(store, contest_folder, now):
    own = MetricChoice("own", file="metric.py", predicts="labels", greater_is_better=True)
    folder = contest_folder(metric=own)
    (folder / "metric.py").write_text(
        "def score(*tables, **options):\n    raise KeyError('ripe')\n"
    )
    with pytest.raises(InvalidContest, match=r"own cannot score its truth: metric\.py, line 2"):
        add_contest(store, folder, now=now)


def test_what_was_refused_is_not_there(store, contest_folder, now):
    folder = contest_folder(solution=NEGATIVE, metric=MetricChoice("rmsle"), labels=())
    with pytest.raises(InvalidContest):
        add_contest(store, folder, now=now)
    assert list_contests(store, None, now) == []


def test_truth_that_no_prediction_may_be_is_taken_in_by_its_sample(store, contest_folder, now):
    folder = contest_folder(metric=MetricChoice("poisson_deviance"), labels=())
    sample = folder / "data" / "sample_submission.csv"
    sample.write_text(sample.read_text().replace(",0", ",0.5"))
    add_contest(store, folder, now=now)
    assert contest_record(store, "toy").has_solution


def test_a_metric_without_end_is_ended_and_the_contest_refused(contest_folder):
    folder = contest_folder(own_metric="pass")
    (folder / "metric.py").write_text("while True:\n    pass\n")
    files = (folder / "solution.csv", None, folder / "metric.py", Limits(seconds=1))
    with pytest.raises(InvalidContest, match="did not end within 1 s"):
        refuse_unscorable(load_contest(folder), *files)


def test_an_open_contest_stays_one_that_can_be_scored(store, new_contest, now):
    contest = new_contest()
    wrong = replace(contest, metric=MetricChoice("mape"), labels=())
    with pytest.raises(InvalidContest, match="mape cannot score its truth"):
        change_contest(store, "toy", contest=wrong, actor="host", now=now)
    assert contest_record(store, "toy").version == 1


def test_a_contest_put_together_piece_by_piece_is_tried_when_it_opens(store, new_contest, now):
    contest = replace(new_contest(), slug="grown", launched_at=None)
    mape = replace(contest, metric=MetricChoice("mape"), labels=())
    create_contest(store, mape, host="host", now=now)
    solution = store.files.put(solution_file(store, "toy").path)
    change_contest(store, "grown", solution=solution, actor="host", now=now)
    with pytest.raises(InvalidContest, match="mape cannot score its truth"):
        launch_contest(store, "grown", actor="host", now=now)
    assert contest_record(store, "grown").contest.launched_at is None
