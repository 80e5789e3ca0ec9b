"""Strokes and scales of a report's pictures: SVG text whose colours are the page's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from experiments.reporting.wording import line

Point = tuple[float, float]


@dataclass(frozen=True)
class Scale:
    """From values to places in a picture.

    Attributes
    ----------
    low, high : float
        Values at `start` and `end`.
    start, end : float
        Places.
    log : bool
        Whether equal ratios are equally far apart.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        low, high, told = (self._level(one) for one in (self.low, self.high, value))
        return self.start + (self.end - self.start) * (told - low) / (high - low or 1.0)

    def _level(self, value: float) -> float:
        return math.log10(max(value, 1e-12)) if self.log else value

    def ticks(self, most: int = 6) -> list[float]:
        """Return round values within."""
        if self.log:
            return self._log_ticks(most)
        rough = (self.high - self.low) / most or 1.0
        size = 10.0 ** math.floor(math.log10(rough))
        step = next(size * one for one in (1, 2, 2.5, 5, 10) if size * one >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(number * step, 12) for number in range(first, last + 1)]

    def _log_ticks(self, most: int) -> list[float]:
        decades = range(
            math.floor(math.log10(self.low)), math.ceil(math.log10(max(self.high, 1e-12))) + 1
        )
        fine = [factor * 10.0**decade for decade in decades for factor in (1, 2, 5)]
        within = [one for one in fine if self.low * 0.999 <= one <= self.high * 1.001]
        return within if len(within) <= most else within[:: math.ceil(len(within) / most)]


def spanning(
    values: Sequence[float], start: float, end: float, *, log: bool = False, margin: float = 0.05
) -> Scale:
    """Return a scale that holds all values, with some room."""
    known = [one for one in values if math.isfinite(one)] or [0.0, 1.0]
    low, high = min(known), max(known)
    if log and low > 0:
        return Scale(low / 1.08, high * 1.08, start, end, log=True)
    room = margin * (high - low) or abs(high) * 0.05 or 0.5
    return Scale(low - room, high + room, start, end)


def tick_label(value: float) -> str:
    """Write a value at an axis.

    Examples
    --------
    >>> tick_label(0.25), tick_label(1500000.0), tick_label(0.0)
    ('0.25', '1.5e+06', '0')
    """
    return f"{value:.4g}"


@dataclass
class Canvas:
    """A picture in the making.

    Parameters
    ----------
    width, height : float
    title, words : str
        Its name, and what is to be seen.
    """

    width: float
    height: float
    title: str
    words: str
    _parts: list[str] = field(default_factory=list)

    def line(self, start: Point, end: Point, kind: str) -> None:
        """Draw a straight line; `kind` is a class of the page's style."""
        self._parts.append(
            f'<line class="{kind}" x1="{start[0]:.1f}" y1="{start[1]:.1f}" '
            f'x2="{end[0]:.1f}" y2="{end[1]:.1f}"/>'
        )

    def path(self, points: Sequence[Point], kind: str, *, closed: bool = False) -> None:
        """Draw a line through points, or what it goes around."""
        steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        name = "polygon" if closed else "polyline"
        self._parts.append(f'<{name} class="{kind}" points="{steps}"/>')

    def box(
        self, corner: Point, size: Point, kind: str, tip: str = "", opacity: float = 1.0
    ) -> None:
        """Draw a rectangle from its upper left corner."""
        shade = "" if opacity == 1.0 else f' fill-opacity="{opacity:.3f}"'
        self._parts.append(
            f'<rect class="{kind}" x="{corner[0]:.1f}" y="{corner[1]:.1f}" '
            f'width="{max(0.0, size[0]):.1f}" height="{max(0.0, size[1]):.1f}"{shade}>'
            f"{_tip(tip)}</rect>"
        )

    def dot(self, middle: Point, radius: float, kind: str, tip: str = "") -> None:
        """Draw a circle."""
        self._parts.append(
            f'<circle class="{kind}" cx="{middle[0]:.1f}" cy="{middle[1]:.1f}" '
            f'r="{radius:.1f}">{_tip(tip)}</circle>'
        )

    def text(
        self, place: Point, words: str, *, anchor: str = "middle", kind: str = "t", turn: float = 0
    ) -> None:
        """Write words at the base line."""
        x, y = place
        turned = f' transform="rotate({turn:.0f} {x:.1f} {y:.1f})"' if turn else ""
        self._parts.append(
            f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{turned}>'
            f"{escape(words)}</text>"
        )

    def svg(self) -> str:
        """Return the picture."""
        size = f"{self.width:.0f} {self.height:.0f}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img" '
            f'style="max-width:{self.width * 1.35:.0f}px">'
            f"<title>{escape(self.title)}</title><desc>{escape(self.words)}</desc>"
            f"{''.join(self._parts)}</svg>"
        )


def _tip(words: str) -> str:
    return f"<title>{escape(words)}</title>" if words else ""


def label(words: str, room: float) -> str:
    """Return words cut to the room there is, in units of the picture."""
    return line(words, max(4, int(room / 6.2)))
