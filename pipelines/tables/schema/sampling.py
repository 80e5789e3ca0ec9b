"""Rows to look at: few enough to be quick, dealt by a seed, independent of one another."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def sampled_rows(count: int, most: int, generator: np.random.Generator) -> Rows:
    """Return up to `most` row numbers, ascending; all of them where there are no more."""
    if count <= most:
        return np.arange(count)
    return np.sort(generator.choice(count, most, replace=False))


def independent_rows(
    frame: pd.DataFrame, group_column: str | None, most: int, generator: np.random.Generator
) -> Rows:
    """Return row numbers, one at random of each group where there are groups.

    Rows of a group resemble each other; counted one by one they would make a difference between
    two tables look surer than it is.
    """
    if group_column is None or group_column not in frame:
        return sampled_rows(len(frame), most, generator)
    shuffled = generator.permutation(len(frame))
    first = ~frame[group_column].iloc[shuffled].duplicated().to_numpy()
    own = np.sort(shuffled[first])
    return own[sampled_rows(len(own), most, generator)]
