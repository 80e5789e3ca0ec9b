"""Columns of any kind as numbers that trees can split."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def is_numeric(column: "pd.Series[Any]") -> bool:
    """Tell whether a column can be taken as numbers: numbers, truth values or dates."""
    return bool(
        pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
    )


def as_numbers(column: "pd.Series[Any]") -> Numbers:
    """Return numbers and truth values as they are, dates as days since 1970; missing as NaN."""
    if pd.api.types.is_datetime64_any_dtype(column):
        naive = pd.to_datetime(column, utc=True)
        days = (naive - pd.Timestamp("1970-01-01", tz="UTC")) / pd.Timedelta(days=1)
        return np.asarray(days, dtype=np.float64)
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def as_words(column: "pd.Series[Any]") -> NDArray[Any]:
    """Return each value as text; missing as None."""
    words = column.astype(object).map(str).to_numpy(dtype=object)
    words[column.isna().to_numpy()] = None
    return np.asarray(words)


def coded(train: "pd.Series[Any]", test: "pd.Series[Any] | None") -> tuple[Numbers, Numbers | None]:
    """Return both sides of a column as numbers; words by how common they are in both.

    Examples
    --------
    >>> coded(pd.Series(["b", "a", "a"]), pd.Series(["c", None]))[0].tolist()
    [1.0, 0.0, 0.0]
    """
    if is_numeric(train) and (test is None or is_numeric(test)):
        return as_numbers(train), None if test is None else as_numbers(test)
    words = np.concatenate([as_words(train), [] if test is None else as_words(test)])
    codes, names = pd.factorize(words)
    order = np.argsort(-np.bincount(codes[codes >= 0], minlength=len(names)), kind="stable")
    rank = np.empty(len(names), dtype=np.float64)
    rank[order] = np.arange(len(names))
    numbers = (
        np.where(codes >= 0, rank[codes], np.nan) if len(names) else np.full(len(words), np.nan)
    )
    return numbers[: len(train)], None if test is None else numbers[len(train) :]
