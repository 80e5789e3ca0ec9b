"""What a model gets right and wrong, out of fold: confusion, residuals, the worst rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.reporting.material import Material
from pipelines.models.calibration import Calibration, calibrate
from pipelines.models.decisions import decide

WORST_ROWS = 12
WORST_VALUES = 8
POINTS_DRAWN = 800
HISTOGRAM_BINS = 24
MOST_TARGETS = 3


@dataclass(frozen=True)
class Confusion:
    """How often each class was taken for each other.

    Attributes
    ----------
    labels : tuple of str
    counts : tuple of tuple of int
        A row per true class, a column per predicted one.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def right(self) -> float:
        """Share of the rows on the diagonal."""
        table = np.asarray(self.counts)
        return float(np.trace(table) / max(table.sum(), 1))


@dataclass(frozen=True)
class Residuals:
    """Truth minus prediction of one target.

    Attributes
    ----------
    target : str
    rows : int
    mean, spread, mean_absolute : float
    quantiles : tuple of float
        At 5, 25, 50, 75 and 95 %.
    points : tuple of (float, float)
        Prediction and residual of a sample of the rows.
    edges : tuple of float
    counts : tuple of int
        The residuals' histogram.
    """

    target: str
    rows: int
    mean: float
    spread: float
    mean_absolute: float
    quantiles: tuple[float, ...]
    points: tuple[tuple[float, float], ...]
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class WorstRow:
    """A row that the model got badly wrong.

    Attributes
    ----------
    id : Any
    truth, said : str, float or tuple of float
        A class, or the value of each target.
    confidence : float or None
        Probability of the class that was said; None for values.
    loss : float
        Minus the logarithm of the true class's probability, or the targets' mean absolute error.
    values : tuple
        What stands in the most important columns.
    """

    id: Any
    truth: Any
    said: Any
    confidence: float | None
    loss: float
    values: tuple[Any, ...]


def decided_classes(material: Material) -> NDArray[np.int64]:
    """Return the class that the chosen model says for each scored row, by number."""
    said = material.said[material.scored_rows]
    if material.metric.predicts == "labels":
        return np.asarray(decide(material.metric, said, len(material.labels)), np.int64)
    return np.asarray(said.argmax(axis=1), np.int64)


def confusion_of(material: Material) -> Confusion | None:
    """Count true against predicted classes; None for values."""
    if not material.labels:
        return None
    truth = material.lesson.target.values[material.scored_rows]
    size = len(material.labels)
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (truth, decided_classes(material)), 1)
    return Confusion(material.labels, tuple(tuple(row) for row in counts.tolist()))


def calibration_of(material: Material) -> Calibration | None:
    """Compare probabilities with what came true; None for values."""
    if not material.labels:
        return None
    said = material.said[material.scored_rows]
    shares = said / said.sum(axis=1, keepdims=True)
    return calibrate(shares, material.lesson.target.values[material.scored_rows])


def residuals_of(material: Material, seed: int) -> tuple[Residuals, ...]:
    """Describe the residuals of the first targets; none for classes."""
    if material.labels:
        return ()
    rows = material.scored_rows
    truth, said = material.lesson.target.values[rows], material.said[rows]
    generator = np.random.default_rng(seed)
    drawn = np.sort(generator.permutation(len(rows))[:POINTS_DRAWN])
    names = material.champion.targets[:MOST_TARGETS]
    return tuple(
        _residuals(name, truth[:, place], said[:, place], drawn) for place, name in enumerate(names)
    )


def _residuals(
    name: str, truth: NDArray[Any], said: NDArray[np.float64], drawn: NDArray[np.int64]
) -> Residuals:
    left = truth - said
    counts, edges = np.histogram(left, bins=HISTOGRAM_BINS)
    return Residuals(
        target=name,
        rows=len(left),
        mean=float(left.mean()),
        spread=float(left.std()),
        mean_absolute=float(np.abs(left).mean()),
        quantiles=tuple(np.quantile(left, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist()),
        points=tuple(zip(said[drawn].tolist(), left[drawn].tolist(), strict=True)),
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
    )


def worst_rows(material: Material, columns: Sequence[str]) -> tuple[WorstRow, ...]:
    """Return the rows with the greatest loss, the worst first; of each group the worst one only.

    Parameters
    ----------
    material : Material
    columns : sequence of str
        Raw columns to show, the most important first.
    """
    rows, losses = material.scored_rows, _losses(material)
    order = np.argsort(-losses, kind="stable")
    if material.groups is not None:
        order = order[np.sort(np.unique(material.groups[rows[order]], return_index=True)[1])]
    classes = decided_classes(material) if material.labels else None
    shown = list(columns[:WORST_VALUES])
    return tuple(
        _worst(
            material,
            int(rows[place]),
            float(losses[place]),
            None if classes is None else int(classes[place]),
            shown,
        )
        for place in order[:WORST_ROWS].tolist()
    )


def _losses(material: Material) -> NDArray[np.float64]:
    rows = material.scored_rows
    truth, said = material.lesson.target.values[rows], material.said[rows]
    if not material.labels:
        return np.asarray(np.abs(truth - said).mean(axis=1))
    shares = said / said.sum(axis=1, keepdims=True)
    return np.asarray(-np.log(np.clip(shares[np.arange(len(rows)), truth], 1e-15, 1)))


def _worst(
    material: Material, row: int, loss: float, told: int | None, columns: list[str]
) -> WorstRow:
    values = tuple(_plain(value) for value in material.lesson.rows.iloc[row][columns])
    truth, said = material.lesson.target.values[row], material.said[row]
    name = _plain(material.ids[row])
    if told is None:
        return WorstRow(name, _numbers(truth), _numbers(said), None, loss, values)
    confidence = float(said[told] / said.sum())
    return WorstRow(
        name, material.labels[int(truth)], material.labels[told], confidence, loss, values
    )


def _numbers(values: NDArray[np.float64]) -> float | tuple[float, ...]:
    """Return the number of one target, or those of several."""
    numbers = tuple(values.tolist())
    return numbers[0] if len(numbers) == 1 else numbers


def _plain(value: Any) -> Any:
    """Return a NumPy scalar as Python's own; what is missing as None."""
    plain = value.item() if isinstance(value, np.generic) else value
    return None if pd.isna(plain) else plain
