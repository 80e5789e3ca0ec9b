"""A harvest: a table of readings of fruits in storage, several a fruit, with their stage.

The stage comes from the hidden age of the fruit, never from what a sensor reads; the sensors
follow the same age, each in its own way and with its own noise. Length and weight know nothing
of ripeness but for a slow loss of water.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from competition.contests.avocado_ripeness.fruits import Fruits, draw_fruits
from competition.contests.avocado_ripeness.kinetics import (
    Integers,
    hidden_age,
    ripening_index,
    stage_names,
    watched_days,
)
from competition.contests.avocado_ripeness.sensors import (
    read_colour,
    read_firmness,
    read_length,
    read_resonance,
    read_weight,
    weight_on_day,
)

STORAGE_TEMPERATURES_C = (10.0, 15.0, 20.0, 25.0)
"""Rooms of the default harvest, Celsius: the range over which the sources saw fruits ripen."""

MISSING_SHARE = {
    "length_mm": 0.02,
    "weight_g": 0.01,
    "firmness_n": 0.05,
    "skin_lightness": 0.04,
    "resonance_hz": 0.08,
}
"""Column -> share of readings that fail. Assumption: a tap is missed more often than a balance;
the colorimeter loses L*, chroma and hue together."""

DECIMALS = {
    "length_mm": 0,
    "weight_g": 1,
    "firmness_n": 1,
    "skin_lightness": 1,
    "skin_chroma": 1,
    "skin_hue_deg": 1,
    "resonance_hz": 0,
}
"""Column -> decimals that its instrument shows. Assumption."""


def simulate_harvest(
    rng: np.random.Generator,
    n_fruits: int = 1500,
    *,
    readings_per_fruit: int = 4,
    temperatures_c: Sequence[float] = STORAGE_TEMPERATURES_C,
) -> pd.DataFrame:
    """Simulate a harvest in storage.

    Parameters
    ----------
    rng : numpy.random.Generator
        The same generator state gives the same table.
    n_fruits : int
    readings_per_fruit : int
        Days on which a fruit is seen, drawn from the days it is watched; fruits that leave the
        store early are seen less often, some never.
    temperatures_c : sequence of float, Celsius
        Temperatures of the storage rooms.

    Returns
    -------
    pandas.DataFrame, one row a reading, in random order
        fruit, orchard, picker, storage_temperature_c, days_since_harvest, length_mm, weight_g,
        firmness_n (8 mm probe), skin_lightness (L*), skin_chroma, skin_hue_deg, resonance_hz,
        stage.

    Raises
    ------
    ValueError
        If there is no fruit, no temperature or no reading to draw.
    """
    if readings_per_fruit < 1:
        raise ValueError(f"a fruit needs at least one reading, but got {readings_per_fruit=}")
    fruits = draw_fruits(rng, n_fruits, temperatures_c)
    fruit, day = _draw_days(rng, fruits, readings_per_fruit)
    order = rng.permutation(len(fruit))
    return read_fruits(rng, fruits, fruit[order], day[order])


def read_fruits(
    rng: np.random.Generator, fruits: Fruits, fruit: Integers, day: Integers
) -> pd.DataFrame:
    """Read every instrument on fruits on days of storage.

    Parameters
    ----------
    rng : numpy.random.Generator
    fruits : Fruits
    fruit : int array, shape (n_readings,)
        Position in ``fruits``.
    day : int array, shape (n_readings,)
        Day of storage, from 1.

    Returns
    -------
    pandas.DataFrame
        The columns of `simulate_harvest`.
    """
    temperature = fruits.temperature_c[fruit]
    age = hidden_age(day, temperature, fruits.offset[fruit], fruits.rate_factor[fruit])
    weight = weight_on_day(fruits.weight_g[fruit], temperature, day.astype(np.float64))
    harvest_n, ripe_n = fruits.harvest_firmness_n[fruit], fruits.ripe_firmness_n[fruit]
    lightness, chroma, hue = read_colour(rng, age - fruits.colour_lag[fruit])
    table = pd.DataFrame(
        {
            "fruit": [f"F{number + 1:05d}" for number in fruit],
            "orchard": fruits.orchard[fruit],
            "picker": fruits.picker[fruit],
            "storage_temperature_c": temperature,
            "days_since_harvest": fruits.transit_days[fruit] + day,
            "length_mm": read_length(rng, fruits.length_mm[fruit]),
            "weight_g": read_weight(rng, weight),
            "firmness_n": read_firmness(rng, age, harvest_n, ripe_n),
            "skin_lightness": lightness,
            "skin_chroma": chroma,
            "skin_hue_deg": hue,
            "resonance_hz": read_resonance(rng, age, weight, fruits.resonance_factor[fruit]),
            "stage": stage_names(ripening_index(age)),
        }
    )
    return _lose_readings(rng, table.round(DECIMALS))


def _draw_days(
    rng: np.random.Generator, fruits: Fruits, readings_per_fruit: int
) -> tuple[Integers, Integers]:
    """Draw distinct days for each fruit among those it is watched, less those after it left."""
    rooms, room = np.unique(fruits.temperature_c, return_inverse=True)
    last = np.array([watched_days(float(temperature)) for temperature in rooms])[room]
    key = rng.random((len(fruits), int(last.max())))
    key[np.arange(key.shape[1]) >= last[:, None]] = np.inf
    days = 1 + np.argsort(key, axis=1)[:, :readings_per_fruit]
    seen = days <= np.minimum(last, fruits.leaves_after_day)[:, None]
    fruit, slot = np.nonzero(seen)
    return fruit.astype(np.int64), days[fruit, slot].astype(np.int64)


def _lose_readings(rng: np.random.Generator, table: pd.DataFrame) -> pd.DataFrame:
    for column, share in MISSING_SHARE.items():
        lost = rng.random(len(table)) < share
        together = ["skin_lightness", "skin_chroma", "skin_hue_deg"]
        table.loc[lost, together if column == "skin_lightness" else [column]] = np.nan
    return table
