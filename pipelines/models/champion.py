"""The chosen model as one thing: features, fitted models and the decision, from rows to answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from competition.metrics import Metric, get_metric
from pipelines.models.decisions import decide
from pipelines.models.fits import FittedModel
from pipelines.tables.finite import make_finite


@dataclass(frozen=True)
class FoldModel:
    """One fold's features and the models that were fitted on them.

    Attributes
    ----------
    pipeline : sklearn.pipeline.Pipeline
    models : tuple of FittedModel
    beside : tuple of FoldModel
        The same fold by other recipes of features, each with its models.
    """

    pipeline: Pipeline
    models: tuple[FittedModel, ...]
    beside: "tuple[FoldModel, ...]" = ()

    @classmethod
    def of(
        cls, pipelines: Sequence[Pipeline], models: Sequence[Sequence[FittedModel]]
    ) -> "FoldModel":
        """Join the pipelines of a fold, each with its models."""
        pairs = zip(pipelines, models, strict=True)
        first, *others = (cls(pipeline, tuple(own)) for pipeline, own in pairs)
        return cls(first.pipeline, first.models, tuple(others))

    @property
    def parts(self) -> "tuple[FoldModel, ...]":
        """Itself, then those beside it."""
        return (self, *self.beside)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """What its first models learned from."""
        return tuple(map(str, self.pipeline.get_feature_names_out()))

    def answers(self, table: pd.DataFrame) -> NDArray[np.float64]:
        """Return the mean answers of all models to raw rows, shape (n_rows, n_outputs)."""
        said = [
            model.answers(features)
            for part in self.parts
            for features in [part.pipeline.transform(table)]
            for model in part.models
        ]
        return np.asarray(np.mean(said, axis=0))


@dataclass(frozen=True)
class Champion:
    """Predicts a contest's test rows from its raw columns.

    Attributes
    ----------
    folds : tuple of FoldModel
    columns : tuple of str
        Raw columns that the features read.
    labels : tuple
        The contest's labels in order; empty for values.
    targets : tuple of str
    metric_name : str
    metric_parameters : dict
    """

    folds: tuple[FoldModel, ...]
    columns: tuple[str, ...]
    labels: tuple[Any, ...]
    targets: tuple[str, ...]
    metric_name: str
    metric_parameters: dict[str, Any]

    @property
    def metric(self) -> Metric:
        """The metric whose form the predictions take."""
        return get_metric(self.metric_name, **self.metric_parameters)

    @property
    def steps(self) -> frozenset[str]:
        """Names of the features' steps, those of every recipe that a model learned from."""
        pipelines = [part.pipeline for fold in self.folds for part in fold.parts]
        return frozenset(name.partition("_")[2] for one in pipelines for name, _ in one.steps)

    def answers(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """Return mean class probabilities or values of all models, shape (n_rows, n_outputs)."""
        table = rows.reindex(columns=list(self.columns))
        make_finite(table, self.columns)
        return np.asarray(np.mean([fold.answers(table) for fold in self.folds], axis=0))

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the prediction columns of a submission, row for row."""
        return prediction_frame(self.metric, self.answers(rows), self.targets, self.labels)


def prediction_frame(
    metric: Metric, answers: NDArray[np.float64], targets: Sequence[str], labels: Sequence[Any]
) -> pd.DataFrame:
    """Lay answers out in the columns and the form that a metric scores.

    Parameters
    ----------
    metric : competition.metrics.Metric
    answers : ndarray, shape (n_rows, n_outputs)
        Class probabilities or values.
    targets, labels : sequence
        Of the contest.
    """
    form = decide(metric, answers, len(labels))
    if metric.predicts == "labels":
        form = np.asarray(labels, dtype=object)[form]
    values = form.reshape(len(answers), -1)
    columns = metric.prediction_columns(targets, labels)
    frame = pd.DataFrame({name: values[:, place] for place, name in enumerate(columns)})
    return frame.infer_objects()
