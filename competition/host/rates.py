"""How often something may be done: a bucket of tries per key that fills again over time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from competition.host.failures import Failure

__all__ = ["Rate"]

_MOST_KEYS = 20_000


@dataclass
class Rate:
    """At most so many tries at once, and so many more per period.

    Parameters
    ----------
    tries : int
        Tries that a full bucket holds.
    period : timedelta
        An empty bucket is full again after so long.
    what : str
        What is limited, for the message.
    """

    tries: int
    period: timedelta
    what: str
    _buckets: OrderedDict[str, tuple[float, datetime]] = field(default_factory=OrderedDict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, key: str, now: datetime) -> None:
        """Take one try of a key.

        Raises
        ------
        Failure
            With status 429 and ``Retry-After``, when none is left.
        """
        with self._turn:
            left = self._filled(key, now)
            if left < 1:
                seconds = int((1 - left) * self.period.total_seconds() / self.tries) + 1
                raise Failure(
                    429,
                    f"too many {self.what}; try again in {seconds} s",
                    {"Retry-After": str(seconds)},
                )
            self._put(key, left - 1, now)

    def give_back(self, key: str, now: datetime) -> None:
        """Put a try back: it was a good one."""
        with self._turn:
            self._put(key, min(self.tries, self._filled(key, now) + 1), now)

    def _filled(self, key: str, now: datetime) -> float:
        left, since = self._buckets.get(key, (float(self.tries), now))
        return min(float(self.tries), left + (now - since) / self.period * self.tries)

    def _put(self, key: str, left: float, now: datetime) -> None:
        self._buckets[key] = (left, now)
        self._buckets.move_to_end(key)
        while len(self._buckets) > _MOST_KEYS:
            self._buckets.popitem(last=False)
