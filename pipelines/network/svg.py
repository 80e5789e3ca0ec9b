"""The strokes that pictures of networks are made of, as SVG text."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

POSITIVE, NEGATIVE = "#2166ac", "#d6604d"  # told apart by the colour-blind too
INK, PALE, PAPER = "#333333", "#888888", "#ffffff"
THICKEST = 5.0
DASHES = 'stroke-dasharray="6 3" '  # a negative weight, for those who see no colour


def frame(width: float, height: float) -> Iterator[str]:
    """Open the picture: title, and white paper."""
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" '
        f'font-family="sans-serif" font-size="12" fill="{INK}">'
    )
    yield "<title>A trained network: nodes, and edges as thick as their weights</title>"
    yield f'<rect width="100%" height="100%" fill="{PAPER}"/>'


def edge(
    weight: float,
    heaviest: float,
    start: tuple[float, float],
    to: tuple[float, float],
    tip: str,
) -> str:
    """Draw an edge as thick as its weight, coloured and dashed by its sign."""
    share = abs(weight) / heaviest
    colour = POSITIVE if weight >= 0 else NEGATIVE
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{to[0]:.1f}" y2="{to[1]:.1f}" '
        f'stroke="{colour}" {"" if weight >= 0 else DASHES}'
        f'stroke-width="{max(0.3, THICKEST * share):.2f}" '
        f'stroke-opacity="{0.15 + 0.75 * share:.2f}">'
        f"<title>{escape(tip)}: {weight:+.3f}</title></line>"
    )


def node_of_one(x: float, y: float) -> Iterator[str]:
    """Draw the node that always says one."""
    yield (
        f'<rect x="{x - 11:.1f}" y="{y - 11:.1f}" width="22" height="22" rx="4" fill="#eeeeee" '
        f'stroke="{PALE}"><title>always one: its edges are the biases</title></rect>'
    )
    yield text(x, y + 4, "1", colour=INK)


def legend(x: float, y: float, heaviest: float | None) -> Iterator[str]:
    """Say what the colours mean, and how heavy the heaviest edge is."""
    for colour, words in ((POSITIVE, "positive weight"), (NEGATIVE, "negative weight")):
        yield (
            f'<line x1="{x:.0f}" y1="{y:.0f}" x2="{x + 26:.0f}" y2="{y:.0f}" stroke="{colour}" '
            f'{"" if colour == POSITIVE else DASHES}stroke-width="4"/>'
        )
        yield text(x + 32, y + 4, words, anchor="start")
        x += 150
    if heaviest is not None:
        yield text(x, y + 4, f"heaviest: {heaviest:.2f}", anchor="start", colour=PALE)


def text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "middle",
    size: int = 12,
    colour: str = INK,
    weight: str = "normal",
) -> str:
    """Write words."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'font-weight="{weight}" fill="{colour}">{escape(words)}</text>'
    )


def short(value: float) -> str:
    """Return a number that fits into a node."""
    return f"{value:.2f}" if abs(value) < 9.995 else f"{value:.0f}"


def cut(label: str, longest: int = 18) -> str:
    """Return a label that fits beside a node; a long one loses its middle.

    Names of one column's categories begin alike, and differ at their ends.

    Examples
    --------
    >>> cut("main_growing_region_north")
    'main_gro…ion_north'
    """
    if len(label) <= longest:
        return label
    head = (longest - 1) // 2
    return f"{label[:head]}…{label[head + 1 - longest :]}"
