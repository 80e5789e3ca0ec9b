"""Steps that add columns computed from each row alone; nothing is fitted."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from pipelines.errors import RecipeProblem
from pipelines.features.columns import require_columns
from pipelines.tables.finite import make_finite
from pipelines.tables.kinds import as_moments, holds_dates

Compute = Callable[..., pd.DataFrame]


class Derive(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Add the columns that a function of the frame returns; infinite values are missing ones.

    Parameters
    ----------
    step : str
        Name of the step, for error messages.
    compute : callable
        Takes the frame and `parameters`; returns the new columns, row for row.
    needs : tuple of str
        Columns that must be there.
    parameters : mapping, optional
    """

    def __init__(
        self,
        step: str,
        compute: Compute,
        needs: tuple[str, ...] = (),
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        self.step = step
        self.compute = compute
        self.needs = needs
        self.parameters = parameters

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Look at the columns; learn nothing from the rows."""
        self.n_features_in_ = X.shape[1]
        self.names_out_ = np.asarray(self.transform(X.head(1)).columns, dtype=object)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with the new columns beside the old, shape (n_rows, n_columns_out)."""
        require_columns(X, self.needs, self.step)
        with np.errstate(over="ignore"):
            new = self.compute(X, **(self.parameters or {}))
        new = new.copy(deep=False)
        make_finite(new, [str(name) for name in new.columns])
        old = X.drop(columns=[name for name in new.columns if name in X.columns])
        return pd.concat([old, new.set_axis(X.index, axis=0)], axis=1)

    def get_feature_names_out(self, input_features: object = None) -> Any:
        """Return the names of the columns that come out."""
        return self.names_out_


def ratio(frame: pd.DataFrame, numerator: str, denominator: str, name: str) -> pd.DataFrame:
    """Divide one column by another; a denominator of 0 gives a missing value."""
    below = frame[denominator].astype(float)
    return pd.DataFrame({name: frame[numerator].astype(float) / below.where(below != 0)})


def difference(frame: pd.DataFrame, left: str, right: str, name: str) -> pd.DataFrame:
    """Subtract one column from another."""
    return pd.DataFrame({name: frame[left].astype(float) - frame[right].astype(float)})


def product(frame: pd.DataFrame, columns: tuple[str, ...], name: str) -> pd.DataFrame:
    """Multiply columns."""
    return pd.DataFrame({name: frame[list(columns)].astype(float).prod(axis=1, skipna=False)})


def total(frame: pd.DataFrame, columns: tuple[str, ...], name: str, plus: float) -> pd.DataFrame:
    """Add columns and a constant."""
    return pd.DataFrame({name: frame[list(columns)].astype(float).sum(axis=1) + plus})


def logarithm(frame: pd.DataFrame, column: str, name: str) -> pd.DataFrame:
    """Take sign(x) log(1 + abs(x)), which is defined everywhere."""
    values = frame[column].astype(float)
    return pd.DataFrame({name: np.sign(values) * np.log1p(values.abs())})


def angle(frame: pd.DataFrame, column: str, period: float) -> pd.DataFrame:
    """Turn an angle (or any quantity that comes round) into its sine and cosine."""
    radians = frame[column].astype(float) * (2.0 * np.pi / period)
    return pd.DataFrame({f"{column}_sin": np.sin(radians), f"{column}_cos": np.cos(radians)})


def date_parts(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Turn a date into days since 1970 and its cyclical year, week and day."""
    moment = _moments(frame[column])
    hours = moment.dt.hour + moment.dt.minute / 60.0
    cycles = {
        "year": moment.dt.day_of_year / 365.25,
        "week": moment.dt.day_of_week / 7.0,
        "day": hours / 24.0,
    }
    days = (moment - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
    parts: dict[str, Any] = {f"{column}_days": days}
    for cycle, share in cycles.items():
        parts[f"{column}_{cycle}_sin"] = np.sin(2.0 * np.pi * share)
        parts[f"{column}_{cycle}_cos"] = np.cos(2.0 * np.pi * share)
    return pd.DataFrame(parts)


def _moments(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return dates as moments in UTC; ISO 8601 ones may each be written otherwise."""
    if holds_dates(column):
        return as_moments(column)
    return pd.to_datetime(column, errors="coerce", utc=True).dt.tz_localize(None)


def extract(frame: pd.DataFrame, column: str, pattern: str, name: str) -> pd.DataFrame:
    """Take the first group of a regular expression out of a text; missing where none matches."""
    words = frame[column].astype("string").str.extract(pattern, expand=True).iloc[:, 0]
    return pd.DataFrame({name: words.astype("str").where(words.notna(), np.nan)})


def given(frame: pd.DataFrame, column: str, name: str) -> pd.DataFrame:
    """Say whether a value is there: 1 or 0."""
    return pd.DataFrame({name: frame[column].notna().astype(float)})


def user_function(frame: pd.DataFrame, function: str) -> pd.DataFrame:
    """Call the user's own ``module:function`` on a copy of the frame; it returns new columns."""
    words = dict.fromkeys(frame.select_dtypes("category").columns, "str")
    new = load_function(function)(frame.astype(words))
    if not isinstance(new, pd.DataFrame) or len(new) != len(frame):
        raise RecipeProblem(
            f"{function} must return a DataFrame of {len(frame)} rows (the new columns), "
            f"but it returned {type(new).__name__}"
        )
    return new


def load_function(address: str) -> Compute:
    """Find the function behind ``module:function``.

    Raises
    ------
    RecipeProblem
        When the module or the function is not there.
    """
    module_name, _, name = address.partition(":")
    try:
        found = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise RecipeProblem(
            f"cannot find the feature function {address!r} ({error}); write it as module:function"
        ) from error
    return found  # type: ignore[no-any-return]
