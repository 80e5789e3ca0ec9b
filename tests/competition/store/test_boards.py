from dataclasses import replace
from datetime import timedelta

import pytest

from competition.store import (
    Status,
    add_user,
    board_place,
    find_team,
    get_entry,
    private_board,
    public_board,
    update_contest,
)


def lines(rows):
    return [(row.rank, row.team, row.score) for row in rows]


def test_teams_stand_by_their_best_entry(store, new_contest, enter, now):
    new_contest()
    enter("ada", 0.5)
    enter("bob", 0.7, after=1)
    best = enter("ada", 0.9, after=2)
    enter("ada", 0.8, after=3)
    rows = public_board(store, "toy")
    assert lines(rows) == [(1, "ada", 0.9), (2, "bob", 0.7)]
    assert (rows[0].entries, rows[0].entry_ref, rows[0].members) == (3, best, ("ada",))
    assert rows[0].last_entry == now + timedelta(seconds=3)


def test_the_direction_is_the_metrics(store, new_contest, enter):
    new_contest(metric=replace(_accuracy(), name="rmse"), labels=())
    enter("ada", 0.5)
    enter("bob", 0.4)
    enter("ada", 0.3)
    assert lines(public_board(store, "toy")) == [(1, "ada", 0.3), (2, "bob", 0.4)]


def test_a_tie_goes_to_the_earlier_entry_at_full_precision(store, new_contest, enter):
    new_contest()
    enter("bob", 0.1 + 0.2, after=5)
    enter("ada", 0.3, after=4)
    enter("host", 0.3, after=6)
    assert [row.team for row in public_board(store, "toy")][:2] == ["bob", "ada"]
    enter("ada", 0.1 + 0.2, after=7)
    assert [row.team for row in public_board(store, "toy")][:2] == ["bob", "ada"]


def test_a_score_of_zero_and_negative_scores_rank(store, new_contest, enter):
    new_contest()
    enter("ada", -1.5)
    enter("bob", 0.0)
    assert lines(public_board(store, "toy")) == [(1, "bob", 0.0), (2, "ada", -1.5)]
    assert str(public_board(store, "toy")[0].score) == "0.0"


@pytest.mark.parametrize("status", ["failed", "rejected"])
def test_an_entry_without_a_score_never_ranks(store, new_contest, enter, status):
    new_contest()
    enter("ada", 0.0, status=status)
    enter("bob", 0.1)
    assert lines(public_board(store, "toy")) == [(1, "bob", 0.1)]
    assert lines(private_board(store, "toy")) == [(1, "bob", 0.1)]
    assert public_board(store, "toy")[0].entries == 1


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_finite_number_is_a_failure(store, new_contest, enter, score):
    new_contest()
    ref = enter("ada", score)
    entry = get_entry(store, ref)
    assert entry.status is Status.FAILED
    assert "must be finite" in entry.host_message and "finite" not in entry.message
    assert public_board(store, "toy") == []


def test_baselines_and_hosts_stand_without_a_rank(store, new_contest, enter):
    new_contest()
    enter("ada", 0.9)
    enter("bob", 0.5)
    enter("host", 0.7, baseline=True, description="Logistic regression")
    enter("host", 0.2, baseline=True, description="Zeros")
    enter("host", 1.0, sandbox=True)
    rows = public_board(store, "toy")
    assert lines(rows) == [
        (1, "ada", 0.9),
        (None, "Logistic regression", 0.7),
        (2, "bob", 0.5),
        (None, "Zeros", 0.2),
    ]
    assert [row.is_baseline for row in rows] == [False, True, False, True]


def test_parts_of_a_board_join_to_the_whole(store, new_contest, enter, now):
    new_contest()
    for number in range(7):
        add_user(store, f"user{number}", now=now)
        enter(f"user{number}", number / 10)
    for score in (0.05, 0.35, 0.9):
        enter("host", score, baseline=True, description=f"at {score}")
    whole = public_board(store, "toy")
    parts = [public_board(store, "toy", top=2, offset=offset) for offset in (0, 2, 4, 6)]
    assert [row for part in parts for row in part] == whole
    assert [row.rank for row in whole if row.rank] == list(range(1, 8))


def test_a_team_finds_its_own_line(store, new_contest, enter):
    new_contest()
    enter("ada", 0.5, after=1)
    enter("bob", 0.5, after=2)
    enter("host", 0.9, baseline=True, description="Best")
    bob = find_team(store, "toy", "bob").id
    assert board_place(store, "toy", bob) == public_board(store, "toy")[-1]
    baseline = public_board(store, "toy")[0]
    assert board_place(store, "toy", baseline.team_id) == baseline
    assert board_place(store, "toy", 12345) is None


def test_late_entries_count_on_no_board(store, new_contest, enter, now):
    contest = new_contest(deadline=now)
    enter("ada", 0.5)
    late = enter("ada", 0.9, after=60)
    assert lines(public_board(store, "toy")) == [(1, "ada", 0.5)]
    assert get_entry(store, late).public_score == 0.9
    moved = replace(contest, deadline=now + timedelta(hours=1))
    update_contest(store, "toy", moved, actor="host", now=now)
    assert lines(public_board(store, "toy")) == [(1, "ada", 0.9)]
    assert lines(private_board(store, "toy")) == [(1, "ada", 0.9)]


def test_without_a_selection_the_best_public_entries_decide_the_final_place(
    store, new_contest, enter
):
    new_contest(num_scored_submissions=2)
    enter("ada", 0.9, 0.1)
    enter("ada", 0.8, 0.2)
    enter("ada", 0.7, 0.99)
    enter("bob", 0.1, 0.5)
    assert lines(public_board(store, "toy"))[0] == (1, "ada", 0.9)
    assert lines(private_board(store, "toy")) == [(1, "bob", 0.5), (2, "ada", 0.2)]


def test_scores_and_metrics_beside_are_kept_exactly(store, new_contest, enter):
    new_contest()
    entry = get_entry(store, enter("ada", 0.1 + 0.2, 1 / 3))
    assert (entry.public_score, entry.private_score) == (0.1 + 0.2, 1 / 3)
    assert entry.beside == {"auc": {"overall": 0.5, "public": 0.4, "private": 0.6}}


def _accuracy():
    from competition.definition import MetricChoice

    return MetricChoice("accuracy")
