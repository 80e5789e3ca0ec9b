from dataclasses import replace
from datetime import timedelta

import pytest

from competition.definition import Contest, MetricChoice
from competition.store import Entry, Status, User, find_user, join_contest, viewer_of
from competition.visibility import Sight, Viewer, final_board_is_out, may_see, visible_entry

ANYBODY = {Sight.LISTING, Sight.CONTEST, Sight.PUBLIC_BOARD, Sight.INTERVALS}
OWN = {Sight.TEAM_ENTRIES, Sight.ENTRY_FILE}
RELEASED = {Sight.PRIVATE_BOARD}


@pytest.fixture
def contest(now):
    return Contest(
        slug="toy",
        title="Toy",
        metric=MetricChoice("accuracy"),
        targets=("ripe",),
        launched_at=now,
        deadline=now + timedelta(days=10),
        private_leaderboard_release_date=now + timedelta(days=12),
    )


@pytest.fixture
def viewers(now):
    users = [User(number, name, False, now) for number, name in enumerate(("ada", "bob", "host"))]
    return {
        "anonymous": Viewer(),
        "stranger": Viewer(User(9, "eve", False, now)),
        "own team": Viewer(users[0], team_id=1),
        "other team": Viewer(users[1], team_id=2),
        "host": Viewer(users[2], is_host=True),
    }


def seen(viewer, contest, now):
    return {sight for sight in Sight if may_see(viewer, sight, contest, now, team_id=1)}


@pytest.mark.parametrize(
    ("viewer", "before", "after"),
    [
        ("anonymous", ANYBODY, ANYBODY | RELEASED),
        ("stranger", ANYBODY | {Sight.DATA}, ANYBODY | RELEASED | {Sight.DATA}),
        ("other team", ANYBODY | {Sight.DATA}, ANYBODY | RELEASED | {Sight.DATA}),
        (
            "own team",
            ANYBODY | OWN | {Sight.DATA},
            ANYBODY | OWN | RELEASED | {Sight.DATA, Sight.PRIVATE_SCORES},
        ),
        ("host", set(Sight), set(Sight)),
    ],
)
def test_everyone_sees_what_the_table_says(contest, viewers, now, viewer, before, after):
    assert seen(viewers[viewer], contest, now) == before
    assert seen(viewers[viewer], contest, now + timedelta(days=12)) == after


@pytest.mark.parametrize("launched", [None, timedelta(seconds=1)])
def test_an_unlaunched_contest_is_for_its_hosts_alone(contest, viewers, now, launched):
    draft = replace(contest, launched_at=launched and now + launched)
    for name, viewer in viewers.items():
        assert seen(viewer, draft, now) == (set(Sight) if name == "host" else set())


def test_a_private_contest_is_for_those_in_it(contest, viewers, now):
    private = replace(contest, privacy="private")
    assert seen(viewers["anonymous"], private, now) == set()
    assert seen(viewers["stranger"], private, now) == set()
    assert seen(viewers["other team"], private, now) == ANYBODY | {Sight.DATA}


def test_intervals_would_tell_what_the_ladder_hides(contest, viewers, now):
    ladder = replace(contest, ladder=True)
    released = now + timedelta(days=12)
    assert seen(viewers["own team"], ladder, now) == (ANYBODY | OWN | {Sight.DATA}) - {
        Sight.INTERVALS
    }
    assert may_see(viewers["host"], Sight.INTERVALS, ladder, now)
    assert may_see(viewers["anonymous"], Sight.INTERVALS, ladder, released)


def test_a_limited_contest_is_found_by_its_address_alone(contest, viewers, now):
    limited = replace(contest, privacy="limited")
    assert seen(viewers["anonymous"], limited, now) == ANYBODY - {Sight.LISTING}
    assert seen(viewers["other team"], limited, now) == ANYBODY | {Sight.DATA}


def test_the_final_board_comes_out_after_deadline_and_release_unless_held(contest, now):
    after = now + timedelta(days=12)
    assert final_board_is_out(contest, after)
    assert not final_board_is_out(contest, after - timedelta(seconds=1))
    assert not final_board_is_out(replace(contest, hold_final_board=True), after)
    assert not final_board_is_out(replace(contest, deadline=None), after)
    early = replace(contest, private_leaderboard_release_date=now)
    assert not final_board_is_out(early, now + timedelta(days=10))
    unset = replace(contest, private_leaderboard_release_date=None)
    assert final_board_is_out(unset, now + timedelta(days=10, seconds=1))


def test_an_entry_shows_no_more_than_its_viewer_may_see(contest, viewers, now):
    entry = Entry(
        ref=1, contest="toy", team_id=1, team="ada", user="ada", upload="x", file_name="a.csv",
        size=1, description="", submitted_at=now, status=Status.SCORED, public_score=0.5,
        true_public_score=0.4, private_score=0.3, overall_score=0.35, host_message="truth is 7",
        beside={"auc": {"overall": 0.1, "public": 0.2, "private": 0.3}},
    )  # fmt: skip
    assert visible_entry(viewers["host"], entry, contest, now) == entry
    assert visible_entry(viewers["other team"], entry, contest, now) is None
    assert visible_entry(viewers["anonymous"], entry, contest, now + timedelta(days=20)) is None
    mine = visible_entry(viewers["own team"], entry, contest, now)
    hidden = ("true_public_score", "private_score", "overall_score")
    assert [getattr(mine, name) for name in hidden] == [None] * 3
    assert (mine.public_score, mine.host_message) == (0.5, "")
    assert mine.beside == {"auc": {"public": 0.2}}
    released = visible_entry(viewers["own team"], entry, contest, now + timedelta(days=12))
    assert (released.private_score, released.true_public_score) == (0.3, 0.4)
    ladder = replace(contest, ladder=True)
    assert visible_entry(viewers["own team"], entry, ladder, now).beside == {}


def test_the_store_knows_who_looks(store, new_contest, now):
    new_contest()
    join_contest(store, "toy", "ada", now=now)
    assert viewer_of(store, "toy", None) == Viewer()
    assert viewer_of(store, "toy", find_user(store, "host")).is_host
    assert viewer_of(store, "toy", find_user(store, "ada")).team_id is not None
    assert viewer_of(store, "toy", find_user(store, "bob")) == Viewer(find_user(store, "bob"))
