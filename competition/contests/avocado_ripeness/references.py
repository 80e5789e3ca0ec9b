"""Reference entries of `avocado-ripeness`: from a bare guess to a good model."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from competition.contests.avocado_ripeness.kinetics import STAGES
from competition.contests.models import boosted_trees, logistic_regression

NOT_FEATURES = ["id", "fruit", "stage"]


def guess_majority(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Predict the commonest stage for every reading."""
    return np.full(len(test), train["stage"].mode()[0], dtype=object)


def judge_by_firmness(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Predict the stage whose median firmness is nearest, as a ratio; without one, the middle."""
    median = np.log(train.groupby("stage")["firmness_n"].median().loc[list(STAGES)]).to_numpy()
    firmness = np.log(test["firmness_n"].to_numpy(dtype=np.float64))
    nearest = np.abs(firmness[:, None] - median).argmin(axis=1)
    stage = np.array(STAGES, dtype=object)[nearest]
    return np.where(np.isnan(firmness), STAGES[len(STAGES) // 2], stage)


def fit_logistic_regression(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Predict by a logistic regression on all columns but the fruit's number."""
    return _fit_and_predict(logistic_regression, train, test)


def fit_boosted_trees(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Predict by gradient-boosted trees on all columns but the fruit's number."""
    return _fit_and_predict(boosted_trees, train, test)


REFERENCES: Mapping[str, Callable[[pd.DataFrame, pd.DataFrame], np.ndarray]] = {
    "Majority guess": guess_majority,
    "Firmness rule": judge_by_firmness,
    "Logistic regression": fit_logistic_regression,
    "Gradient-boosted trees": fit_boosted_trees,
}
"""Name -> function of the train and test tables, the weakest first."""


def _fit_and_predict(
    model: Callable[[pd.DataFrame], Pipeline], train: pd.DataFrame, test: pd.DataFrame
) -> np.ndarray:
    known, asked = (table.drop(columns=NOT_FEATURES, errors="ignore") for table in (train, test))
    return np.asarray(model(known).fit(known, train["stage"]).predict(asked))
