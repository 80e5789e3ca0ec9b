"""Trying candidates: out-of-fold answers and scores of a batch of trials."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from competition.errors import CompetitionError
from pipelines.models.fits import Candidate, FoldFit, OnEpoch
from pipelines.models.fitting import fit_candidates
from pipelines.models.prepared import PreparedFolds
from pipelines.models.scoring import Scorer

Answers = NDArray[np.float64]


@dataclass(frozen=True)
class TrialOutcome:
    """What came of one candidate.

    Attributes
    ----------
    fits : list of FoldFit
    fold_scores : tuple of float
        One per fold; empty where it failed.
    failure : str or None
        Why there is no score.
    pruned : bool
        Whether it was given up before its last epoch.
    """

    fits: list[FoldFit]
    fold_scores: tuple[float, ...] = ()
    failure: str | None = None
    pruned: bool = False

    @property
    def score(self) -> float:
        """Mean of the folds' scores."""
        return float(np.mean(self.fold_scores))

    @property
    def spread(self) -> float:
        """Standard deviation of the folds' scores."""
        return float(np.std(self.fold_scores))

    @property
    def seconds(self) -> float:
        """Training time, summed over the folds."""
        return sum(fit.seconds for fit in self.fits)


def try_candidates(
    model: str,
    candidates: Sequence[Candidate],
    prepared: PreparedFolds,
    scorer: Scorer,
    on_epoch: OnEpoch | None = None,
) -> list[TrialOutcome]:
    """Fit and score a batch of candidates.

    Returns
    -------
    list of TrialOutcome
        In the order of the candidates. One that failed does not disturb the others.
    """
    fitted = fit_candidates(model, candidates, prepared, on_epoch)
    return [_outcome(fits, prepared, scorer) for fits in fitted]


def _outcome(fits: list[FoldFit], prepared: PreparedFolds, scorer: Scorer) -> TrialOutcome:
    failures = [fit.failure for fit in fits if fit.failure is not None]
    if failures:
        return TrialOutcome(fits, failure=failures[0])
    try:
        scores = tuple(
            scorer.score(fit.scored, one.fold.valid)
            for fit, one in zip(fits, prepared.folds, strict=True)
        )
    except CompetitionError as error:
        return TrialOutcome(fits, failure=str(error))
    return TrialOutcome(fits, scores)


def out_of_fold(fits: Sequence[FoldFit], prepared: PreparedFolds) -> Answers:
    """Lay the folds' answers together.

    Returns
    -------
    ndarray, shape (n_rows, n_outputs)
        Means over repeats; NaN for rows that no fold scores.
    """
    total = np.zeros((prepared.rows, prepared.target.outputs))
    count = np.zeros((prepared.rows, 1))
    for fit, one in zip(fits, prepared.folds, strict=True):
        total[one.fold.valid] += fit.scored
        count[one.fold.valid] += 1
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def mean_test_answers(fits: Sequence[FoldFit]) -> Answers | None:
    """Average the folds' answers for the test rows, shape (n_test, n_outputs)."""
    answers = [fit.test for fit in fits if fit.test is not None]
    return np.mean(answers, axis=0) if answers else None
