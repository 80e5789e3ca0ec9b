"""The sample submission: every id, and a prediction that gives nothing away."""

from __future__ import annotations

import numpy as np
import pandas as pd

from competition.definition import Contest
from competition.tables import natural_types

FULL_MASK = "1 1"


def sample_submission(contest: Contest, train: pd.DataFrame, ids: pd.Series[str]) -> pd.DataFrame:
    """Make the file that every submission looks like.

    Labels: the most frequent one of the training rows; probabilities: the same for every class;
    numbers: the training rows' median.

    Parameters
    ----------
    contest
        The contest, its labels settled.
    train
        The training table as text.
    ids
        The ids to predict.

    Returns
    -------
    pandas.DataFrame
        Id column and prediction columns, in the order of `ids`.
    """
    predictions = {
        name: [_value(contest, train, place, name)] * len(ids)
        for place, name in enumerate(contest.prediction_columns)
    }
    return pd.DataFrame({contest.id_column: ids.to_numpy(), **predictions})


def _value(contest: Contest, train: pd.DataFrame, place: int, name: str) -> object:
    predicts, count = contest.predicts, len(contest.prediction_columns)
    if predicts == "probability":
        return 0.5
    if predicts in ("class_probabilities", "distribution"):
        return 1.0 / count
    if predicts == "cumulative_probabilities":
        return (place + 1) / count
    if predicts == "mask":
        return FULL_MASK
    known = train[name][train[name] != ""]
    return _median(known) if predicts == "values" else known.mode().iloc[0]


def _median(text: pd.Series[str]) -> float | int:
    """Return the median; of integers the lower one, so that the type stays."""
    values = natural_types(text)
    if pd.api.types.is_integer_dtype(values):
        return int(np.quantile(values.to_numpy(), 0.5, method="lower"))
    return float(f"{np.median(pd.to_numeric(values).to_numpy()):.6g}")
