"""Rows and columns that say the same."""

import hashlib
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.tables.schema.coding import as_numbers, as_words, coded, is_numeric
from pipelines.tables.schema.sampling import sampled_rows
from pipelines.tables.schema.values import Duplicates

MOST_ROWS = 200_000
MOST_ROWS_OF_COLUMNS = 20_000
SAID_BY_FEW = 0.5
Hashes = NDArray[np.uint64]


def find_duplicates(
    train: pd.DataFrame,
    test: pd.DataFrame | None,
    features: Sequence[str],
    target: str,
    generator: np.random.Generator,
) -> Duplicates:
    """Count rows with equal features within and across the tables, and pair equal columns."""
    own = train.iloc[sampled_rows(len(train), MOST_ROWS, generator)]
    other = None if test is None else test.iloc[sampled_rows(len(test), MOST_ROWS, generator)]
    left, right = _hashes(own, other, features)
    return Duplicates(
        train=int(pd.Series(left).duplicated().sum()),
        test=int(pd.Series(right).duplicated().sum()),
        shared=int(np.isin(right, left).sum()),
        contradicting=_contradicting(left, own[target]),
        rows_looked_at=max(len(left), len(right)),
        columns=equal_columns(train, features, generator),
    )


def _hashes(
    train: pd.DataFrame, test: pd.DataFrame | None, features: Sequence[str]
) -> tuple[Hashes, Hashes]:
    both = [coded(train[name], None if test is None else test[name]) for name in features]
    left = pd.DataFrame({place: one[0] for place, one in enumerate(both)})
    right = pd.DataFrame(
        {place: [] if one[1] is None else one[1] for place, one in enumerate(both)}
    )
    return _row_hashes(left), _row_hashes(right.astype(np.float64))


def _row_hashes(frame: pd.DataFrame) -> Hashes:
    return np.asarray(pd.util.hash_pandas_object(frame, index=False), dtype=np.uint64)


def _contradicting(hashes: Hashes, target: "pd.Series[Any]") -> int:
    answers = pd.Series(target.to_numpy()).groupby(hashes).transform("nunique")
    return int((answers > 1).sum())


def equal_columns(
    frame: pd.DataFrame, features: Sequence[str], generator: np.random.Generator
) -> tuple[tuple[str, str], ...]:
    """Pair the columns that are equal, or equal up to the names of their values."""
    rows = frame.iloc[sampled_rows(len(frame), MOST_ROWS_OF_COLUMNS, generator)]
    alike: dict[bytes, list[str]] = {}
    for name in features:
        for key in _keys(rows, name):
            alike.setdefault(key, []).append(name)
    pairs = {pair for names in alike.values() for pair in combinations(names, 2)}
    order = {name: place for place, name in enumerate(features)}
    return tuple(sorted(pairs, key=lambda pair: (order[pair[0]], order[pair[1]])))


def _keys(rows: pd.DataFrame, name: str) -> list[bytes]:
    """Return what equal columns share; nothing of a constant column.

    Few values count as equal whatever they are called; many, such as measurements, have to agree.
    """
    codes, names = pd.factorize(rows[name], use_na_sentinel=False)
    if len(names) < 2:
        return []
    if len(names) <= SAID_BY_FEW * len(rows):
        return [_digest(codes.astype(np.int64))]
    if is_numeric(rows[name]):
        return [_digest(as_numbers(rows[name]))]
    return [_digest(pd.util.hash_array(as_words(rows[name])))]


def _digest(values: NDArray[Any]) -> bytes:
    return hashlib.sha256(values.tobytes()).digest()
