"""A greedy ensemble of trials over their out-of-fold answers.

References
----------
Caruana, Niculescu-Mizil, Crew, Ksikes (2004). Ensemble selection from libraries of models.
ICML 2004, doi 10.1145/1015330.1015432.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Answers = NDArray[np.float64]
ScoreRows = Callable[[Answers, NDArray[np.int64]], float]

MOST_STEPS = 10
MOST_MODELS = 16


@dataclass(frozen=True)
class GreedyEnsemble:
    """How often each trial was taken, and what the ensemble answers out of fold.

    Attributes
    ----------
    counts : dict of int to int
        Trial number to times taken.
    scored : ndarray, shape (n_rows, n_outputs)
        For each fold, the answers of an ensemble that was chosen without looking at that fold, so
        that its score is not flattered by the choice.
    """

    counts: dict[int, int]
    scored: Answers


def choose_greedily(
    answers: dict[int, Answers],
    folds: Sequence[NDArray[np.int64]],
    score_rows: ScoreRows,
    *,
    greater_is_better: bool,
) -> GreedyEnsemble:
    """Choose trials, with replacement, while their mean scores better.

    Parameters
    ----------
    answers : dict of int to ndarray, shape (n_rows, n_outputs)
        Out-of-fold answers by trial number, the best trial first; of one trial at least.
    folds : sequence of ndarray of int
        Scored rows of each fold.
    score_rows : callable
        ``score_rows(answers of the rows, rows)`` returns the metric.
    greater_is_better : bool
    """
    sign = 1.0 if greater_is_better else -1.0
    library = dict(list(answers.items())[:MOST_MODELS])
    rows = np.unique(np.concatenate(folds))
    scored = np.full_like(next(iter(library.values())), np.nan)
    for held in folds:
        kept = np.setdiff1d(rows, held, assume_unique=True)
        chosen = _choose(library, kept, score_rows, sign)
        scored[held] = _mean(library, chosen)[held]
    return GreedyEnsemble(_choose(library, rows, score_rows, sign), scored)


def _choose(
    library: dict[int, Answers], rows: NDArray[np.int64], score_rows: ScoreRows, sign: float
) -> dict[int, int]:
    counts: Counter[int] = Counter()
    total, best = np.zeros((len(rows), 1)), -np.inf
    for step in range(1, MOST_STEPS + 1):
        tried = {
            number: sign * score_rows((total + said[rows]) / step, rows)
            for number, said in library.items()
        }
        number = max(tried, key=lambda one: tried[one])
        if tried[number] <= best:
            break
        best = tried[number]
        counts[number] += 1
        total = total + library[number][rows]
    return dict(counts)


def _mean(library: dict[int, Answers], counts: dict[int, int]) -> Answers:
    weighed = [count * library[number] for number, count in counts.items()]
    return np.asarray(np.sum(weighed, axis=0) / sum(counts.values()))
