"""What kind of thing a column holds."""

from enum import StrEnum
from typing import Any

import pandas as pd

TEXT_DISTINCT_SHARE = 0.5
TEXT_DISTINCT_COUNT = 50
DATE_SAMPLE_ROWS = 200
TRUTH_WORDS = frozenset({"true", "false", "yes", "no", "t", "f", "y", "n"})


class ColumnKind(StrEnum):
    """The kinds that feature steps tell apart."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    DATE = "date"
    TEXT = "text"
    EMPTY = "empty"


def kind_of(column: "pd.Series[Any]") -> ColumnKind:
    """Tell the kind of one column by its type and values.

    A text column is `TEXT` (names, ticket numbers) where most of its values differ, else
    `CATEGORICAL`.

    Parameters
    ----------
    column : pandas.Series, shape (n_rows,)

    Examples
    --------
    >>> kind_of(pd.Series(["hard", "ripe", "ripe"])).value
    'categorical'
    >>> kind_of(pd.Series(["Yes", "no", None])).value
    'boolean'
    """
    if column.isna().all():
        return ColumnKind.EMPTY
    if pd.api.types.is_bool_dtype(column):
        return ColumnKind.BOOLEAN
    if pd.api.types.is_numeric_dtype(column):
        return ColumnKind.NUMERIC
    if pd.api.types.is_datetime64_any_dtype(column):
        return ColumnKind.DATE
    return _kind_of_words(column.dropna().astype(str))


def _kind_of_words(words: "pd.Series[str]") -> ColumnKind:
    distinct = words.unique()
    if len(distinct) <= 2 and {str(word).lower() for word in distinct} <= TRUTH_WORDS:
        return ColumnKind.BOOLEAN
    if len(distinct) > max(TEXT_DISTINCT_COUNT, TEXT_DISTINCT_SHARE * len(words)):
        return ColumnKind.TEXT
    return ColumnKind.CATEGORICAL


def holds_dates(column: "pd.Series[Any]") -> bool:
    """Tell whether a text column holds ISO 8601 dates (looked at in its first rows)."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = pd.Series(column.cat.categories)
    if not pd.api.types.is_string_dtype(column):
        return False
    sample = column.dropna().head(DATE_SAMPLE_ROWS).astype(str)
    if sample.empty or not sample.str.match(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$").all():
        return False
    return bool(as_moments(sample).notna().all())


def as_moments(words: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return ISO 8601 dates as moments without a time zone, in UTC; no date as missing."""
    parsed = pd.to_datetime(words, format="ISO8601", errors="coerce", utc=True)
    return parsed.dt.tz_localize(None)
