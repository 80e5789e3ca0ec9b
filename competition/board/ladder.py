"""The Ladder: a public board that cannot be climbed by trying often.

A plain board answers every entry with its exact score, and enough answers give the hidden labels
away. The Ladder shows a team a new score only when its entry is better than its last accepted one
by more than chance explains; else it shows the old score again. One instance per team; the true
score is kept elsewhere and revealed at the end.

This is the parameter-free form of [1]_ with a paired standard deviation. A released score is
rounded, as there, for a score at full precision is a channel of its own: its digits can spell out
labels, as they do under log loss [2]_. The grid is not 1/n but the power of ten just below the
standard error by which the entry won its place, so that it fits losses of any size; what is lost
by rounding is at most half of what the entry gained.

References
----------
.. [1] A. Blum, M. Hardt (2015), The Ladder: a reliable leaderboard for machine learning
   competitions, arXiv:1502.04585.
.. [2] J. Whitehill (2017), Climbing the Kaggle leaderboard by exploiting the log-loss oracle,
   arXiv:1707.01825.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rung:
    """Where a team stands.

    Attributes
    ----------
    released : float
        The mean loss that is shown; the metric turns it into a score.
    losses : float array, shape (n_public_rows,)
        Row losses of the entry that earned it.
    """

    released: float
    losses: Floats


def climb(last: Rung | None, losses: Floats) -> Rung:
    """Give the rung on which a team stands after an entry.

    Parameters
    ----------
    last : Rung or None
        Where the team stood; None before its first entry.
    losses : float array, shape (n_public_rows,)
        Row losses of the new entry, smaller is better.

    Returns
    -------
    Rung
        ``last`` itself when the entry is not better by more than chance explains.

    Raises
    ------
    ValueError
        If there is no loss, one is not finite, or the rows are not those of the last entry.

    Examples
    --------
    >>> first = climb(None, np.array([0.0, 1.0, 1.0, 1.0] * 25))
    >>> first.released
    0.75
    >>> climb(first, np.array([1.0, 0.0, 1.0, 1.0] * 25)) is first
    True
    """
    losses = _checked(losses, last)
    error = _standard_error(losses if last is None else losses - last.losses)
    mean = float(losses.mean())
    if last is not None and not (error > 0.0 and mean < last.released - error):
        return last
    return Rung(_rounded(mean, error), losses)


def _checked(losses: Floats, last: Rung | None) -> Floats:
    losses = np.asarray(losses, dtype=np.float64)
    if losses.ndim != 1 or not losses.size or not np.isfinite(losses).all():
        raise ValueError(
            "row losses must be one finite number per row, at least one row, "
            f"but got shape {losses.shape}"
        )
    if last is not None and losses.shape != last.losses.shape:
        raise ValueError(
            "both entries must have losses of the same rows, "
            f"but got {len(losses)} after {len(last.losses)}"
        )
    return losses


def _standard_error(values: Floats) -> float:
    return float(values.std() / math.sqrt(len(values)))


def _rounded(mean: float, error: float) -> float:
    """Round to the power of ten at or below the error; an error of 0 leaves nothing to hide."""
    return round(mean, -math.floor(math.log10(error))) if error > 0.0 else mean
