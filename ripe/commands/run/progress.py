"""How far a search is, on one line of a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ripe.console import say

if TYPE_CHECKING:
    from experiments import Progress


def following(advance: Any, storage: str | None) -> Callable[[Progress], None]:
    """Return what moves a bar as a search goes on, and says once how others may help."""
    shown, invited = 0.0, storage is None

    def follow(report: Progress) -> None:
        nonlocal shown, invited
        if report.study and not invited:
            say(f"To help from elsewhere: ripe worker --study {report.study} --storage URL")
            invited = True
        now = min(report.done + report.part, report.total)
        advance(now - shown, " ".join([", ".join(_where(report)), sparkline(report.history)]))
        shown = now

    return follow


def _where(report: Progress) -> Iterator[str]:
    """Say what is going on, the best so far, the rate and the time left, as far as is known."""
    yield report.stage
    if report.best is not None:
        yield f"best {report.best:.5f}"
    if report.stage != "searching":
        return
    if report.per_minute is not None:
        rate = report.per_minute
        yield f"{rate:.0f} trials/min" if rate >= 10 else f"{rate:.1f} trials/min"
    if report.seconds_left is not None:
        yield f"{duration(report.seconds_left)} left"


def duration(seconds: float) -> str:
    """Write a duration for a person.

    Examples
    --------
    >>> duration(7.2), duration(200), duration(9000)
    ('8 s', '3:20', '2 h 30')
    """
    whole = math.ceil(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}"
    return f"{whole // 3600} h {whole % 3600 // 60:02}"


def sparkline(values: tuple[float, ...], width: int = 12) -> str:
    """Draw the last values as little bars.

    Examples
    --------
    >>> sparkline((0.0, 0.5, 1.0))
    '▁▅█'
    """
    shown = values[-width:]
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    steps = [round(7 * (value - low) / (high - low)) if high > low else 0 for value in shown]
    return "".join("▁▂▃▄▅▆▇█"[step] for step in steps)
