"""Scores in the digits that their server gave them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

__all__ = ["figures"]


def figures(scores: Sequence[float | None]) -> list[str | None]:
    """Write the scores of one column: no digit is lost, and all have as many decimals.

    A server cuts scores to its contest's decimals, so the longest one shows how many these are.

    Parameters
    ----------
    scores : sequence of float or None
        Scores of one contest; None where there is none.

    Examples
    --------
    >>> figures([0.5, 0.63636, None])
    ['0.50000', '0.63636', None]
    >>> figures([12345.678901])
    ['12345.678901']
    """
    exact = [None if score is None else _exact(score) for score in scores]
    places = max((_places(one) for one in exact if isinstance(one, Decimal)), default=0)
    return [f"{one:.{places}f}" if isinstance(one, Decimal) else one for one in exact]


def _exact(score: float) -> Decimal | str:
    return Decimal(repr(score)) if math.isfinite(score) else str(score)


def _places(number: Decimal) -> int:
    return max(0, -int(number.normalize().as_tuple().exponent))
