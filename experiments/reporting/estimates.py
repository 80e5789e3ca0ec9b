"""Scores of answers with their intervals, over the scored rows of a study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from competition.errors import CompetitionError
from experiments.reporting.material import Answers, Material


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; None where it cannot be had."""

    value: float | None
    low: float | None = None
    high: float | None = None


def estimate(material: Material, answers: Answers, rows: NDArray[np.int64]) -> Estimate:
    """Score the answers to some rows, with an interval."""
    score = score_of(material, answers[rows], rows)
    if score is None:
        return Estimate(None)
    seed = material.experiment.seed
    return Estimate(score, *material.scorer.interval(answers[rows], rows, material.groups, seed))


def lead_over(material: Material, others: Answers) -> Estimate | None:
    """Return the chosen model's score minus that of other answers, over the same resamples."""
    rows = np.intersect1d(material.scored_rows, answered_rows(others))
    said = material.said[rows], others[rows]
    value = score_of(material, said[0], rows), score_of(material, said[1], rows)
    if value[0] is None or value[1] is None:
        return None
    seed = material.experiment.seed
    return Estimate(
        value[0] - value[1],
        *material.scorer.difference(*said, rows, material.groups, seed),
    )


def score_of(material: Material, answers: Answers, rows: NDArray[np.int64]) -> float | None:
    """Score answers to some rows; None where these do not allow the metric: one class only."""
    try:
        return material.scorer.score(answers, rows)
    except CompetitionError:
        return None


def answered_rows(answers: Answers) -> NDArray[np.int64]:
    """Return the numbers of the rows that have an answer."""
    return np.flatnonzero(np.isfinite(answers).all(axis=1))
