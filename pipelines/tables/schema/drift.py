"""Distances between a column's training and test rows.

References
----------
Siddiqi (2006). Credit Risk Scorecards. Wiley (population stability index; 0.1 and 0.25 as limits).
Yurdakul, Naranjo (2020). Statistical properties of the population stability index. Journal of Risk
Model Validation 14(4), doi:10.21314/JRMV.2020.227 (its distribution without a shift: a chi-square
of one degree less than there are ranges, times 1/n + 1/m).
Smirnov (1948). Table for estimating the goodness of fit of empirical distributions. Annals of
Mathematical Statistics 19(2), doi:10.1214/aoms/1177730256.
"""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from pipelines.tables.schema.coding import as_numbers, as_words, is_numeric
from pipelines.tables.schema.values import Bar, Drift

RANGES = 10
MOST_BARS = 12
MISSING, OTHERS = "(missing)", "(others)"
CHANCE = 0.999
Counts = NDArray[np.float64]


def compared(
    train: "pd.Series[Any]", test: "pd.Series[Any] | None"
) -> tuple[tuple[Bar, ...], Drift | None]:
    """Return a column's distribution on both sides, and how far they lie apart."""
    if is_numeric(train) and (test is None or is_numeric(test)):
        return _numbers_compared(train, test)
    return _words_compared(train, test)


def _numbers_compared(
    train: "pd.Series[Any]", test: "pd.Series[Any] | None"
) -> tuple[tuple[Bar, ...], Drift | None]:
    left = as_numbers(train)
    right = None if test is None else as_numbers(test)
    known = left[np.isfinite(left)]
    if not len(known):
        return (), None
    edges = np.unique(np.quantile(known, np.linspace(0, 1, RANGES + 1)[1:-1]))
    drift = None
    if right is not None and len(right):
        psi, by_chance = stability(_counts(left, edges), _counts(right, edges))
        drift = Drift(psi, by_chance, distance(known, right[np.isfinite(right)]))
    return _number_bars(left, right, known, pd.api.types.is_datetime64_any_dtype(train)), drift


def _number_bars(
    left: NDArray[np.float64],
    right: NDArray[np.float64] | None,
    known: NDArray[np.float64],
    dates: bool,
) -> tuple[Bar, ...]:
    """Return bars over ranges of equal width; a few extremes join the outermost."""
    low, high = np.quantile(known, [0.01, 0.99])
    edges = np.unique(np.linspace(low, high, RANGES + 1)[1:-1])
    other = None if right is None else _counts(right, edges)
    return _bars([*_ranges(edges, dates), MISSING], _counts(left, edges), other)


def _counts(values: NDArray[np.float64], edges: NDArray[np.float64]) -> Counts:
    """Count values per range, the missing ones last."""
    missing = ~np.isfinite(values)
    places = np.where(missing, len(edges) + 1, np.searchsorted(edges, values, side="left"))
    return np.bincount(places, minlength=len(edges) + 2).astype(np.float64)


def _ranges(edges: NDArray[np.float64], dates: bool) -> list[str]:
    if dates:
        words = [str(day) for day in np.floor(edges).astype("datetime64[D]")]
    else:
        words = [f"{edge:.4g}" for edge in edges]
    return [f"≤ {word}" for word in words] + [f"> {words[-1]}" if words else "all"]


def _words_compared(
    train: "pd.Series[Any]", test: "pd.Series[Any] | None"
) -> tuple[tuple[Bar, ...], Drift | None]:
    left = Counter(word if word is not None else MISSING for word in as_words(train))
    right = Counter(
        word if word is not None else MISSING for word in ([] if test is None else as_words(test))
    )
    named = [word for word, _ in left.most_common(MOST_BARS)]
    own, other = _word_counts(left, named), _word_counts(right, named)
    drift = Drift(*stability(own, other)) if right else None
    return _bars([*named, OTHERS], own, other if right else None), drift


def _word_counts(counter: Counter[str], named: list[str]) -> Counts:
    counts = [counter[word] for word in named]
    return np.array([*counts, counter.total() - sum(counts)], dtype=np.float64)


def _bars(labels: list[str], train: Counts, test: Counts | None) -> tuple[Bar, ...]:
    own = train / train.sum()
    other = np.zeros_like(own) if test is None else test / max(test.sum(), 1.0)
    return tuple(
        Bar(label, float(left), None if test is None else float(right))
        for label, left, right in zip(labels, own, other, strict=True)
        if left or right
    )


def stability(train: Counts, test: Counts) -> tuple[float, float]:
    """Return the population stability index of two rows of counts, and its limit by chance.

    Half a row is added to every range, so that an empty one stays finite.

    Examples
    --------
    >>> stability(np.array([50.0, 50.0]), np.array([500.0, 500.0]))[0]
    0.0
    """
    used = (train + test) > 0
    left, right = train[used] + 0.5, test[used] + 0.5
    p, q = left / left.sum(), right / right.sum()
    spread = 1.0 / train.sum() + 1.0 / test.sum()
    by_chance = spread * chi2.ppf(CHANCE, max(1, int(used.sum()) - 1))
    return float(((p - q) * np.log(p / q)).sum()), float(by_chance)


def distance(left: NDArray[np.float64], right: NDArray[np.float64]) -> float | None:
    """Return the Kolmogorov-Smirnov distance of two samples, None where one is empty."""
    if not len(left) or not len(right):
        return None
    values = np.concatenate([left, right])
    below = np.searchsorted(np.sort(left), values, side="right") / len(left)
    other = np.searchsorted(np.sort(right), values, side="right") / len(right)
    return float(np.abs(below - other).max())
