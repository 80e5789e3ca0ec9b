"""How the learning rate moves: each schedule is a factor of the training's progress.

``factor(progress)`` takes the share of the training that is done, 0 to 1, and returns what the
learning rate is multiplied by.

References
----------
Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm restarts,
arXiv:1608.03983. Smith (2018), A disciplined approach to neural network hyper-parameters,
arXiv:1803.09820.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipelines.network.errors import InvalidSetting

Factors = NDArray[np.float64]


def constant(progress: Factors) -> Factors:
    """Stay at the learning rate."""
    return np.ones_like(progress)


def step(progress: Factors) -> Factors:
    """Divide by ten at a half and again at three quarters of the training."""
    return np.where(progress < 0.5, 1.0, np.where(progress < 0.75, 0.1, 0.01))


def cosine(progress: Factors) -> Factors:
    """Fall along half a cosine, from the learning rate to zero."""
    return 0.5 * (1.0 + np.cos(np.pi * progress))


def one_cycle(progress: Factors, warm_up: float = 0.1, low: float = 0.04) -> Factors:
    """Warm up along a cosine from `low` over the share `warm_up`, then fall to zero."""
    rising = low + (1 - low) * 0.5 * (1 - np.cos(np.pi * np.minimum(progress / warm_up, 1)))
    falling = 0.5 * (1 + np.cos(np.pi * np.clip((progress - warm_up) / (1 - warm_up), 0, 1)))
    return np.where(progress < warm_up, rising, falling)


def on_plateau(progress: Factors) -> Factors:
    """Leave the rate alone here: the training divides it when the watched loss stands still."""
    return np.ones_like(progress)


SCHEDULES: dict[str, Callable[[Factors], Factors]] = {
    schedule.__name__: schedule for schedule in (constant, step, cosine, one_cycle, on_plateau)
}


def get_schedule(name: str) -> Callable[[Factors], Factors]:
    """Return the schedule called `name`.

    Raises
    ------
    InvalidSetting
        When there is none of that name; the message lists the names there are.
    """
    if name not in SCHEDULES:
        known = ", ".join(SCHEDULES)
        raise InvalidSetting(f"schedule must be one of {known}, but got {name!r}")
    return SCHEDULES[name]
