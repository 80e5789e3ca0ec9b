from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from competition.board import (
    BoardEntry,
    MedalLines,
    award_medals,
    medal_lines,
    private_standings,
    ranking_points,
)
from competition.board.standings import Standing

REAL_BOARDS = {
    # file: greater is better, then last place and score of gold, silver, bronze
    "leaf-classification": (False, (13, 0.0), (79, 0.00791), (159, 0.01526)),
    "nomad2018-predict-transparent-conductors": (
        False,
        (11, 0.05589),
        (50, 0.06229),
        (100, 0.06582),
    ),
    "mlsp-2013-birds": (True, (8, 0.93527), (16, 0.90038), (32, 0.87372)),
}
START = datetime(2026, 1, 1, tzinfo=UTC)


def real_board(file: Path, greater_is_better: bool) -> list[Standing]:
    """Rank a real final board; its file lists the teams in the order in which ties were broken."""
    scores = pd.read_csv(file)["score"]
    entries = [
        BoardEntry(place, place, START + timedelta(seconds=place), score, score)
        for place, score in enumerate(scores, start=1)
    ]
    return private_standings(
        entries[::-1], num_scored_submissions=2, greater_is_better=greater_is_better
    )


@pytest.mark.parametrize("name", REAL_BOARDS)
def test_real_boards_give_their_medal_lines(name: str, shared_data: Path) -> None:
    greater_is_better, *expected = REAL_BOARDS[name]
    board = real_board(shared_data / "leaderboards" / f"{name}.csv", greater_is_better)
    lines = medal_lines(len(board))
    found = [(last, board[last - 1].score) for last in (lines.gold, lines.silver, lines.bronze)]
    assert found == expected


@pytest.mark.parametrize("name", REAL_BOARDS)
def test_on_real_boards_every_medal_reaches_at_least_its_line(name: str, shared_data: Path) -> None:
    greater_is_better, *_ = REAL_BOARDS[name]
    board = real_board(shared_data / "leaderboards" / f"{name}.csv", greater_is_better)
    medals, lines = award_medals(board), medal_lines(len(board))
    assert all(medals[line.team] == "gold" for line in board[: lines.gold])
    at_line = board[lines.bronze - 1].score
    tied = [line for line in board[lines.bronze :] if line.score == at_line]
    assert len(medals) == lines.bronze + len(tied)


@pytest.mark.parametrize(
    ("n_teams", "gold", "silver", "bronze"),
    [
        (1, 1, 1, 1),
        (4, 1, 1, 1),
        (99, 9, 19, 39),
        (100, 10, 20, 40),
        (249, 10, 49, 99),
        (250, 10, 50, 100),
        (499, 10, 50, 100),
        (500, 11, 50, 100),
        (999, 11, 50, 100),
        (1000, 12, 50, 100),
        (2288, 14, 114, 228),
    ],
)
def test_medal_lines_follow_the_table(n_teams: int, gold: int, silver: int, bronze: int) -> None:
    assert medal_lines(n_teams) == MedalLines(gold, silver, bronze)


def board_of(*scores: float, baseline_at: int | None = None) -> list[Standing]:
    entries = [
        BoardEntry(i, f"t{i}", START + timedelta(seconds=i), s, s, is_baseline=i == baseline_at)
        for i, s in enumerate(scores)
    ]
    return private_standings(entries, num_scored_submissions=2, greater_is_better=True)


def test_a_tie_at_the_line_earns_the_medal() -> None:
    medals = award_medals(board_of(0.9, 0.9, 0.8, 0.7, 0.6))
    assert medals == {"t0": "gold", "t1": "gold"}
    medals = award_medals(board_of(*[0.9] + [0.5] * 9))
    assert medals["t0"] == "gold"
    assert list(medals.values()).count("silver") == 9


def test_a_baseline_neither_counts_nor_earns() -> None:
    medals = award_medals(board_of(*[1 - i / 100 for i in range(11)], baseline_at=0))
    assert medals["t1"] == "gold"
    assert "t0" not in medals
    assert len(medals) == 4


def test_nobody_earns_on_an_empty_board() -> None:
    assert award_medals([]) == {}
    with pytest.raises(ValueError, match="at least one team"):
        medal_lines(0)


def test_points_follow_the_worked_examples() -> None:
    assert ranking_points(1, 2288) == pytest.approx(63943.23, abs=0.005)
    assert ranking_points(10, 2288, team_size=2) == pytest.approx(8040.44, abs=0.005)


def test_points_fade_after_the_deadline() -> None:
    fresh, old = (ranking_points(3, 50, days_after_deadline=days) for days in (0, 500))
    assert old / fresh == pytest.approx(0.36788, abs=1e-5)


@pytest.mark.parametrize(("rank", "teams", "size"), [(0, 5, 1), (6, 5, 1), (1, 5, 0)])
def test_impossible_places_earn_an_error(rank: int, teams: int, size: int) -> None:
    with pytest.raises(ValueError, match="must hold"):
        ranking_points(rank, teams, team_size=size)
