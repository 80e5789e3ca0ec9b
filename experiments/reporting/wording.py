"""How a report writes numbers, values and moments: in one place, the same everywhere."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

from experiments.reporting.estimates import Estimate

NOTHING = "–"
DECIMALS = 4
LONGEST_VALUE = 40
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def score(value: float | None) -> str:
    """Write a score or a loss: four decimals, fewer where the number is great.

    Examples
    --------
    >>> score(0.95214), score(23456.789), score(0.0000123), score(None)
    ('0.9521', '23456.8', '1.23e-05', '–')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    size = abs(value)
    if 0 < size < 10.0 ** -(DECIMALS - 1):
        return f"{value:.3g}"
    whole_digits = max(0, math.floor(math.log10(size))) if size >= 1 else 0
    return f"{value:.{max(1, DECIMALS - whole_digits)}f}"


def difference(value: float | None, beside: float | None = 1.0) -> str:
    """Write a difference of scores with its sign, as finely as the scores beside it.

    Examples
    --------
    >>> difference(0.0123), difference(-0.00001), difference(0.00001, beside=0.0003)
    ('+0.0123', '−0.0000', '+1e-05')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    coarse = abs(beside or 0.0) >= 10.0 ** -(DECIMALS - 2)
    told = f"{abs(value):.{DECIMALS}f}" if coarse and abs(value) < 1 else score(abs(value))
    return f"{'−' if value < 0 else '+'}{told}"


def interval(estimate: Estimate) -> str:
    """Write the interval of an estimate.

    Examples
    --------
    >>> interval(Estimate(0.9, 0.8, 0.95))
    '0.8000 to 0.9500'
    """
    low, high = score(estimate.low), score(estimate.high)
    return NOTHING if NOTHING in (low, high) else f"{low} to {high}"


def differences(estimate: Estimate | None, beside: float | None = 1.0) -> str:
    """Write a difference with its interval.

    Examples
    --------
    >>> differences(Estimate(0.1, -0.05, 0.25))
    '+0.1000 (−0.0500 to +0.2500)'
    """
    if estimate is None or estimate.value is None:
        return NOTHING
    low, high = difference(estimate.low, beside), difference(estimate.high, beside)
    bounds = "" if NOTHING in (low, high) else f" ({low} to {high})"
    return f"{difference(estimate.value, beside)}{bounds}"


def share(value: float) -> str:
    """Write a share in per cent.

    Examples
    --------
    >>> share(0.12345)
    '12.3 %'
    """
    return f"{100 * value:.1f} %"


def count(value: int, noun: str = "", plural: str | None = None) -> str:
    """Write a count, thousands apart, with its noun.

    Examples
    --------
    >>> count(12345), count(1, "fold"), count(2, "class", "classes")
    ('12,345', '1 fold', '2 classes')
    """
    if not noun:
        return f"{value:,}"
    return f"{value:,} {noun if value == 1 else plural or noun + 's'}"


def moment(told: str | None) -> str:
    """Write a moment, given in ISO 8601, to the minute in UTC.

    Examples
    --------
    >>> moment("2026-11-23T03:21:07+00:00")
    '2026-11-23 03:21 UTC'
    """
    if told is None:
        return NOTHING
    return f"{datetime.fromisoformat(told).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def value(told: Any) -> str:
    r"""Write a value of a table or a parameter: on one line, and cut where it is long.

    Examples
    --------
    >>> value(0.004912345), value((32, 16)), value(None), value("two\nlines")
    ('0.004912', '32, 16', '–', 'two lines')
    """
    if told is None:
        return NOTHING
    if isinstance(told, float):
        return f"{told:.4g}" if math.isfinite(told) else NOTHING
    if isinstance(told, list | tuple):
        return ", ".join(map(value, told))
    return line(str(told))


def line(text: str, longest: int = LONGEST_VALUE) -> str:
    """Return a text on one line, nothing invisible in it, cut where it is long."""
    plain = " ".join(UNPRINTABLE.sub(" ", text).split())
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"
