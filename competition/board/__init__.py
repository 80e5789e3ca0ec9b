"""Boards: who leads, who is awarded, how sure that is, and who is guessing.

Pure functions over values: ranks, ties, selections, late entries (`standings`), medals and points
(`awards`), the shake-up (`shakeup`), bootstrap intervals and tie groups (`resampling`,
`confidence`), the Ladder (`ladder`) and the probing alarm (`probing`).
"""

from competition.board.awards import (
    MedalLines,
    award_medals,
    medal_lines,
    ranking_points,
)
from competition.board.confidence import Confidence, Contender, board_confidence
from competition.board.ladder import Rung, climb
from competition.board.probing import Alarm, Predictions, probing_alarms
from competition.board.resampling import (
    Resampling,
    draw_resampling,
    entry_replicates,
    replicate_means,
    replicate_scores,
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
    "Alarm",
    "BoardEntry",
    "Confidence",
    "Contender",
    "MedalLines",
    "Move",
    "Predictions",
    "Resampling",
    "Rung",
    "ShakeUp",
    "Standing",
    "award_medals",
    "best_entry",
    "board_confidence",
    "climb",
    "draw_resampling",
    "entry_replicates",
    "final_entry",
    "final_selection",
    "late_standings",
    "medal_lines",
    "private_standings",
    "probing_alarms",
    "public_standings",
    "ranking_points",
    "replicate_means",
    "replicate_scores",
    "shake_up",
    "sort_key",
]
