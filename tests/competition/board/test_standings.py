from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competition.board import (
    BoardEntry,
    Standing,
    best_entry,
    final_selection,
    late_standings,
    private_standings,
    public_standings,
    sort_key,
)

Build = Callable[..., BoardEntry]


def ranks(board: Sequence[Standing]) -> list[tuple[int | None, int | str]]:
    return [(line.rank, line.team) for line in board]


def final(entries: Sequence[BoardEntry], count: int = 2) -> list[Standing]:
    return private_standings(entries, num_scored_submissions=count, greater_is_better=True)


def test_each_team_stands_with_its_best_public_score(entry: Build) -> None:
    entries = [entry("a", 0.5), entry("b", 0.7), entry("a", 0.9), entry("a", 0.1)]
    board = public_standings(entries, greater_is_better=True)
    assert ranks(board) == [(1, "a"), (2, "b")]
    assert (board[0].score, board[0].entries, board[0].entry_ref) == (0.9, 3, 3)
    assert board[0].last_entry == entries[3].submitted_at


def test_the_declared_direction_decides(entry: Build) -> None:
    entries = [entry("a", 0.5), entry("b", 0.7)]
    assert ranks(public_standings(entries, greater_is_better=False)) == [(1, "a"), (2, "b")]
    assert ranks(public_standings(entries, greater_is_better=True)) == [(1, "b"), (2, "a")]


@pytest.mark.parametrize("greater_is_better", [True, False])
@pytest.mark.parametrize("missing", [None, float("nan"), float("inf"), float("-inf")])
def test_an_entry_without_a_score_never_ranks(
    entry: Build, missing: float | None, greater_is_better: bool
) -> None:
    entries = [entry("a", missing), entry("b", 0.5), entry("b", missing)]
    assert ranks(public_standings(entries, greater_is_better=greater_is_better)) == [(1, "b")]
    private = [entry("c", 0.5, private=missing)]
    assert final(private) == []


def test_of_equal_scores_the_earlier_entry_ranks_higher(entry: Build) -> None:
    late, early = entry("late", 0.5), entry("early", 0.5)
    moved = BoardEntry(9, "early", late.submitted_at - timedelta(days=1), 0.5)
    assert ranks(public_standings([late, early], greater_is_better=True))[0] == (1, "late")
    assert ranks(public_standings([late, moved], greater_is_better=True))[0] == (1, "early")


def test_a_team_keeps_its_place_when_it_repeats_its_score(entry: Build) -> None:
    entries = [entry("a", 0.5), entry("b", 0.5), entry("a", 0.5)]
    assert ranks(public_standings(entries, greater_is_better=True)) == [(1, "a"), (2, "b")]


def test_scores_are_compared_at_full_precision(entry: Build) -> None:
    entries = [entry("a", 0.5), entry("b", 0.5 + 1e-15)]
    assert ranks(public_standings(entries, greater_is_better=True))[0] == (1, "b")


def test_a_baseline_stands_in_its_place_without_a_rank(entry: Build) -> None:
    entries = [entry("a", 0.9), entry("rule", 0.8, is_baseline=True), entry("b", 0.7)]
    board = public_standings(entries, greater_is_better=True)
    assert ranks(board) == [(1, "a"), (None, "rule"), (2, "b")]


def test_the_final_board_takes_the_better_selected_entry(entry: Build) -> None:
    entries = [
        entry("a", 0.9, private=0.2),
        entry("a", 0.3, private=0.6, selected=True),
        entry("a", 0.2, private=0.5, selected=True),
        entry("b", 0.4, private=0.55),
    ]
    board = final(entries)
    assert ranks(board) == [(1, "a"), (2, "b")]
    assert board[0].score == 0.6


def test_without_a_selection_the_best_public_entries_count(entry: Build) -> None:
    entries = [
        entry("a", 0.9, private=0.2),
        entry("a", 0.8, private=0.4),
        entry("a", 0.1, private=1.0),
    ]
    chosen = final_selection(entries, count=2, greater_is_better=True)
    assert [found.public for found in chosen] == [0.9, 0.8]
    assert final(entries)[0].score == 0.4
    assert final(entries, count=1)[0].score == 0.2


def test_too_many_selections_count_by_public_score(entry: Build) -> None:
    entries = [entry("a", score, private=-score, selected=True) for score in (0.1, 0.2, 0.3)]
    chosen = final_selection(entries, count=2, greater_is_better=True)
    assert [found.public for found in chosen] == [0.3, 0.2]


def test_a_selected_entry_without_public_rows_still_counts(entry: Build) -> None:
    entries = [entry("a", None, private=0.7, selected=True), entry("a", 0.9, private=0.1)]
    assert final(entries)[0].score == 0.7


def test_a_selected_entry_that_failed_leaves_its_team_to_the_other_one(entry: Build) -> None:
    entries = [entry("a", None, selected=True), entry("a", 0.4, private=0.5, selected=True)]
    assert final(entries)[0].score == 0.5


def test_late_entries_stand_apart_and_take_nobodys_rank(entry: Build) -> None:
    entries = [
        entry("a", 0.9, private=0.9),
        entry("b", 0.8, private=0.8),
        entry("c", 0.99, private=0.85, late=True),
        entry("c", 0.99, private=0.95, late=True, selected=True),
    ]
    board = final(entries)
    assert ranks(board) == [(1, "a"), (2, "b")]
    assert ranks(public_standings(entries, greater_is_better=True)) == [(1, "a"), (2, "b")]
    assert ranks(late_standings(entries, board, greater_is_better=True)) == [(1, "c"), (2, "c")]


def test_a_late_entry_that_ties_would_have_ranked_below(entry: Build) -> None:
    entries = [entry("a", private=0.9, public=0.9), entry("b", 0.9, private=0.9, late=True)]
    assert late_standings(entries, final(entries), greater_is_better=True)[0].rank == 2


def test_the_best_of_nothing_is_nothing() -> None:
    assert best_entry([], "public", greater_is_better=True) is None
    assert public_standings([], greater_is_better=True) == []


scores = st.one_of(st.none(), st.floats(), st.sampled_from([0.0, 0.5, 1.0]))


@given(st.lists(st.tuples(st.integers(0, 4), scores), max_size=30), st.booleans())
def test_any_board_is_in_order_whatever_the_order_of_the_entries(
    drawn: list[tuple[int, float | None]], greater_is_better: bool
) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    entries = [
        BoardEntry(ref, team, start + timedelta(hours=ref % 3), score)
        for ref, (team, score) in enumerate(drawn)
    ]
    board = public_standings(entries, greater_is_better=greater_is_better)
    keys = [sort_key(line.score, greater_is_better=greater_is_better) for line in board]
    assert keys == sorted(key for key in keys if key is not None)
    assert [line.rank for line in board] == list(range(1, len(board) + 1))
    assert public_standings(entries[::-1], greater_is_better=greater_is_better) == board
