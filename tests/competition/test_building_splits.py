"""Splits keep classes, groups and times as they promise, whatever the table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from competition.building import SplitPlan
from competition.building.splitting import chosen_rows
from competition.errors import InvalidContest


def table(classes: list[int], groups: list[int] | None = None) -> pd.DataFrame:
    frame = pd.DataFrame({"y": [f"c{c}" for c in classes]})
    frame["g"] = [f"g{g}" for g in groups] if groups is not None else "g"
    frame["t"] = [str(n) for n in range(len(frame))]
    return frame


def choose(frame: pd.DataFrame, plan: SplitPlan, fraction: float, *, latest: bool = True):
    rng = np.random.default_rng(plan.seed)
    return chosen_rows(frame, ["y"], plan, fraction, rng, latest=latest)


many_classes = st.lists(st.integers(0, 4), min_size=2, max_size=200)
fractions = st.floats(0.05, 0.95)


@given(classes=many_classes, fraction=fractions, seed=st.integers(0, 5))
def test_a_stratified_split_keeps_shares_and_puts_every_class_that_can_be_on_both_sides(
    classes: list[int], fraction: float, seed: int
) -> None:
    frame = table(classes)
    chosen = choose(frame, SplitPlan(seed=seed), fraction)
    assert 0 < chosen.sum() < len(frame)
    for name, size in frame["y"].value_counts().items():
        inside = int(chosen[frame["y"] == name].sum())
        if size >= 2:
            assert 1 <= inside <= size - 1
        assert abs(inside - size * fraction) < 2


@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=2, max_size=200),
    fraction=fractions,
)
@settings(max_examples=50)
def test_a_grouped_split_never_has_one_group_on_both_sides(
    rows: list[tuple[int, int]], fraction: float
) -> None:
    frame = table([c for c, _ in rows], [g for _, g in rows])
    plan = SplitPlan(group_column="g")
    if frame["g"].nunique() < 2:
        with pytest.raises(InvalidContest, match="at least two groups"):
            choose(frame, plan, fraction)
        return
    chosen = choose(frame, plan, fraction)
    assert not set(frame["g"][chosen]) & set(frame["g"][~chosen])
    assert 0 < chosen.sum() < len(frame)


@given(times=st.lists(st.integers(0, 50), min_size=2, max_size=200), fraction=fractions)
@pytest.mark.parametrize("latest", [True, False])
def test_a_time_ordered_split_cuts_at_one_moment(times, fraction, latest) -> None:
    frame = table([0] * len(times)).assign(t=[str(time) for time in times])
    plan = SplitPlan(time_column="t")
    if len(set(times)) < 2:
        with pytest.raises(InvalidContest, match="two moments"):
            choose(frame, plan, fraction, latest=latest)
        return
    chosen = choose(frame, plan, fraction, latest=latest)
    inside, outside = np.array(times)[chosen], np.array(times)[~chosen]
    assert inside.min() > outside.max() if latest else inside.max() < outside.min()


def test_a_grouped_split_comes_near_the_fraction_and_the_shares() -> None:
    rng = np.random.default_rng(0)
    frame = table(
        rng.choice(3, 3000, p=[0.6, 0.3, 0.1]).tolist(), rng.integers(0, 200, 3000).tolist()
    )
    chosen = choose(frame, SplitPlan(group_column="g"), 0.25)
    assert abs(chosen.mean() - 0.25) < 0.01
    shares = frame["y"][chosen].value_counts(normalize=True)
    assert (shares - frame["y"].value_counts(normalize=True)).abs().max() < 0.02


def test_a_numeric_target_is_split_with_its_tenths_kept() -> None:
    values = np.random.default_rng(0).lognormal(size=1000)
    frame = pd.DataFrame({"y": [repr(float(value)) for value in values]})
    chosen = choose(frame, SplitPlan(), 0.3)
    edges = np.quantile(values, np.linspace(0, 1, 11)[1:-1])
    inside = np.bincount(np.searchsorted(edges, values[chosen]), minlength=10)
    assert inside.tolist() == [30] * 10


def test_times_may_be_numbers_days_or_moments_with_zones() -> None:
    for times in (
        ["9", "10", "11", "12"],
        ["2024-01-09", "2024-01-10", "2024-02-01", "2025-01-01"],
        ["2024-01-01T23:00:00+02:00", "2024-01-01T22:00:00Z", "2024-01-02", "2024-01-03 10:00"],
    ):
        frame = table([0] * 4).assign(t=times)
        chosen = choose(frame, SplitPlan(time_column="t"), 0.5)
        assert chosen.tolist() == [False, False, True, True]


def test_a_time_that_cannot_be_read_is_named() -> None:
    frame = table([0] * 2).assign(t=["2024-01-01", "yesterday"])
    with pytest.raises(InvalidContest, match="'yesterday'"):
        choose(frame, SplitPlan(time_column="t"), 0.5)


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_none_and_all_are_fractions_too(fraction: float) -> None:
    assert choose(table([0, 1]), SplitPlan(), fraction).tolist() == [bool(fraction)] * 2


def test_the_columns_decide_the_kind_unless_it_is_named() -> None:
    assert SplitPlan().chosen_kind == "stratified"
    assert SplitPlan(group_column="g").chosen_kind == "grouped"
    assert SplitPlan(group_column="g", time_column="t").chosen_kind == "time"
    assert SplitPlan(kind="random", group_column="g").chosen_kind == "random"


def test_a_kind_needs_its_column() -> None:
    assert SplitPlan(kind="grouped").problems() == [
        "a grouped split needs the column of the groups"
    ]
    assert SplitPlan(kind="time").problems() == [
        "a time-ordered split needs the column of the times"
    ]
