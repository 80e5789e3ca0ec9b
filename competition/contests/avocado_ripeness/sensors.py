"""What the instruments read on a fruit of a given hidden age, with their noise.

References
----------
.. [1] Arzate-Vazquez et al. (2011): firmness falls as a sigmoid in time; skin colour stays
   constant for six days, then a* rises from -9.7 to 2.3.
.. [2] Pedreschi et al. (2014): one biological age explains 89 % of the variance of softening.
.. [3] Cox et al. (2004), Postharvest Biology and Technology 31:279-294,
   doi:10.1016/j.postharvbio.2003.09.008: L*, chroma and hue all fall, green to purple to black.
.. [4] Landahl and Terry (2020), Biosystems Engineering 194:251-260: the resonant frequency falls
   2-4 times while a fruit ripens.
.. [5] Cooke (1972); Armstrong et al. (1990): stiffness is proportional to f^2 m^(2/3), so the
   resonance of equally stiff fruits goes with weight to the power -1/3.
"""

import numpy as np

from competition.contests.avocado_ripeness.kinetics import Floats, ripening_rate

FIRMNESS_MIDPOINT = -2.4
"""Hidden age at half of the fall of firmness, logit. Assumption: it puts index 2 near 70 N and
index 4 near 15 N, as the trade scale has it (breaking 44-67 N, ripe below 22 N, growers' pages)."""

FIRMNESS_STEEPNESS = 1.0
"""Steepness of that fall, per unit of hidden age. Assumption, as above; the shape is [1]_."""

FIRMNESS_NOISE = 0.22
"""Spread of the log of a reading at one age. Calibrated: age then explains 89 % [2]_."""

LIGHTNESS = (38.0, 26.0)
"""L* of a green and of a black skin. Assumption: 35-40 -> 24-28."""

CHROMA = (22.0, 4.5)
"""C* of a green and of a black skin. Assumption: 18-25 -> 3-6."""

HUE_DEG = (124.0, 62.0)
"""Hue of a green and of a black skin, degrees. Assumption: 120-128 -> 40-90."""

COLOUR_STEEPNESS = 1.3
"""Steepness of the turn of colour, per unit of lagged hidden age. Assumption; falls after [3]_."""

LIGHTNESS_NOISE = 1.2
"""Spread of L* between readings. Assumption."""

CHROMATIC_NOISE = 1.0
"""Spread of a* and of b* between readings. Assumption; it makes hue noisy where chroma is low."""

RESONANCE_HZ = (520.0, 175.0)
"""Resonance of a hard and of a soft fruit of 200 g, Hz: a fall of 3 times [4]_. Assumption in
level."""

RESONANCE_MIDPOINT = -0.8
"""Hidden age at half of the fall of the resonance, logit. Calibrated to the correlation of
acoustic parameters with penetration force, r = 0.66-0.81 (acoustic testing of avocado)."""

RESONANCE_STEEPNESS = 0.9
"""Steepness of that fall, per unit of hidden age. Assumption."""

RESONANCE_NOISE = 0.05
"""Spread of the log of a reading. Assumption."""

HIGHER_MODE_SHARE = 0.12
"""Share of taps whose loudest peak is the next mode of the fruit. Assumption."""

HIGHER_MODE_FACTOR = 1.5
"""Frequency of that mode over the first. Assumption: near that of an elastic sphere."""

REFERENCE_WEIGHT_G = 200.0
"""Weight to which RESONANCE_HZ refers, g. Assumption."""

WEIGHT_LOSS_AT_20C = 0.0075
"""Share of weight lost a day at 20 C. Assumption: 0.5-1 %; it scales with the ripening rate."""

SCALE_NOISE_G = 0.5
"""Spread of the balance, g. Assumption."""

CALLIPER_NOISE_MM = 1.0
"""Spread of the calliper, mm. Assumption."""


def read_firmness(
    rng: np.random.Generator, age: Floats, harvest_firmness_n: Floats, ripe_firmness_n: Floats
) -> Floats:
    """Read the firmness, N, with an 8 mm probe: a sigmoid of age times a random factor.

    All arrays have shape (n_readings,).
    """
    fallen = _sigmoid(FIRMNESS_STEEPNESS * (age - FIRMNESS_MIDPOINT))
    firmness = harvest_firmness_n + (ripe_firmness_n - harvest_firmness_n) * fallen
    return np.asarray(firmness * np.exp(rng.normal(0.0, FIRMNESS_NOISE, len(age))))


def read_colour(rng: np.random.Generator, colour_age: Floats) -> tuple[Floats, Floats, Floats]:
    """Read the skin: L*, chroma and hue in degrees, from the lagged hidden age.

    The noise is on L*, a* and b*, as in a colorimeter: hue is an angle around the grey point,
    and close to grey a small error turns it far.
    """
    turned = _sigmoid(COLOUR_STEEPNESS * colour_age)
    lightness = _between(LIGHTNESS, turned) + rng.normal(0.0, LIGHTNESS_NOISE, len(turned))
    chroma, hue = _between(CHROMA, turned), np.radians(_between(HUE_DEG, turned))
    a = chroma * np.cos(hue) + rng.normal(0.0, CHROMATIC_NOISE, len(turned))
    b = chroma * np.sin(hue) + rng.normal(0.0, CHROMATIC_NOISE, len(turned))
    return lightness, np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360.0


def read_resonance(
    rng: np.random.Generator, age: Floats, weight_g: Floats, resonance_factor: Floats
) -> Floats:
    """Read the resonant frequency, Hz, of a fruit that is tapped; now and then the wrong peak."""
    fallen = _sigmoid(RESONANCE_STEEPNESS * (age - RESONANCE_MIDPOINT))
    of_size = (weight_g / REFERENCE_WEIGHT_G) ** (-1.0 / 3.0)
    noise = np.exp(rng.normal(0.0, RESONANCE_NOISE, len(age)))
    mode = np.where(rng.random(len(age)) < HIGHER_MODE_SHARE, HIGHER_MODE_FACTOR, 1.0)
    return _between(RESONANCE_HZ, fallen) * of_size * resonance_factor * noise * mode


def weight_on_day(weight_g: Floats, temperature_c: Floats, day: Floats) -> Floats:
    """Give the weight, g, on a day of storage: water is lost slowly, faster where it is warm."""
    loss = WEIGHT_LOSS_AT_20C * ripening_rate(temperature_c) / ripening_rate(20.0)
    return np.asarray(weight_g * (1.0 - loss) ** (day - 1))


def read_weight(rng: np.random.Generator, weight_g: Floats) -> Floats:
    """Read the balance, g."""
    return np.asarray(weight_g + rng.normal(0.0, SCALE_NOISE_G, len(weight_g)))


def read_length(rng: np.random.Generator, length_mm: Floats) -> Floats:
    """Read the calliper along the fruit, mm."""
    return np.asarray(length_mm + rng.normal(0.0, CALLIPER_NOISE_MM, len(length_mm)))


def _between(first_and_last: tuple[float, float], share: Floats) -> Floats:
    first, last = first_and_last
    return np.asarray(first + (last - first) * share)


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))
