"""scikit-learn's models as baselines, through the same door as the network."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multioutput import MultiOutputRegressor

from pipelines.models.fits import Answers, Candidate, FoldFit
from pipelines.models.prepared import PreparedFold, PreparedFolds, Target


@dataclass(frozen=True)
class Baseline:
    """A scikit-learn model for classes and for values.

    Attributes
    ----------
    summary : str
    classifier, regressor : type
    parameters : tuple of str
        What an experiment may set of it.
    seeded : bool
        Whether it takes a `random_state`.
    one_target : bool
        Whether the regressor has to be wrapped for several targets.
    """

    summary: str
    classifier: Callable[..., Any]
    regressor: Callable[..., Any]
    parameters: tuple[str, ...] = ()
    seeded: bool = True
    one_target: bool = False


BASELINES: Mapping[str, Baseline] = MappingProxyType(
    {
        "majority": Baseline(
            "class shares, or the mean: what any model has to beat",
            partial(DummyClassifier, strategy="prior"),
            partial(DummyRegressor, strategy="mean"),
            seeded=False,
        ),
        "linear": Baseline(
            "logistic regression, or ridge",
            partial(LogisticRegression, max_iter=2000),
            Ridge,
            ("C", "alpha"),
            seeded=False,
        ),
        "random_forest": Baseline(
            "a random forest",
            partial(RandomForestClassifier, n_estimators=300, n_jobs=1),
            partial(RandomForestRegressor, n_estimators=300, n_jobs=1),
            ("n_estimators", "max_depth", "min_samples_leaf", "max_features"),
        ),
        "gradient_boosting": Baseline(
            "histogram gradient boosting",
            HistGradientBoostingClassifier,
            HistGradientBoostingRegressor,
            (
                *("learning_rate", "max_iter", "max_leaf_nodes", "min_samples_leaf"),
                *("l2_regularization", "max_features"),
            ),
            one_target=True,
        ),
    }
)
"""Baseline name -> what it is."""


@dataclass(frozen=True)
class FittedBaseline:
    """A fitted scikit-learn model."""

    estimator: Any
    target: Target

    def answers(self, features: NDArray[np.float64]) -> Answers:
        """Return class probabilities or values, shape (n_rows, n_outputs)."""
        if not self.target.classes:
            values = np.asarray(self.estimator.predict(features), np.float64)
            return values.reshape(len(features), -1)
        all_classes = np.zeros((len(features), self.target.classes))
        all_classes[:, self.estimator.classes_] = self.estimator.predict_proba(features)
        return all_classes


def fit_baselines(
    name: str,
    candidates: Sequence[Candidate],
    prepared: PreparedFolds,
    places: Sequence[int] | None = None,
) -> list[list[FoldFit]]:
    """Fit every candidate on every fold, or on those numbered `places`, one after the other."""
    folds = [prepared.folds[place] for place in prepared.places(places)]
    return [
        [_fit(name, candidate, fold, prepared.target) for fold in folds] for candidate in candidates
    ]


def _fit(name: str, candidate: Candidate, fold: PreparedFold, target: Target) -> FoldFit:
    began = time.perf_counter()
    taught = target.values[fold.fold.train]
    estimator = _estimator(BASELINES[name], candidate, target)
    estimator.fit(fold.learned, taught if taught.ndim == 1 or taught.shape[1] > 1 else taught[:, 0])
    model = FittedBaseline(estimator, target)
    return FoldFit(
        scored=model.answers(fold.scored),
        test=None if fold.test is None else model.answers(fold.test),
        history=(),
        seconds=time.perf_counter() - began,
        model=model,
    )


def _estimator(baseline: Baseline, candidate: Candidate, target: Target) -> Any:
    seed = {"random_state": candidate.seed} if baseline.seeded else {}
    if target.classes:
        return baseline.classifier(**_taken(candidate.parameters, "alpha"), **seed)
    made = baseline.regressor(**_taken(candidate.parameters, "C"), **seed)
    return MultiOutputRegressor(made) if baseline.one_target and target.outputs > 1 else made


def _taken(parameters: Mapping[str, Any], not_taken: str) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name != not_taken}
