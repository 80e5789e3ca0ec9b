"""Numbers of one size: inputs and targets are scaled before the network sees them.

A column in kilometres beside one in millimetres would make the loss a narrow valley; without
scaling a network's error on tables is half as large again (RealMLP, table B.5).

References
----------
Holzmueller and others (2024), Better by default: strong pre-tuned MLPs on tabular data,
arXiv:2407.04491, section 3 (robust scaling, smooth clipping). Gorishniy and others (2022),
arXiv:2203.05556, section 3.2 (piecewise-linear encoding).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.network.errors import InvalidSetting

Numbers = NDArray[Any]
SCALINGS = ("standard", "robust", "none")
SMOOTH_LIMIT = 3.0  # robust scaling: no value leaves (-3, 3)


@dataclass(frozen=True, eq=False)
class Scaler:
    """Takes columns to comparable sizes: ``(x - centre) / spread``, then clipped if robust.

    Attributes
    ----------
    kind : str
        standard, robust or none.
    centre, spread : ndarray of shape (columns,)
    bins : ndarray of shape (columns, bins + 1) or None
        Edges of the piecewise-linear encoding, in scaled numbers.
    """

    kind: str
    centre: Numbers
    spread: Numbers
    bins: Numbers | None = None

    def transform(self, x: Numbers) -> Numbers:
        """Return `x` (rows, columns) scaled, and encoded where there are bins."""
        scaled = (x - self.centre.astype(x.dtype)) / self.spread.astype(x.dtype)
        if self.kind == "robust":
            scaled = scaled / np.sqrt(1 + (scaled / SMOOTH_LIMIT) ** 2)
        return scaled if self.bins is None else encode_piecewise(scaled, self.bins)


def fit_scaler(kind: str, x: Numbers, weights: Numbers | None = None, bins: int = 0) -> Scaler:
    """Learn a scaling from the rows of `x`, each counting by its weight.

    Parameters
    ----------
    kind : str
        standard (mean and standard deviation), robust (median and quartiles, smoothly clipped) or
        none.
    x : ndarray of shape (rows, columns)
    weights : ndarray of shape (rows,) or None
    bins : int
        Pieces of the piecewise-linear encoding; 0: none.
    """
    x = np.asarray(x, dtype=np.float64)
    weights = np.ones(len(x)) if weights is None else weights
    if kind == "standard":
        centre = np.average(x, axis=0, weights=weights)
        spread = np.sqrt(np.average((x - centre) ** 2, axis=0, weights=weights))
        spread[spread <= 1e-12 * np.maximum(1, np.abs(centre))] = 1.0  # a constant column
    elif kind == "robust":
        centre, spread = _robust(x, weights)
    elif kind == "none":
        centre, spread = np.zeros(x.shape[1]), np.ones(x.shape[1])
    else:
        raise InvalidSetting(f"scaling must be one of {', '.join(SCALINGS)}, but got {kind!r}")
    scaler = Scaler(kind, centre, spread)
    if not bins:
        return scaler
    levels = np.linspace(0, 1, bins + 1)
    edges = weighted_quantiles(scaler.transform(x), weights, levels).T
    return Scaler(kind, centre, spread, edges)


def weighted_quantiles(x: Numbers, weights: Numbers, levels: Numbers) -> Numbers:
    """Return the lowest value at or below which a share `levels` of the weight lies.

    Returns
    -------
    ndarray of shape (levels, columns)
    """
    result = np.empty((len(levels), x.shape[1]))
    for column in range(x.shape[1]):
        order = np.argsort(x[:, column], kind="stable")
        share = np.cumsum(weights[order])
        share = share / share[-1]
        position = np.searchsorted(share, np.asarray(levels) - 1e-12)
        result[:, column] = x[order[np.minimum(position, len(order) - 1)], column]
    return result


def encode_piecewise(x: Numbers, edges: Numbers) -> Numbers:
    """Return each number as how far it has filled each bin, 0 to 1 (rows, columns * bins).

    The first bin may be negative and the last above one, so that no order is lost beyond the
    edges.
    """
    low = edges[:, :-1].astype(x.dtype)
    width = np.diff(edges, axis=1).astype(x.dtype)
    filled = np.divide(
        x[:, :, None] - low,
        width,
        out=np.zeros((*x.shape, width.shape[1]), x.dtype),
        where=width > 0,
    )
    filled[..., 1:] = np.maximum(filled[..., 1:], 0)
    filled[..., :-1] = np.minimum(filled[..., :-1], 1)
    return np.ascontiguousarray(filled.reshape(len(x), -1))


def _robust(x: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    lowest, q25, centre, q75, highest = weighted_quantiles(
        x, weights, np.array([0, 0.25, 0.5, 0.75, 1])
    )
    spread = np.where(q75 > q25, q75 - q25, (highest - lowest) / 2)
    return centre, np.where(spread > 0, spread, 1.0)
