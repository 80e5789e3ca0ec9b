"""How fast a search goes: trials a minute, and the time that is left."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Pace:
    """Measures a search from the moment that it begins.

    Attributes
    ----------
    done_before : int
        Trials that were there already.
    seconds : float or None
        How long it may last.
    clock : callable
        Seconds, from any beginning.

    Examples
    --------
    >>> moments = iter([0.0, 30.0, 30.0])
    >>> pace = Pace(4, None, clock=lambda: next(moments))
    >>> pace.per_minute(10)
    12.0
    >>> pace.seconds_left(10, 40)
    150.0
    """

    done_before: int = 0
    seconds: float | None = None
    clock: Callable[[], float] = time.monotonic
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    @property
    def is_over(self) -> bool:
        """Whether the time is spent."""
        return self.seconds is not None and self.clock() - self.began >= self.seconds

    def per_minute(self, done: float) -> float | None:
        """Return the trials a minute so far; None before the first."""
        passed, tried = self.clock() - self.began, done - self.done_before
        return 60 * tried / passed if tried > 0 and passed > 0 else None

    def seconds_left(self, done: float, total: int) -> float | None:
        """Return the time until all trials are done or the time is spent; None where unknown."""
        passed, tried = self.clock() - self.began, done - self.done_before
        by_trials = passed * (total - done) / tried if tried > 0 else math.inf
        by_time = math.inf if self.seconds is None else self.seconds - passed
        left = max(0.0, min(by_trials, by_time))
        return None if math.isinf(left) else left
