"""The losses of a study's best trial by epoch, over its folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from experiments.reporting.material import Material


@dataclass(frozen=True)
class CurvePoint:
    """An epoch's mean loss over the folds, with the lowest and the highest fold's.

    Attributes
    ----------
    epoch, folds : int
    train, train_low, train_high : float
    validation, validation_low, validation_high : float or None
    """

    epoch: int
    folds: int
    train: float
    train_low: float
    train_high: float
    validation: float | None
    validation_low: float | None
    validation_high: float | None


def curves_of(material: Material) -> tuple[CurvePoint, ...]:
    """Return the best trial's losses by epoch: mean, lowest and highest over the folds."""
    if material.curves is None:
        return ()
    return tuple(
        _curve_point(int(str(epoch)), rows["train_loss"], rows["validation_loss"])
        for epoch, rows in material.curves.groupby("epoch")
    )


def _curve_point(epoch: int, train: Any, validation: Any) -> CurvePoint:
    known = validation.dropna()
    watched = _mean_and_ends(known) if len(known) else (None, None, None)
    return CurvePoint(epoch, len(train), *_mean_and_ends(train), *watched)


def _mean_and_ends(losses: Any) -> tuple[float, float, float]:
    return float(losses.mean()), float(losses.min()), float(losses.max())
