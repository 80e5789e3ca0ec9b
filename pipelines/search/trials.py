"""Trying candidates: out-of-fold answers and scores of a batch of trials."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from competition.errors import CompetitionError
from pipelines.models.fits import Candidate, FoldFit, OnEpoch
from pipelines.models.fitting import fit_candidates
from pipelines.models.network import FittedNetwork
from pipelines.models.prepared import PreparedFolds
from pipelines.models.scoring import Scorer

Answers = NDArray[np.float64]
OnScore = Callable[[int, int, float], bool]


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
    places : tuple of int
        Numbers of the folds that were tried, counted from 0; empty for all of them.
    folds_left : int
        How many folds were not tried, since those that were sufficed.
    """

    fits: list[FoldFit]
    fold_scores: tuple[float, ...] = ()
    failure: str | None = None
    pruned: bool = False
    places: tuple[int, ...] = ()
    folds_left: int = 0

    @property
    def by_fold(self) -> list[tuple[int, FoldFit]]:
        """The fits with the number of their fold, counted from 1."""
        places = self.places or range(len(self.fits))
        return [(place + 1, fit) for place, fit in zip(places, self.fits, strict=True)]

    @property
    def size(self) -> int | None:
        """Weights and biases of one network; None for other models."""
        model = self.fits[0].model if self.fits else None
        return model.size if isinstance(model, FittedNetwork) else None

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


def try_fold_by_fold(
    model: str,
    candidates: Sequence[Candidate],
    prepared: PreparedFolds,
    scorer: Scorer,
    order: Sequence[int],
    on_score: OnScore,
    on_epoch: OnEpoch | None = None,
) -> list[TrialOutcome]:
    """Fit and score fold after fold, the candidates side by side in each.

    Parameters
    ----------
    model, candidates, prepared, scorer
        As for `try_candidates`.
    order : sequence of int
        Numbers of the folds, the first to be tried first.
    on_score : callable
        Takes the number of a candidate, of a fold, and its score; tells whether the candidate is
        given up. Those that are, or that failed, are left out of the folds that follow.
    on_epoch : callable, optional
        As for `fit_candidates`; numbers of candidates are those among the ones in training.

    Returns
    -------
    list of TrialOutcome
        In the order of the candidates.
    """
    attempts = [_Attempt() for _ in candidates]
    for place in order:
        going = [number for number, attempt in enumerate(attempts) if not attempt.over]
        batch = [candidates[number] for number in going]
        fitted = fit_candidates(model, batch, prepared, on_epoch, (place,)) if batch else []
        for number, [fit] in zip(going, fitted, strict=True):
            attempt = attempts[number]
            attempt.note(place, fit, _score(fit, place, prepared, scorer))
            attempt.over = attempt.failure is not None or on_score(
                number, place, attempt.scores[place]
            )
    return [attempt.outcome(len(order)) for attempt in attempts]


@dataclass
class _Attempt:
    """A candidate on the folds so far."""

    fits: dict[int, FoldFit] = field(default_factory=dict)
    scores: dict[int, float] = field(default_factory=dict)
    failure: str | None = None
    over: bool = False

    def note(self, place: int, fit: FoldFit, score: float | str) -> None:
        self.fits[place] = fit
        if isinstance(score, str):
            self.failure = score
        else:
            self.scores[place] = score

    def outcome(self, folds: int) -> TrialOutcome:
        places = tuple(sorted(self.fits))
        fits = [self.fits[place] for place in places]
        if self.failure is not None:
            return TrialOutcome(fits, failure=self.failure, places=places)
        scores = tuple(self.scores[place] for place in places)
        return TrialOutcome(fits, scores, places=places, folds_left=folds - len(places))


def _outcome(fits: list[FoldFit], prepared: PreparedFolds, scorer: Scorer) -> TrialOutcome:
    scores = [_score(fit, place, prepared, scorer) for place, fit in enumerate(fits)]
    failures = [score for score in scores if isinstance(score, str)]
    if failures:
        return TrialOutcome(fits, failure=failures[0])
    return TrialOutcome(fits, tuple(float(score) for score in scores))


def _score(fit: FoldFit, place: int, prepared: PreparedFolds, scorer: Scorer) -> float | str:
    """Return the score of a fit on its fold, or why there is none."""
    if fit.failure is not None:
        return fit.failure
    try:
        return scorer.score(fit.scored, prepared.folds[place].fold.valid)
    except CompetitionError as error:
        return str(error)


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
