"""Scores of one entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Any


@dataclass(frozen=True)
class SplitScores:
    """One metric on the whole test set and on its two parts.

    Parameters
    ----------
    overall : float
        On all rows that count (Public and Private).
    public, private : float, optional
        On the rows of that part; None where the solution has none.
    """

    overall: float
    public: float | None = None
    private: float | None = None


@dataclass(frozen=True)
class Scores(SplitScores):
    """Scores of the contest's metric, and of those shown beside it.

    Parameters
    ----------
    beside : mapping of str to SplitScores
        By metric name, in the contest's order.
    """

    beside: Mapping[str, SplitScores] = field(default_factory=dict)


def shown_score(score: float, decimals: int = 5) -> str:
    """Write a score with so many decimals, the rest cut off, as boards do.

    Noise beyond 12 digits is rounded away first, so that 0.76 stays 0.76.

    Examples
    --------
    >>> shown_score(260 / 418), shown_score(1 - 0.24)
    ('0.62200', '0.76000')
    """
    exact = Decimal(f"{score:.12g}")
    return f"{exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_DOWN):f}"


def scores_to_plain(scores: Scores) -> dict[str, Any]:
    """Return the scores as plain data that JSON keeps exactly."""
    return {
        "overall": scores.overall,
        "public": scores.public,
        "private": scores.private,
        "beside": {
            name: {"overall": one.overall, "public": one.public, "private": one.private}
            for name, one in scores.beside.items()
        },
    }


def scores_from_plain(plain: Mapping[str, Any]) -> Scores:
    """Read what `scores_to_plain` wrote."""
    beside = {name: SplitScores(**one) for name, one in plain["beside"].items()}
    return Scores(plain["overall"], plain["public"], plain["private"], beside)
