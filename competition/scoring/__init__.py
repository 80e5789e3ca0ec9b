"""Scores of entries: aligned by id, in process or in a child process with limits."""

from competition.scoring.files import read_solution
from competition.scoring.frames import score_frames
from competition.scoring.limits import Limits, limits_in_force
from competition.scoring.offline import LooseTruth, loose_truth, score_file, scores_or_error
from competition.scoring.outcome import ScoringJob, ScoringOutcome
from competition.scoring.pool import ScoringPool, score_in_child
from competition.scoring.scores import (
    Scores,
    SplitScores,
    scores_from_plain,
    scores_to_plain,
    shown_score,
)

__all__ = [
    "Limits",
    "LooseTruth",
    "Scores",
    "ScoringJob",
    "ScoringOutcome",
    "ScoringPool",
    "SplitScores",
    "limits_in_force",
    "loose_truth",
    "read_solution",
    "score_file",
    "score_frames",
    "score_in_child",
    "scores_from_plain",
    "scores_or_error",
    "scores_to_plain",
    "shown_score",
]
