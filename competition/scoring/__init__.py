"""Scores of entries: aligned by id, in process or in a child process with limits."""

from competition.scoring.arrays import can_stand_beside
from competition.scoring.frames import row_losses, score_frames
from competition.scoring.scores import Scores, SplitScores, scores_from_plain, scores_to_plain

__all__ = [
    "Scores",
    "SplitScores",
    "can_stand_beside",
    "row_losses",
    "score_frames",
    "scores_from_plain",
    "scores_to_plain",
]
