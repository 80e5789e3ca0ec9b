"""Numbers that can be calculated with: neither infinite nor so large that their squares are."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from pipelines.tables.wording import counted

LARGEST = 1e100


def make_finite(frame: pd.DataFrame, columns: Iterable[str]) -> dict[str, str]:
    """Take infinite values as gaps, and numbers beyond 1e100 as 1e100, in place.

    Parameters
    ----------
    frame : pandas.DataFrame
    columns : iterable of str
        Columns to look at; others than floating-point ones are left alone.

    Returns
    -------
    dict of str to str
        What was found, by column.

    Examples
    --------
    >>> frame = pd.DataFrame({"ratio": [1.5, float("inf"), -1e308]})
    >>> make_finite(frame, ["ratio"])
    {'ratio': '1 infinite value (taken as missing) and 1 value beyond 1e+100 (taken as that)'}
    >>> frame["ratio"].tolist()
    [1.5, nan, -1e+100]
    """
    found = {}
    for name in columns:
        if name in frame.columns and pd.api.types.is_float_dtype(frame[name]):
            words = _said_of(frame[name])
            if words:
                found[name] = words
                frame[name] = _finite(frame[name])
    return found


def _said_of(column: "pd.Series[Any]") -> str:
    sizes = column.abs().to_numpy(np.float64, na_value=np.nan)
    infinite = int(np.isinf(sizes).sum())
    huge = int((sizes > LARGEST).sum()) - infinite
    said = [
        f"{counted(infinite, 'infinite value')} (taken as missing)" if infinite else "",
        f"{counted(huge, 'value')} beyond {LARGEST:.0e} (taken as that)" if huge else "",
    ]
    return " and ".join(filter(None, said))


def _finite(column: "pd.Series[Any]") -> "pd.Series[Any]":
    return column.where(~np.isinf(column)).clip(-LARGEST, LARGEST)
