"""The simulator's kinetics against the figures of the real ripening data."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from competition.contests.avocado_ripeness import kinetics
from competition.contests.avocado_ripeness.fruits import draw_fruits
from competition.contests.avocado_ripeness.kinetics import (
    AMBIENT_C,
    STAGES,
    hidden_age,
    ripening_index,
    ripening_rate,
    stage_names,
    watched_days,
)

TEMPERATURE_C = {"T10": 10.0, "T20": 20.0, "Tam": AMBIENT_C}
# Xavier, Rodrigues, Silva (2024), doi:10.17632/3xd9n945v8.1: mean first day at index 2, 3, 4, 5
# and days left per step of the index.
FIRST_DAY = {
    "T10": (7.88, 10.87, 16.10, 21.66),
    "T20": (2.86, 4.95, 6.77, 9.83),
    "Tam": (2.78, 4.84, 6.68, 9.20),
}
DAYS_LEFT_PER_INDEX = {"T10": -4.390, "T20": -2.116, "Tam": -1.929}
GROUPS = sorted(TEMPERATURE_C)


def index_seen_daily(group: str, n_fruits: int = 6000) -> np.ndarray:
    """Watch fruits until the last is overripe: index, shape (n_days, n_fruits)."""
    temperature = TEMPERATURE_C[group]
    fruits = draw_fruits(np.random.default_rng(20), n_fruits, [temperature])
    day = np.arange(1, 4 * watched_days(temperature))[:, None]
    index = ripening_index(hidden_age(day, temperature, fruits.offset, fruits.rate_factor))
    assert (index[-1] == 5).all()
    return index


def first_days(index: np.ndarray) -> np.ndarray:
    """Give the first day at index 2 to 5, shape (4, n_fruits)."""
    return 1 + (index[None] < np.arange(2, 6)[:, None, None]).sum(axis=1)


def days_left_per_index(index: np.ndarray, days_left: np.ndarray) -> float:
    """Fit days left = a (index - 5) through the origin, as the source does."""
    step = index - 5.0
    return float((step * days_left).sum() / (step**2).sum())


@pytest.mark.parametrize("group", GROUPS)
def test_fruits_reach_each_stage_on_the_day_that_real_ones_do(group: str) -> None:
    mean = first_days(index_seen_daily(group)).mean(axis=1)
    assert mean == pytest.approx(FIRST_DAY[group], abs=0.3)


@pytest.mark.parametrize("group", GROUPS)
def test_shelf_life_falls_at_the_slope_of_real_fruits(group: str) -> None:
    index = index_seen_daily(group)
    left = first_days(index)[3] - np.arange(1, len(index) + 1)[:, None]
    slope = days_left_per_index(index[left >= 0], left[left >= 0])
    assert slope == pytest.approx(DAYS_LEFT_PER_INDEX[group], rel=0.05)


@pytest.mark.parametrize("group", GROUPS)
def test_the_published_slopes_come_out_of_the_real_data(
    group: str, hass_photographs: pd.DataFrame
) -> None:
    rows = hass_photographs[hass_photographs["group"] == group]
    last = rows[rows["index"] == 5].groupby("fruit")["day"].min().rename("last_day")
    rows = rows.merge(last, on="fruit").query("day <= last_day")
    slope = days_left_per_index(
        rows["index"].to_numpy(), (rows["last_day"] - rows["day"]).to_numpy()
    )
    assert slope == pytest.approx(DAYS_LEFT_PER_INDEX[group], abs=0.0006)


@pytest.mark.parametrize("group", GROUPS)
def test_the_real_first_days_are_the_ones_the_simulator_is_held_to(
    group: str, shared_data: Path
) -> None:
    first = pd.read_csv(shared_data / "hass-xavier2024" / "first_day_at_stage.csv")
    mean = first[first["group"] == group][["2", "3", "4", "5"]].mean().to_numpy()
    assert mean == pytest.approx(FIRST_DAY[group], abs=0.006)


def test_no_fruit_goes_back_a_stage() -> None:
    assert (np.diff(index_seen_daily("T10", 500), axis=0) >= 0).all()


def test_ten_degrees_double_the_rate() -> None:
    assert float(ripening_rate(20.0) / ripening_rate(10.0)) == pytest.approx(2.1)


def test_fruits_are_watched_as_long_as_the_real_ones() -> None:
    assert watched_days(20.0) == 11
    assert watched_days(10.0) == pytest.approx(26, abs=1)


def test_the_index_counts_the_thresholds_passed() -> None:
    at = np.array(kinetics.INDEX_THRESHOLDS)
    assert ripening_index(at).tolist() == [2, 3, 4, 5]
    assert ripening_index(at - 1e-9).tolist() == [1, 2, 3, 4]


def test_every_index_has_a_stage() -> None:
    assert tuple(stage_names([1, 2, 3, 4, 5])) == STAGES
