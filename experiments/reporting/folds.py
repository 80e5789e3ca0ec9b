"""The folds of a study: their kind, their rows, and how the chosen model does on each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.reporting.estimates import Estimate, estimate
from experiments.reporting.material import Material
from pipelines.folds.plan import choose_kind


@dataclass(frozen=True)
class FoldFacts:
    """One fold: rows, groups, the target's make-up, the chosen model's score.

    Attributes
    ----------
    number, learned, scored : int
    groups : int or None
        Groups among the scored rows.
    target : tuple of float
        Class shares of the scored rows, or mean and standard deviation of each target.
    score : Estimate
    """

    number: int
    learned: int
    scored: int
    groups: int | None
    target: tuple[float, ...]
    score: Estimate


def fold_kind(material: Material) -> str:
    """Return the kind of the study's folds."""
    wish = material.experiment.validation.kind
    timed = material.summary.get("time_column") is not None
    return wish or choose_kind(
        classes=bool(material.labels), groups=material.groups is not None, time=timed
    )


def folds_of(material: Material) -> tuple[FoldFacts, ...]:
    """Describe the folds, and score the chosen model on each."""
    groups = material.groups
    return tuple(
        FoldFacts(
            number=number,
            learned=len(fold.train),
            scored=len(fold.valid),
            groups=None if groups is None else len(np.unique(groups[fold.valid])),
            target=_make_up(material, fold.valid),
            score=estimate(material, material.said, fold.valid),
        )
        for number, fold in enumerate(material.lesson.folds, 1)
    )


def _make_up(material: Material, rows: NDArray[np.int64]) -> tuple[float, ...]:
    values = material.lesson.target.values[rows]
    if material.labels:
        counts = np.bincount(values, minlength=len(material.labels))
        return tuple((counts / len(rows)).tolist())
    pairs = zip(values.mean(axis=0).tolist(), values.std(axis=0).tolist(), strict=True)
    return tuple(number for pair in pairs for number in pair)
