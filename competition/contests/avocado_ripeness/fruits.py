"""Fruits as they come into the store: where from, how large, how ripe, how strange.

Everything that stays with a fruit is drawn here, once; ``sensors`` reads fruits on days.

References
----------
.. [1] Mean weight by count per 25 lb (11 340 g) lug: a definition of the trade.
.. [2] J. Pak, New Zealand avocado research: fruit size is normally distributed, and weight
   follows from length and width.
.. [3] Obenland et al. (2012), a California storage study: 200 N at harvest, 8 mm probe; Landahl
   and Terry (2020), Biosystems Engineering 194:251-260: 253 N -> 2 N during ripening.
.. [4] Mathaba et al.; Sibeko et al. (2024): colour runs out of step with softening at 16 and
   21 C against 25 C; some fruits are dark while hard.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from competition.contests.avocado_ripeness.kinetics import (
    LEAVING_PER_DAY,
    OFFSET_SD,
    RATE_SPREAD,
    Floats,
    Integers,
)

ORCHARDS = {
    "hilltop": -0.28,
    "north-slope": -0.14,
    "old-terrace": 0.0,
    "riverside": 0.14,
    "sea-view": 0.28,
}
"""Orchard -> how far ahead its fruits are, logit. Assumption: names and sizes; they sum to 0."""

PICKERS = {"Ana": -0.12, "Ben": -0.04, "Chi": 0.04, "Dov": 0.12}
"""Picker -> how far ahead the fruits are that this one chooses. Assumption; they sum to 0."""

COUNTS = (36, 40, 48, 60, 70, 84)
"""Size codes: fruits per lug of 25 lb [1]_."""

COUNT_SHARES = (0.08, 0.14, 0.32, 0.26, 0.13, 0.07)
"""Share of each size code in the harvest. Assumption: most of the crop is 48 and 60."""

LUG_G = 11_340.0
"""Weight of a lug, g [1]_."""

WEIGHT_SPREAD = 0.05
"""Relative spread of weight inside a size code. Assumption; normal, as [2]_ finds for size."""

LENGTH_TO_WIDTH = (1.42, 0.07)
"""Mean and spread of length over width. Assumption: lengths of 80-120 mm, widths of 60-75 mm."""

DENSITY_G_PER_CM3 = (1.0, 0.02)
"""Mean and spread of the density. Assumption: 0.95-1.05 g/cm3."""

HARVEST_FIRMNESS_N = (200.0, 22.0)
"""Mean and spread of the firmness at harvest, N, 8 mm probe [3]_; 150-250 N are two spreads."""

RIPE_FIRMNESS_N = (4.0, 0.8)
"""Mean and spread of the firmness in the end, N, 8 mm probe: 2-6 N [3]_."""

COLOUR_LAG_MEAN = 0.3
"""How far the colour lags behind the hidden age at 25 C, logit. Assumption: it turns late."""

COLOUR_LAG_PER_C = 0.04
"""Growth of that lag per degree below 25 C, logit. Assumption in size; the direction is [4]_."""

COLOUR_LAG_SD = (0.4, 0.7)
"""Spread of the lag between fruits at 21 C and above, and below, logit. Assumption in size; the
direction is [4]_."""

DARK_WHILE_HARD_SHARE = (0.10, 0.16)
"""Share of fruits whose skin turns long before they soften, at 21 C and above, and below.
Calibrated to the correlation of skin colour with firmness, r = -0.63 (Osuna-Garcia et al.), here
of darkness; that there are such fruits is [4]_."""

DARK_WHILE_HARD_LEAD = 5.0
"""How far the colour of those runs ahead, logit. Assumption: dark from the first days."""

RESONANCE_SPREAD = 0.05
"""Relative spread of the resonance between fruits of one weight and age. Assumption."""

TRANSIT_DAYS = (1, 5)
"""Fewest and most days between harvest and the first day of storage. Assumption."""


@dataclass(frozen=True)
class Fruits:
    """What stays with each fruit; every array has shape (n_fruits,).

    Attributes
    ----------
    orchard, picker : text
    temperature_c : Celsius
        Storage temperature.
    transit_days : day
        From harvest to the day before the first day of storage.
    leaves_after_day : day
        Last day of storage on which the fruit can be seen.
    offset : logit
    rate_factor : no unit
    colour_lag : logit
    weight_g : g
        Weight on the first day.
    length_mm : mm
    harvest_firmness_n, ripe_firmness_n : N, 8 mm probe
    resonance_factor : no unit
    """

    orchard: np.ndarray
    picker: np.ndarray
    temperature_c: Floats
    transit_days: Integers
    leaves_after_day: Integers
    offset: Floats
    rate_factor: Floats
    colour_lag: Floats
    weight_g: Floats
    length_mm: Floats
    harvest_firmness_n: Floats
    ripe_firmness_n: Floats
    resonance_factor: Floats

    def __len__(self) -> int:
        return len(self.weight_g)


def draw_fruits(rng: np.random.Generator, n_fruits: int, temperatures_c: Sequence[float]) -> Fruits:
    """Draw fruits, spread evenly at random over the storage temperatures.

    Parameters
    ----------
    rng : numpy.random.Generator
    n_fruits : int
    temperatures_c : sequence of float, Celsius
        Temperatures of the storage rooms.

    Raises
    ------
    ValueError
        If there is no fruit or no temperature to draw.
    """
    if n_fruits < 1 or not temperatures_c:
        raise ValueError(
            "a harvest needs at least one fruit and one storage temperature, "
            f"but got n_fruits={n_fruits} and temperatures_c={list(temperatures_c)}"
        )
    orchard = rng.choice(list(ORCHARDS), n_fruits)
    picker = rng.choice(list(PICKERS), n_fruits)
    temperature = rng.choice(np.asarray(temperatures_c, dtype=np.float64), n_fruits)
    weight = _draw_weight(rng, n_fruits)
    return Fruits(
        orchard=orchard,
        picker=picker,
        temperature_c=temperature,
        transit_days=rng.integers(TRANSIT_DAYS[0], TRANSIT_DAYS[1] + 1, n_fruits),
        leaves_after_day=rng.geometric(LEAVING_PER_DAY, n_fruits).astype(np.int64),
        offset=_draw_offset(rng, orchard, picker),
        rate_factor=np.exp(rng.normal(0.0, RATE_SPREAD, n_fruits)),
        colour_lag=_draw_colour_lag(rng, temperature),
        weight_g=weight,
        length_mm=_draw_length(rng, weight),
        harvest_firmness_n=_draw_positive(rng, HARVEST_FIRMNESS_N, n_fruits),
        ripe_firmness_n=_draw_positive(rng, RIPE_FIRMNESS_N, n_fruits),
        resonance_factor=np.exp(rng.normal(0.0, RESONANCE_SPREAD, n_fruits)),
    )


def _draw_offset(rng: np.random.Generator, orchard: np.ndarray, picker: np.ndarray) -> Floats:
    """Draw offsets whose spread over all fruits is OFFSET_SD, orchard and picker included."""
    shared = np.var(list(ORCHARDS.values())) + np.var(list(PICKERS.values()))
    own = rng.normal(0.0, np.sqrt(OFFSET_SD**2 - shared), len(orchard))
    effects = [ORCHARDS[o] + PICKERS[p] for o, p in zip(orchard, picker, strict=True)]
    return np.asarray(own + np.array(effects))


def _draw_colour_lag(rng: np.random.Generator, temperature_c: Floats) -> Floats:
    """Draw how far the colour runs behind the hidden age: mostly a little, at times far ahead."""
    cool = (temperature_c < 21.0).astype(int)
    mean = COLOUR_LAG_MEAN + COLOUR_LAG_PER_C * np.maximum(25.0 - temperature_c, 0.0)
    dark_while_hard = rng.random(len(cool)) < np.take(DARK_WHILE_HARD_SHARE, cool)
    lag = rng.normal(mean, np.take(COLOUR_LAG_SD, cool))
    return np.asarray(lag - DARK_WHILE_HARD_LEAD * dark_while_hard)


def _draw_weight(rng: np.random.Generator, n_fruits: int) -> Floats:
    count = rng.choice(np.array(COUNTS), n_fruits, p=COUNT_SHARES)
    return np.asarray(LUG_G / count * rng.normal(1.0, WEIGHT_SPREAD, n_fruits))


def _draw_length(rng: np.random.Generator, weight_g: Floats) -> Floats:
    """Give the length, mm, of an ellipsoid of revolution of this weight."""
    slimness = rng.normal(*LENGTH_TO_WIDTH, len(weight_g))
    volume_cm3 = weight_g / rng.normal(*DENSITY_G_PER_CM3, len(weight_g))
    return np.asarray(10.0 * np.cbrt(6.0 * volume_cm3 * slimness**2 / np.pi))


def _draw_positive(
    rng: np.random.Generator, mean_and_spread: tuple[float, float], n_fruits: int
) -> Floats:
    """Draw from a normal distribution, kept above half of its mean."""
    mean, spread = mean_and_spread
    return np.maximum(rng.normal(mean, spread, n_fruits), mean / 2)
