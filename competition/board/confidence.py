"""How sure a board is: an interval for each score and each rank, and groups that are tied.

All entries are scored on the same resampled test sets (`resampling`). The replicates of an entry
are computed once, when it is scored, and kept: a board after one new entry costs one matrix
product for that entry and one sort of the kept replicates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.95


@dataclass(frozen=True)
class Contender:
    """A team's best entry.

    Attributes
    ----------
    team : int or str
    score : float
    submitted_at : datetime, aware, UTC
        Ties go to the earlier.
    replicates : float array, shape (n_replicates,)
        Its scores on the resampled test sets.
    """

    team: int | str
    score: float
    submitted_at: datetime
    replicates: Floats


@dataclass(frozen=True)
class Confidence:
    """How sure one line of a board is.

    Attributes
    ----------
    team : int or str
    rank : int
    rank_low, rank_high : int
        Best and worst rank of the interval.
    score, score_low, score_high : float
        ``score_low <= score_high`` whatever the metric's direction.
    tie_group : int
        Lines of one number cannot be told from the first of them; groups count from 1.
    """

    team: int | str
    rank: int
    rank_low: int
    rank_high: int
    score: float
    score_low: float
    score_high: float
    tie_group: int


def board_confidence(
    contenders: Sequence[Contender], *, greater_is_better: bool, level: float = LEVEL
) -> list[Confidence]:
    """Give the intervals and tie groups of a board, best first.

    Intervals are percentiles of the replicates. A line is tied with the first of its group while
    that one wins in at most ``1 - (1 - level) / 2`` of the replicates, a draw counting half; the
    first line that loses more often opens the next group.

    Raises
    ------
    ValueError
        If contenders have different numbers of replicates.
    """
    if not contenders:
        return []
    if len({len(contender.replicates) for contender in contenders}) > 1:
        raise ValueError("all contenders must have the same number of replicates")
    sign = -1.0 if greater_is_better else 1.0
    board = sorted(contenders, key=lambda c: (sign * c.score, c.submitted_at))
    scores = np.column_stack([contender.replicates for contender in board])
    ranks = _ranks(sign * scores, [contender.submitted_at for contender in board])
    groups = _tie_groups(sign * scores, (1.0 + level) / 2.0)
    ends = np.vstack([_ends(ranks, level), _ends(scores, level)]).T
    return [
        _line(contender, place, ends[place - 1], groups[place - 1])
        for place, contender in enumerate(board, start=1)
    ]


def _ranks(keys: Floats, submitted_at: Sequence[datetime]) -> Floats:
    """Rank the lines in each replicate; keys have shape (n_replicates, n_lines)."""
    by_time = np.array(sorted(range(len(submitted_at)), key=submitted_at.__getitem__))
    order = by_time[np.argsort(keys[:, by_time], axis=1, kind="stable")]
    ranks = np.empty(keys.shape)
    np.put_along_axis(ranks, order, np.arange(1.0, keys.shape[1] + 1)[None], axis=1)
    return ranks


def _tie_groups(keys: Floats, surely: float) -> list[int]:
    """Give each line its group; a line that the group's first surely beats opens the next."""
    lines = np.ascontiguousarray(keys.T)
    groups, first = [1], lines[0]
    for line in lines[1:]:
        wins = np.mean(first < line) + np.mean(first == line) / 2
        if wins > surely:
            first = line
        groups.append(groups[-1] + int(wins > surely))
    return groups


def _ends(values: Floats, level: float) -> Floats:
    """Give both ends of the percentile interval of each column, shape (2, n_lines)."""
    tail = (1.0 - level) / 2.0
    return np.asarray(np.quantile(values, [tail, 1.0 - tail], axis=0, method="inverted_cdf"))


def _line(contender: Contender, rank: int, ends: Floats, group: int) -> Confidence:
    rank_low, rank_high, score_low, score_high = ends.tolist()
    return Confidence(
        team=contender.team,
        rank=rank,
        rank_low=min(rank, int(rank_low)),
        rank_high=max(rank, int(rank_high)),
        score=contender.score,
        score_low=min(contender.score, score_low),
        score_high=max(contender.score, score_high),
        tie_group=group,
    )
