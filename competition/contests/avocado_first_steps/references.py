"""Reference entries of `avocado-first-steps`: from a bare guess to a good model."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from competition.contests.models import boosted_trees, logistic_regression

TARGET = "perfectly_ripe"
FEATURES = ["height_mm", "firmness_n", "skin_darkness"]


def guess_majority(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Give every fruit the share of perfectly ripe ones: it orders nothing."""
    return np.full(len(test), train[TARGET].mean())


def judge_by_firmness(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Call a fruit riper the nearer its firmness is, as a ratio, to that of ripe ones."""
    ripe = np.log(train.loc[train[TARGET] == 1, "firmness_n"].median())
    firmness = np.log(test["firmness_n"].to_numpy(dtype=np.float64))
    return np.asarray(np.exp(-np.abs(firmness - ripe)))


def fit_logistic_regression(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Predict by a logistic regression: one straight line through three sensors."""
    return _fit_and_predict(logistic_regression, train, test, FEATURES)


def fit_boosted_trees(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Predict by gradient-boosted trees on the three sensors."""
    return _fit_and_predict(boosted_trees, train, test, FEATURES)


REFERENCES: Mapping[str, Callable[[pd.DataFrame, pd.DataFrame], np.ndarray]] = {
    "Majority guess": guess_majority,
    "Logistic regression": fit_logistic_regression,
    "Firmness rule": judge_by_firmness,
    "Gradient-boosted trees": fit_boosted_trees,
}
"""Name -> function of the train and test tables, the weakest first."""


def _fit_and_predict(
    model: Callable[[pd.DataFrame], Pipeline],
    train: pd.DataFrame,
    test: pd.DataFrame,
    features: list[str],
) -> np.ndarray:
    fitted = model(train[features]).fit(train[features], train[TARGET])
    return np.asarray(fitted.predict_proba(test[features])[:, 1])
