"""Do probabilities mean what they say? Reliability, expected calibration error, Brier score.

References
----------
Brier (1950). Verification of forecasts expressed in terms of probability. Monthly Weather
Review 78. Guo, Pleiss, Sun, Weinberger (2017). On calibration of modern neural networks. ICML
2017, arXiv:1706.04599: the calibration error of the class that was chosen, in equal bins. Wilson
(1927). Probable inference, the law of succession, and statistical inference. JASA 22.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10
Z_95 = 1.959963984540054


@dataclass(frozen=True)
class ReliabilityBin:
    """Rows that were told about the same probability.

    Attributes
    ----------
    low, high : float
        Bounds of the bin.
    rows : int
    said : float
        Mean probability told.
    seen : float
        Share of the rows where it came true.
    seen_low, seen_high : float
        Wilson's 95 % interval of that share, rows taken as independent.
    """

    low: float
    high: float
    rows: int
    said: float
    seen: float
    seen_low: float
    seen_high: float


@dataclass(frozen=True)
class Calibration:
    """How well probabilities are calibrated.

    Attributes
    ----------
    bins : tuple of ReliabilityBin
        Those that hold rows, in order.
    error : float
        Expected calibration error: the bins' mean distance of said and seen, weighed by rows.
    brier : float
        Mean squared distance of probabilities and truth: of the second class where there are two,
        else summed over the classes.
    """

    bins: tuple[ReliabilityBin, ...]
    error: float
    brier: float


def calibrate(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> Calibration:
    """Compare what was said with what was seen.

    Of two classes, the probability of the second is looked at; of more, that of the likeliest.

    Parameters
    ----------
    probabilities : ndarray, shape (n_rows, n_classes)
        Rows sum to 1.
    truth : ndarray of int, shape (n_rows,)
        Class numbers.

    Examples
    --------
    >>> always_right = calibrate(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 1]))
    >>> (always_right.error, always_right.brier)
    (0.0, 0.0)
    """
    classes = probabilities.shape[1]
    hits = np.eye(classes)[truth]
    if classes == 2:
        said, seen = probabilities[:, 1], hits[:, 1]
        return _calibration(said, seen, float(np.mean((said - seen) ** 2)))
    likeliest = probabilities.argmax(axis=1)
    said, seen = probabilities.max(axis=1), (likeliest == truth).astype(np.float64)
    return _calibration(said, seen, float(np.mean(((probabilities - hits) ** 2).sum(axis=1))))


def _calibration(said: NDArray[np.float64], seen: NDArray[np.float64], brier: float) -> Calibration:
    place = np.clip((said * BINS).astype(np.int64), 0, BINS - 1)
    bins = tuple(
        _bin(one, said[place == one], seen[place == one]) for one in np.unique(place).tolist()
    )
    distances = [one.rows * abs(one.said - one.seen) for one in bins]
    return Calibration(bins, sum(distances) / len(said), brier)


def _bin(number: int, said: NDArray[np.float64], seen: NDArray[np.float64]) -> ReliabilityBin:
    low, high = wilson_interval(float(seen.sum()), len(seen))
    bounds = number / BINS, (number + 1) / BINS
    return ReliabilityBin(*bounds, len(said), float(said.mean()), float(seen.mean()), low, high)


def wilson_interval(hits: float, rows: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share.

    Examples
    --------
    >>> [round(bound, 3) for bound in wilson_interval(5, 10)]
    [0.237, 0.763]
    """
    share, square = hits / rows, Z_95**2
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    half = Z_95 * math.sqrt(share * (1 - share) / rows + square / (4 * rows**2))
    half /= 1 + square / rows
    return max(0.0, middle - half), min(1.0, middle + half)
