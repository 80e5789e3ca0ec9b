"""Boards: ranks, ties, selections, medals, points, shake-up, as pure functions over values."""

from competition.board.awards import (
    MedalLines,
    award_medals,
    medal_lines,
    ranking_points,
)
from competition.board.shakeup import Move, ShakeUp, shake_up
from competition.board.standings import (
    BoardEntry,
    Standing,
    best_entry,
    final_entry,
    final_selection,
    late_standings,
    private_standings,
    public_standings,
    sort_key,
)

__all__ = [
    "BoardEntry",
    "MedalLines",
    "Move",
    "ShakeUp",
    "Standing",
    "award_medals",
    "best_entry",
    "final_entry",
    "final_selection",
    "late_standings",
    "medal_lines",
    "private_standings",
    "public_standings",
    "ranking_points",
    "shake_up",
    "sort_key",
]
