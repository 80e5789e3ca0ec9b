"""Who learns from which row: train against test, and public against private."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.errors import InvalidContest, did_you_mean
from competition.tables import natural_types

Kind: TypeAlias = Literal["stratified", "grouped", "time", "random"]
Rows: TypeAlias = NDArray[np.intp]
Mask: TypeAlias = NDArray[np.bool_]

BINS = 10
MOST_CLASSES = 50
GROUP_DRAWS = 64


@dataclass(frozen=True)
class SplitPlan:
    """How rows are shared out.

    Parameters
    ----------
    kind
        ``stratified`` keeps the shares of the classes (of tenths, for a numeric target) on both
        sides; ``grouped`` never puts one group on both sides; ``time`` makes the latest rows the
        test rows and, among those, the earlier ones public; ``random`` looks at nothing. None:
        as the columns say, time before group before stratified.
    group_column, time_column
        The columns that a grouped or a time-ordered split goes by.
    test_fraction
        The share of the rows of one labelled table that become test rows.
    public_fraction
        The share of the test rows that the public board scores.
    seed
        The same seed splits the same table the same way.
    """

    kind: Kind | None = None
    group_column: str | None = None
    time_column: str | None = None
    test_fraction: float = 0.25
    public_fraction: float = 0.3
    seed: int = 0

    @property
    def chosen_kind(self) -> Kind:
        """The kind of split, the columns deciding where none is named."""
        if self.kind is not None:
            return self.kind
        if self.time_column is not None:
            return "time"
        return "stratified" if self.group_column is None else "grouped"

    def problems(self) -> list[str]:
        """List every rule that the plan itself breaks."""
        found = []
        if self.kind == "grouped" and self.group_column is None:
            found.append("a grouped split needs the column of the groups")
        if self.kind == "time" and self.time_column is None:
            found.append("a time-ordered split needs the column of the times")
        if not 0.0 < self.test_fraction < 1.0:
            found.append(
                f"the test fraction must lie between 0 and 1, but got {self.test_fraction}"
            )
        if not 0.0 <= self.public_fraction <= 1.0:
            found.append(f"the public fraction must be from 0 to 1, but got {self.public_fraction}")
        return found


def chosen_rows(
    frame: pd.DataFrame,
    targets: Sequence[str],
    plan: SplitPlan,
    fraction: float,
    rng: np.random.Generator,
    *,
    latest: bool,
) -> Mask:
    """Choose about `fraction` of the rows by the plan.

    Parameters
    ----------
    frame
        Verbatim text, the targets and the columns of the plan in it.
    targets
        The first one is what a stratified split keeps the shares of.
    latest
        Whether a time-ordered split chooses the latest rows or the earliest.

    Returns
    -------
    ndarray of bool, shape (n_rows,)
        True for the chosen rows. Unless `fraction` is 0 or 1 or one row is all there is, both
        sides get at least one row, or one group.

    Raises
    ------
    InvalidContest
        The plan's column is missing or does not allow the split.
    """
    if fraction in (0.0, 1.0):
        return np.full(len(frame), bool(fraction))
    if plan.chosen_kind == "time":
        return _by_time(frame, _column(frame, plan.time_column), fraction, latest)
    strata = _strata(frame[targets[0]])
    if plan.chosen_kind == "grouped":
        groups = pd.factorize(frame[_column(frame, plan.group_column)])[0]
        return _by_group(groups, strata, fraction, rng, plan.group_column)
    if plan.chosen_kind == "random":
        strata = np.zeros(len(frame), dtype=np.intp)
    return _by_stratum(strata, fraction, rng)


def times_of(text: pd.Series[str]) -> pd.Series[Any]:
    """Read a column of times: numbers as they are, else ISO 8601 days and times.

    Raises
    ------
    InvalidContest
        Some cell is neither.
    """
    values = natural_types(text)
    if pd.api.types.is_numeric_dtype(values):
        return values
    try:
        return pd.to_datetime(text, format="ISO8601", utc=True)
    except ValueError:
        raise InvalidContest(
            f"the time column {text.name!r} must hold numbers or ISO 8601 times such as "
            f"2026-01-31T12:00, but got {_first_odd_time(text)!r}"
        ) from None


def _first_odd_time(text: pd.Series[str]) -> str:
    parsed = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
    return str(text[parsed.isna()].iloc[0])


def _column(frame: pd.DataFrame, name: str | None) -> str:
    if name not in frame.columns:
        hint = did_you_mean(str(name), list(frame.columns))
        raise InvalidContest(f"the split needs the column {name!r}, which is not there{hint}")
    return str(name)


def _strata(target: pd.Series[str]) -> Rows:
    """Give each row the number of its class or, where a number has many values, of its tenth."""
    codes, classes = pd.factorize(target, sort=True)
    values = natural_types(target)
    if len(classes) <= MOST_CLASSES or not pd.api.types.is_numeric_dtype(values):
        return np.asarray(codes, dtype=np.intp)
    ranks = values.rank(method="first", pct=True).to_numpy()
    return np.asarray(np.ceil(ranks * BINS) - 1, dtype=np.intp)


def _by_stratum(strata: Rows, fraction: float, rng: np.random.Generator) -> Mask:
    """Choose in each stratum, the total right and small strata on both sides where they can be."""
    chosen = np.zeros(len(strata), dtype=np.bool_)
    sizes = np.bincount(strata)
    for stratum, quota in enumerate(_quotas(sizes, fraction)):
        rows = np.flatnonzero(strata == stratum)
        chosen[rng.permutation(rows)[:quota]] = True
    return chosen


def _quotas(sizes: Rows, fraction: float) -> Rows:
    """Whole numbers near ``sizes * fraction`` whose sum is near too, by largest remainders."""
    exact = sizes * fraction
    quotas: Rows = np.floor(exact).astype(np.intp)
    missing = min(max(round(sizes.sum() * fraction), 1), sizes.sum() - 1) - quotas.sum()
    largest = np.argsort(quotas - exact, kind="stable")[: max(missing, 0)]
    quotas[largest] += 1
    divisible = sizes >= 2
    quotas[divisible] = np.clip(quotas[divisible], 1, sizes[divisible] - 1)
    return quotas


def _by_group(
    groups: Rows, strata: Rows, fraction: float, rng: np.random.Generator, column: str | None
) -> Mask:
    """Choose whole groups; of several draws, the one whose strata are shared out best."""
    count = int(groups.max()) + 1
    if count < 2:
        raise InvalidContest(f"a grouped split needs at least two groups in column {column!r}")
    sizes = np.bincount(groups)
    table = np.zeros((count, int(strata.max()) + 1), dtype=np.intp)
    np.add.at(table, (groups, strata), 1)
    draws = [_drawn_groups(sizes, fraction, rng) for _ in range(GROUP_DRAWS)]
    best = min(draws, key=lambda draw: _unevenness(table, draw, fraction))
    return best[groups]


def _drawn_groups(sizes: Rows, fraction: float, rng: np.random.Generator) -> Mask:
    """Take groups in random order until their rows come nearest to the fraction."""
    order = rng.permutation(len(sizes))
    reached = np.cumsum(sizes[order])
    take = int(np.argmin(np.abs(reached[:-1] - fraction * sizes.sum()))) + 1
    chosen = np.zeros(len(sizes), dtype=np.bool_)
    chosen[order[:take]] = True
    return chosen


def _unevenness(table: Rows, chosen: Mask, fraction: float) -> tuple[int, float]:
    """Strata that one side lacks, then how far the shares lie from the fraction."""
    totals = table.sum(axis=0)
    inside = table[chosen].sum(axis=0)
    lacking = int(((inside == 0) | (inside == totals)).sum())
    return lacking, float(np.abs(inside - fraction * totals).sum() / totals.sum())


def _by_time(frame: pd.DataFrame, column: str, fraction: float, latest: bool) -> Mask:
    """Choose the latest or earliest rows; rows of one moment stay together."""
    moments, place = np.unique(times_of(frame[column]).to_numpy(), return_inverse=True)
    if len(moments) < 2:
        raise InvalidContest(f"a time-ordered split needs two moments in column {column!r}")
    sizes = np.bincount(place)
    before = np.cumsum(sizes)[:-1]
    wanted = (1.0 - fraction if latest else fraction) * len(frame)
    last_early = int(np.argmin(np.abs(before - wanted)))
    return np.asarray(place > last_early if latest else place <= last_early)
