"""Scoring a model's answers by a contest's metric, with an interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from competition.errors import CompetitionError
from competition.metrics import Metric
from pipelines.models.decisions import decide
from pipelines.models.prepared import Target

RESAMPLES = 200
LEVEL = 0.95


@dataclass(frozen=True)
class Scorer:
    """A contest's metric over a target.

    Attributes
    ----------
    metric : competition.metrics.Metric
    target : Target
    codes : ndarray, shape (n_classes,)
        What a class counts as in the metric: its number, or its own value.
    """

    metric: Metric
    target: Target
    codes: NDArray[Any]

    @classmethod
    def over(cls, metric: Metric, target: Target, labels: Sequence[Any] = ()) -> "Scorer":
        """Return the scorer for a target with the contest's ordered labels."""
        whole = all(isinstance(label, int) and not isinstance(label, bool) for label in labels)
        by_value = metric.uses_label_distance and bool(labels) and whole
        return cls(metric, target, np.asarray(labels) if by_value else np.arange(len(labels)))

    def score(self, answers: NDArray[np.float64], rows: NDArray[np.int64]) -> float:
        """Score the answers given for `rows` of the training table.

        Parameters
        ----------
        answers : ndarray, shape (len(rows), n_outputs)
        rows : ndarray of int
        """
        return self.metric(self._truth(rows), self._form(answers))

    def interval(
        self,
        answers: NDArray[np.float64],
        rows: NDArray[np.int64],
        groups: NDArray[Any] | None,
        seed: int,
    ) -> tuple[float, float]:
        """Return the 95 % bootstrap interval of the score; whole groups are drawn where given.

        References
        ----------
        Efron (1979). Bootstrap methods: another look at the jackknife. Annals of Statistics 7.
        """
        return _bounds(self._resampled([answers], rows, groups, seed)[:, 0])

    def difference(
        self,
        answers: NDArray[np.float64],
        others: NDArray[np.float64],
        rows: NDArray[np.int64],
        groups: NDArray[Any] | None,
        seed: int,
    ) -> tuple[float, float]:
        """Return the 95 % interval of one score minus another, over the same resamples.

        Pairing leaves out the chance that both share, that of which rows there are.
        """
        scores = self._resampled([answers, others], rows, groups, seed)
        return _bounds(scores[:, 0] - scores[:, 1])

    def _resampled(
        self,
        answers: Sequence[NDArray[np.float64]],
        rows: NDArray[np.int64],
        groups: NDArray[Any] | None,
        seed: int,
    ) -> NDArray[np.float64]:
        """Score resamples of the rows, shape (n_resamples, len(answers))."""
        generator = np.random.default_rng(seed)
        blocks = Blocks.of(rows, groups)
        truth, predictions = self._truth(rows), [self._form(one) for one in answers]
        scores = []
        for _ in range(RESAMPLES):
            drawn = blocks.draw(generator)
            try:
                scores.append([self.metric(truth[drawn], one[drawn]) for one in predictions])
            except CompetitionError:  # a resample without one of the classes
                continue
        return np.asarray(scores).reshape(-1, len(answers))

    def _truth(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        truth = self.target.values[rows]
        if self.target.classes:
            return np.asarray(self.codes[truth])
        return np.asarray(truth[:, 0] if truth.shape[1] == 1 else truth)

    def _form(self, answers: NDArray[np.float64]) -> NDArray[Any]:
        form: NDArray[Any] = decide(self.metric, answers, self.target.classes)
        return np.asarray(self.codes[form]) if self.metric.predicts == "labels" else form


def _bounds(scores: NDArray[np.float64]) -> tuple[float, float]:
    if not len(scores):
        return (float("nan"), float("nan"))
    low, high = np.quantile(scores, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


@dataclass(frozen=True)
class Blocks:
    """Positions that are drawn together: those of a block stand side by side.

    Attributes
    ----------
    positions : ndarray, shape (n_rows,)
    starts, sizes : ndarray, shape (n_blocks,)
        Of each block within `positions`.
    """

    positions: NDArray[np.int64]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, rows: NDArray[np.int64], groups: NDArray[Any] | None) -> "Blocks":
        """Return the positions within `rows`: a block for each group, or else for each row."""
        positions = np.arange(len(rows))
        if groups is None:
            return cls(positions, positions, np.ones_like(positions))
        numbers = np.unique(groups[rows], return_inverse=True)[1]
        sizes = np.bincount(numbers)
        return cls(np.argsort(numbers, kind="stable"), np.cumsum(sizes) - sizes, sizes)

    def draw(self, generator: np.random.Generator) -> NDArray[np.int64]:
        """Draw as many blocks as there are, with repetition; return their positions."""
        drawn = generator.integers(len(self.sizes), size=len(self.sizes))
        sizes = self.sizes[drawn]
        ends = np.cumsum(sizes)
        shifts = np.repeat(self.starts[drawn] - (ends - sizes), sizes)
        return np.asarray(self.positions[np.arange(len(shifts)) + shifts])
