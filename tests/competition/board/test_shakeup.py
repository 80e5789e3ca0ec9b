from collections.abc import Callable

import pytest

from competition.board import BoardEntry, ShakeUp, private_standings, public_standings, shake_up


def report(entries: list[BoardEntry]) -> ShakeUp:
    public = public_standings(entries, greater_is_better=True)
    private = private_standings(entries, num_scored_submissions=2, greater_is_better=True)
    return shake_up(public, private)


def test_a_board_that_stays_has_no_shake_up(entry: Callable[..., BoardEntry]) -> None:
    assert report([entry(t, t, private=t) for t in range(5)]).mean == 0


def test_a_reversed_board_moves_by_half_its_length(entry: Callable[..., BoardEntry]) -> None:
    found = report([entry(t, t, private=-t) for t in range(4)])
    assert found.mean == pytest.approx((3 + 1 + 1 + 3) / 4 / 4)
    assert [move.gained for move in found.moves] == [3, 1, -1, -3]
    assert found.top == pytest.approx(3 / 4)


def test_baselines_and_teams_on_one_board_move_nobody(entry: Callable[..., BoardEntry]) -> None:
    entries = [
        entry("gone", 0.9),
        entry("base", 0.8, private=0.1, is_baseline=True),
        entry("a", 0.7, private=0.7),
        entry("b", 0.6, private=0.6),
    ]
    found = report(entries)
    assert found.mean == 0
    assert [move.team for move in found.moves] == ["a", "b"]


def test_an_empty_board_has_no_shake_up() -> None:
    assert shake_up([], []) == ShakeUp(0.0, 0.0, ())
