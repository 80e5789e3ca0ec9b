"""What a metric is: a function of truth and prediction, its direction and what it wants."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from competition.errors import MetricFailed, ParticipantVisibleError
from competition.metrics.parameters import checked_parameters

Array = NDArray[Any]
Floats = NDArray[np.float64]

Predicts = Literal[
    "labels",
    "probability",
    "class_probabilities",
    "cumulative_probabilities",
    "distribution",
    "values",
    "ranking",
    "text",
    "mask",
]
"""What stands in the prediction columns.

============================  ===================================================================
labels                        one of the contest's labels
probability                   probability (or, without a range, any score) of the second label
class_probabilities           one column per label, each row sums to 1
cumulative_probabilities      one column per label, ``P(y <= label)``, never falling along a row
distribution                  one column per target, truth and prediction rows each sum to 1
values                        a number
ranking                       items separated by spaces, the best first
text                          any text
mask                          run-length code ``start length start length ...``, starts at 1
============================  ===================================================================
"""

PER_LABEL: frozenset[Predicts] = frozenset({"class_probabilities", "cumulative_probabilities"})
NUMERIC: frozenset[Predicts] = frozenset(
    {"probability", "class_probabilities", "cumulative_probabilities", "distribution", "values"}
)
NEEDS_LABELS: frozenset[Predicts] = frozenset(
    {"labels", "probability", "class_probabilities", "cumulative_probabilities"}
)


def _unchanged(mean_loss: Any) -> Any:
    return mean_loss


@dataclass(frozen=True)
class Metric:
    """A score of predictions against the truth.

    Parameters
    ----------
    name : str
        Canonical name, as in a contest file.
    title : str
        What a page calls it.
    function : callable
        ``function(truth, prediction, **parameters) -> float``; arrays of shape ``(n,)`` or
        ``(n, k)``, labels as their index in the contest's ordered labels.
    greater_is_better : bool
        Direction; declared, never inferred.
    predicts : str
        What the prediction columns hold, see `Predicts`.
    score_range : tuple of float
        Lowest and highest value it can take.
    prediction_range : tuple of float, optional
        Lowest and highest number allowed in a prediction, both included.
    aliases : tuple of str
        Other names, Kaggle's among them; spelling is compared without case and punctuation.
    row_losses : callable, optional
        ``row_losses(truth, prediction, **parameters) -> (n,)`` float64, lower is better, for
        metrics that are a function of the mean of row losses.
    of_mean_loss : callable
        Turns the mean of the row losses (a number or an array) into the score.
    parameters : mapping
        Keyword arguments of the function, with their values.
    min_columns : int
        Fewest target columns.
    max_columns : int, optional
        Most target columns; None: any number.
    censored : bool
        The second target says whether the first was observed, and is not predicted.
    uses_label_distance : bool
        Integer labels enter by their value instead of by their index.
    """

    name: str
    title: str
    function: Callable[..., float]
    greater_is_better: bool
    predicts: Predicts
    score_range: tuple[float, float]
    prediction_range: tuple[float, float] | None = None
    aliases: tuple[str, ...] = ()
    row_losses: Callable[..., Floats] | None = None
    of_mean_loss: Callable[[Any], Any] = _unchanged
    parameters: Mapping[str, Any] = field(default_factory=dict)
    min_columns: int = 1
    max_columns: int | None = 1
    censored: bool = False
    uses_label_distance: bool = False

    def __call__(self, truth: Array, prediction: Array) -> float:
        """Score predictions.

        Parameters
        ----------
        truth, prediction : array of shape (n_rows,) or (n_rows, n_columns)
            Aligned row by row.

        Returns
        -------
        float
            A finite number.

        Raises
        ------
        MetricFailed
            The truth does not allow this metric, or the score is not finite.
        ParticipantVisibleError
            The prediction cannot be scored.
        """
        truth, prediction = self._aligned(truth, prediction)
        score = float(self.function(truth, prediction, **self.parameters))
        if not math.isfinite(score):
            raise MetricFailed(f"{self.name} gave {score} where a finite score is needed")
        return score

    def losses(self, truth: Array, prediction: Array) -> Floats:
        """Return the loss of each row, lower is better.

        Returns
        -------
        ndarray of shape (n_rows,)

        Raises
        ------
        MetricFailed
            This metric is no function of a mean of row losses.
        """
        if self.row_losses is None:
            raise MetricFailed(f"{self.name} has no losses per row")
        truth, prediction = self._aligned(truth, prediction)
        return np.asarray(self.row_losses(truth, prediction, **self.parameters), dtype=np.float64)

    @property
    def perfect(self) -> float:
        """The best value the metric can take."""
        return self.score_range[1] if self.greater_is_better else self.score_range[0]

    @property
    def one_column_per_label(self) -> bool:
        """Whether a submission has one column per label instead of one per target."""
        return self.predicts in PER_LABEL

    def prediction_columns(self, targets: Sequence[str], labels: Sequence[Any]) -> tuple[str, ...]:
        """Return the names of the columns that a submission holds beside its id.

        Examples
        --------
        >>> from competition.metrics import get_metric
        >>> get_metric("multiclass_log_loss").prediction_columns(["stage"], ["hard", "ripe"])
        ('hard', 'ripe')
        """
        if self.one_column_per_label:
            return tuple(str(label) for label in labels)
        return tuple(targets[:1] if self.censored else targets)

    def can_stand_beside(self, main: Metric) -> bool:
        """Tell whether submissions for the main metric can be scored by this one too."""
        if self.predicts == main.predicts:
            return self.censored == main.censored
        return self.predicts == "labels" and main.predicts in ("probability", "class_probabilities")

    def better(self, one: float, other: float) -> bool:
        """Tell whether score `one` is strictly better than score `other`."""
        return one > other if self.greater_is_better else one < other

    def with_parameters(self, given: Mapping[str, Any]) -> Metric:
        """Return the metric with some parameters set.

        Raises
        ------
        UnknownMetric
            A parameter is not one of the metric's, or its value is out of range.
        """
        return replace(self, parameters=checked_parameters(self.name, self.parameters, given))

    def _aligned(self, truth: Array, prediction: Array) -> tuple[Array, Array]:
        truth, prediction = np.asarray(truth), np.asarray(prediction)
        if len(truth) == 0 or len(truth) != len(prediction):
            raise MetricFailed(
                f"{self.name} needs as many predictions as truths and at least one, "
                f"got {len(prediction)} and {len(truth)}"
            )
        if self.predicts in NUMERIC and not np.isfinite(prediction).all():
            raise ParticipantVisibleError("predictions must be finite numbers")
        return truth, prediction
