"""How a Hass avocado ripens: a hidden age per fruit, and the stage that it shows.

The hidden age is the logit of the ripening index: ``index = 1 + 4 / (1 + exp(-age))``. It grows
in proportion to time, at a rate set by the storage temperature, and each fruit starts with an
offset of its own. The stage is read off the hidden age by thresholds that all temperatures share,
so a fruit never goes back a stage.

Constants marked *computed* come from the tabular part of the 'Hass' Avocado Ripening
Photographic Dataset [1]_ (478 fruits at 10 C, 20 C and ambient, index 1 to 5 every day);
*calibrated* ones were fitted so that 5 000 simulated fruits seen daily reach each index on the
same mean day as those (within 0.3 day) and lose shelf life at the same slope (within 5 %).
What has no source says *assumption*.

References
----------
.. [1] P. Xavier, P. Rodrigues, C. L. M. Silva (2024), 'Hass' Avocado Ripening Photographic
   Dataset, doi:10.17632/3xd9n945v8.1.
.. [2] R. Pedreschi et al. (2014), Postharvest biology of Hass avocado: one fruit-specific
   biological age explains 89 % of the variance of softening over 24 batches.
.. [3] J. Burdon, D. Billing (2024): the variation between fruits sits in the lag before the
   climacteric.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

STAGES = ("hard", "breaking", "firm-ripe", "ripe", "overripe")
"""Stage names in order, for index 1 to 5. Assumption: the names are the Hass Avocado Board's,
the five steps are those of [1]_ (underripe, breaking, ripe first stage, ripe second stage,
overripe). The Board's "pre-conditioned" lies inside index 1: no source carries it apart."""

INDEX_THRESHOLDS = (-1.69, -0.74, 0.57, 2.09)
"""Hidden age (logit) at which a fruit reaches index 2, 3, 4, 5. Calibrated."""

RATE_AT_20C = 0.58
"""Growth of the hidden age at 20 C, 1/day. Computed: median per-fruit logistic rate of [1]_."""

RATE_Q10 = 2.1
"""Factor of the rate per 10 C. Computed: 0.583 / 0.274 between 20 C and 10 C in [1]_."""

MIDPOINT_AT_20C = 5.53
"""Day of storage at which the mean fruit has hidden age 0 at 20 C. Calibrated; [1]_ gives 5.5."""

MIDPOINT_Q10 = 2.41
"""Factor of that day per 10 C colder. Calibrated; [1]_ gives 13.4 / 5.5 = 2.44."""

AMBIENT_C = 20.4
"""Temperature that stands for the group 'ambient' of [1]_, Celsius. Calibrated."""

OFFSET_SD = 0.48
"""Spread of the hidden age between fruits, logit. Computed: 1.74 days at 10 C, 0.8-0.9 at 20 C
in [1]_, times the rate; it is a lag at the start, as [3]_ finds."""

RATE_SPREAD = 0.14
"""Spread of the log rate between fruits. Computed: log(0.634 / 0.527) / 1.349 at 20 C in [1]_."""

LEAVING_PER_DAY = 0.01
"""Share of fruits that leave the store on a day. Computed: 41 of 192 in 25 days at 10 C and 17 of
143 in 10 days at 20 C in [1]_, taken for destructive tests."""

WATCHED_AGE = 3.1
"""Hidden age of the mean fruit at which the watch ends. Calibrated: it gives the 11 days at 20 C
and (to a day) the 26 days at 10 C of [1]_."""


def ripening_rate(temperature_c: Floats | float) -> Floats:
    """Give the growth of the hidden age, 1/day, at a storage temperature in Celsius.

    Examples
    --------
    >>> float(ripening_rate(20.0))
    0.58
    """
    exponent = (np.asarray(temperature_c, dtype=np.float64) - 20.0) / 10.0
    return np.asarray(RATE_AT_20C * RATE_Q10**exponent)


def midpoint_day(temperature_c: Floats | float) -> Floats:
    """Give the day of storage on which the mean fruit has hidden age 0."""
    exponent = (20.0 - np.asarray(temperature_c, dtype=np.float64)) / 10.0
    return np.asarray(MIDPOINT_AT_20C * MIDPOINT_Q10**exponent)


def watched_days(temperature_c: float) -> int:
    """Give the number of days that fruits are watched at a temperature: 11 at 20 C."""
    return math.ceil(midpoint_day(temperature_c) + WATCHED_AGE / ripening_rate(temperature_c))


def hidden_age(
    day: Floats | Integers,
    temperature_c: Floats | float,
    offset: Floats | float = 0.0,
    rate_factor: Floats | float = 1.0,
) -> Floats:
    """Give the hidden age (logit of the ripening index) on a day of storage.

    Parameters
    ----------
    day : array, any shape
        Day of storage; day 1 is the first observation, not the harvest.
    temperature_c : float or array, Celsius
    offset : float or array, logit
        How far ahead of the mean fruit this one starts.
    rate_factor : float or array
        How much faster than the mean fruit this one ripens; positive.

    Returns
    -------
    array, the broadcast shape of the arguments
    """
    rate = ripening_rate(temperature_c) * rate_factor
    return np.asarray(rate * (day - midpoint_day(temperature_c)) + offset)


def ripening_index(age: Floats) -> Integers:
    """Give the ripening index, 1 to 5, that a fruit of this hidden age shows.

    Examples
    --------
    >>> ripening_index(np.array([-2.0, 0.0, 3.0])).tolist()
    [1, 3, 5]
    """
    return 1 + np.searchsorted(np.array(INDEX_THRESHOLDS), age, side="right").astype(np.int64)


def stage_names(index: Integers | Sequence[int]) -> NDArray[np.object_]:
    """Give the stage name of each ripening index.

    Examples
    --------
    >>> stage_names([1, 4]).tolist()
    ['hard', 'ripe']
    """
    names: NDArray[np.object_] = np.array(STAGES, dtype=object)[np.asarray(index) - 1]
    return names
