"""The pictures of a report: lines, intervals, bars, a confusion matrix, reliability, residuals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.reporting import wording
from experiments.reporting.canvas import Canvas, Scale, label, spanning, tick_label
from experiments.reporting.diagnosis import Confusion, Residuals
from experiments.reporting.estimates import Estimate
from pipelines.models.calibration import Calibration

WIDTH, HEIGHT = 460.0, 280.0
LEFT, RIGHT, TOP, BOTTOM = 66.0, 14.0, 16.0, 44.0
ROW = 26.0
NAMES = 150.0
FAR = 6.0  # widths of an interval: what lies farther off is not drawn to scale
FEW_ROWS = 10


@dataclass(frozen=True)
class Series:
    """A line with its band.

    Attributes
    ----------
    name : str
    kind : str
        ``a`` or ``b``: its class in the page's style, of another colour and another stroke.
    x, y : tuple of float
    low, high : tuple of float
        Bounds of the band; empty for none.
    """

    name: str
    kind: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


def draw_lines(
    series: Sequence[Series], title: str, words: str, x_name: str, y_name: str, *, log: bool
) -> str:
    """Draw lines over a common axis, each with its band and its name."""
    canvas = Canvas(WIDTH, HEIGHT, title, words)
    heights = [value for one in series for value in (*one.y, *one.low, *one.high)]
    x = spanning([value for one in series for value in one.x], LEFT, WIDTH - RIGHT, margin=0.0)
    y = spanning(heights, HEIGHT - BOTTOM, TOP + 16, log=log and min(heights) > 0)
    _frame(canvas, x, y, x_name, y_name)
    for one in series:
        if one.low:
            upper = [(x(a), y(b)) for a, b in zip(one.x, one.high, strict=True)]
            lower = [(x(a), y(b)) for a, b in zip(one.x, one.low, strict=True)]
            canvas.path([*upper, *lower[::-1]], f"band {one.kind}", closed=True)
    for one in series:
        canvas.path([(x(a), y(b)) for a, b in zip(one.x, one.y, strict=True)], f"line {one.kind}")
    _keys(canvas, [(one.name, f"line {one.kind}") for one in series])
    return canvas.svg()


def _keys(canvas: Canvas, keys: Sequence[tuple[str, str]]) -> None:
    place = LEFT
    for name, kind in keys:
        canvas.line((place, 11), (place + 24, 11), kind)
        canvas.text((place + 30, 15), name, anchor="start")
        place += 52 + 6.4 * len(name)


def _frame(canvas: Canvas, x: Scale, y: Scale, x_name: str, y_name: str) -> None:
    """Draw axes with round values, and a line across at each."""
    bottom = y.start
    for value in y.ticks(5):
        canvas.line((x.start, y(value)), (x.end, y(value)), "grid")
        canvas.text((x.start - 6, y(value) + 4), tick_label(value), anchor="end", kind="t small")
    for value in x.ticks(6):
        canvas.line((x(value), bottom), (x(value), bottom + 4), "axis")
        canvas.text((x(value), bottom + 17), tick_label(value), kind="t small")
    canvas.line((x.start, bottom), (x.end, bottom), "axis")
    canvas.text(((x.start + x.end) / 2, bottom + 36), x_name)
    canvas.text((14, (y.start + y.end) / 2), y_name, turn=-90)


@dataclass(frozen=True)
class Rung:
    """One line of a chart of estimates: its name, the estimate, and how it is drawn."""

    name: str
    estimate: Estimate
    kind: str = "a"
    text: str = ""


def draw_intervals(rungs: Sequence[Rung], title: str, words: str, x_name: str) -> str:
    """Draw estimates below each other, each with its interval and its number."""
    known = [one for one in rungs if one.estimate.value is not None]
    canvas = Canvas(WIDTH, TOP + ROW * len(known) + BOTTOM, title, words)
    x = spanning(_near(known), NAMES, WIDTH - 62)
    bottom = TOP + ROW * len(known)
    _values_below(canvas, x, bottom, x_name)
    for place, one in enumerate(known):
        _rung(canvas, x, TOP + ROW * (place + 0.5), one)
    return canvas.svg()


def _near(rungs: Sequence[Rung]) -> list[float]:
    """Return the values and bounds that a common axis is to hold, those far off left out."""
    middle = float(np.median([one.estimate.value or 0.0 for one in rungs]))
    bounds = [
        [
            end
            for end in (one.estimate.value, one.estimate.low, one.estimate.high)
            if end is not None
        ]
        for one in rungs
    ]
    width = max(max(ends) - min(ends) for ends in bounds)
    reach = FAR * width or math.inf
    return [end for ends in bounds if abs(ends[0] - middle) <= reach for end in ends]


def _values_below(canvas: Canvas, x: Scale, bottom: float, name: str) -> None:
    for value in x.ticks(5):
        canvas.line((x(value), TOP), (x(value), bottom), "grid")
        canvas.text((x(value), bottom + 17), tick_label(value), kind="t small")
    canvas.line((x.start, bottom), (x.end, bottom), "axis")
    canvas.text(((x.start + x.end) / 2, bottom + 36), name)


def _rung(canvas: Canvas, x: Scale, y: float, one: Rung) -> None:
    value, low, high = one.estimate.value or 0.0, one.estimate.low, one.estimate.high
    told = one.text or wording.score(value)
    canvas.text((NAMES - 10, y + 4), label(one.name, NAMES - 16), anchor="end")
    if not x.low <= value <= x.high:
        _far_off(canvas, x, y, value)
        canvas.text((WIDTH - 4, y + 4), told, anchor="end", kind="t small")
        return
    if low is not None and high is not None:
        canvas.line((x(low), y), (x(high), y), f"whisker {one.kind}")
    if one.kind == "b":
        canvas.box((x(value) - 4, y - 4), (8, 8), "mark b", f"{one.name}: {told}")
    else:
        canvas.dot((x(value), y), 4.5, "mark a", f"{one.name}: {told}")
    canvas.text((WIDTH - 4, y + 4), told, anchor="end", kind="t small")


def _far_off(canvas: Canvas, x: Scale, y: float, value: float) -> None:
    if value < x.low:
        canvas.text((x.start + 4, y + 4), "◀ far off", anchor="start", kind="t small")
    else:
        canvas.text((x.end - 4, y + 4), "far off ▶", anchor="end", kind="t small")


def draw_bars(rungs: Sequence[Rung], title: str, words: str, x_name: str) -> str:
    """Draw bars from zero, each with its spread and its number."""
    canvas = Canvas(WIDTH, TOP + ROW * len(rungs) + BOTTOM, title, words)
    values = [one.estimate.value or 0.0 for one in rungs]
    ends = [one.estimate.high or 0.0 for one in rungs]
    x = spanning([0.0, *values, *ends], NAMES, WIDTH - 62, margin=0.02)
    bottom = TOP + ROW * len(rungs)
    _values_below(canvas, x, bottom, x_name)
    for place, one in enumerate(rungs):
        _bar(canvas, x, TOP + ROW * (place + 0.5), one)
    canvas.line((x(0), TOP), (x(0), bottom), "axis")
    return canvas.svg()


def _bar(canvas: Canvas, x: Scale, y: float, one: Rung) -> None:
    value, low, high = one.estimate.value or 0.0, one.estimate.low, one.estimate.high
    start, end = sorted((x(0), x(value)))
    canvas.text((NAMES - 10, y + 4), label(one.name, NAMES - 16), anchor="end")
    canvas.box((start, y - 7), (end - start, 14), "bar a", f"{one.name}: {one.text}")
    if low is not None and high is not None:
        canvas.line((x(low), y), (x(high), y), "whisker ink")
    canvas.text((WIDTH - 4, y + 4), one.text, anchor="end", kind="t small")


def draw_confusion(confusion: Confusion, title: str, words: str) -> str:
    """Draw how often each class was taken for each other: counts, and shares of the true class."""
    size = len(confusion.labels)
    cell = min(64.0 if size > 3 else 84.0, (WIDTH - 110) / size)
    short = all(6.6 * len(name) < cell for name in confusion.labels)
    canvas = Canvas(WIDTH, cell * size + (54 if short else 96), title, words)
    left, top = 104.0, 12.0
    for i, row in enumerate(confusion.counts):
        middle = top + cell * (i + 0.5)
        canvas.text((left - 8, middle + 4), label(confusion.labels[i], 76), anchor="end")
        for j, rows in enumerate(row):
            _cell(canvas, (left + cell * j, top + cell * i), cell, rows, sum(row), i == j)
    bottom = top + cell * size
    for j, name in enumerate(confusion.labels):
        middle = left + cell * (j + 0.5)
        if short:
            canvas.text((middle, bottom + 16), label(name, cell))
        else:
            canvas.text((middle + 4, bottom + 14), label(name, 76), anchor="end", turn=-35)
    canvas.text((12, top + cell * size / 2), "truth", turn=-90)
    canvas.text((left + cell * size / 2, bottom + (36 if short else 78)), "prediction")
    return canvas.svg()


def _cell(
    canvas: Canvas, corner: tuple[float, float], size: float, rows: int, total: int, right: bool
) -> None:
    part = rows / max(total, 1)
    canvas.box((corner[0] + 1, corner[1] + 1), (size - 2, size - 2), "cell")
    kind = "cell right" if right else "cell wrong"
    canvas.box((corner[0] + 1, corner[1] + 1), (size - 2, size - 2), kind, "", 0.9 * part)
    ink = "t on" if part > 0.55 else "t"
    x, y = corner[0] + size / 2, corner[1] + size / 2
    if size < 34:
        canvas.text((x, y + 4), str(rows) if rows else "", kind=f"{ink} small")
        return
    if not rows:
        canvas.text((x, y + 4), "0", kind="t small")
        return
    canvas.text((x, y), wording.count(rows), kind=ink)
    canvas.text((x, y + 14), f"{100 * part:.0f} %", kind=f"{ink} small")


def draw_reliability(calibration: Calibration, title: str, words: str, x_name: str) -> str:
    """Draw what came true over what was said, and below how many rows were told so."""
    height = 360.0
    canvas = Canvas(WIDTH, height, title, words)
    x, y = Scale(0, 1, LEFT, WIDTH - RIGHT), Scale(0, 1, height - 116, TOP)
    _frame(canvas, x, y, "", "share that came true")
    canvas.line((x(0), y(0)), (x(1), y(1)), "ideal")
    sure = [one for one in calibration.bins if one.rows >= FEW_ROWS]
    canvas.path([(x(one.said), y(one.seen)) for one in sure], "line a")
    for one in calibration.bins:
        across = x(one.said)
        canvas.line((across, y(one.seen_low)), (across, y(one.seen_high)), "whisker thin")
        tip = f"said {one.said:.2f}, came true {one.seen:.2f}, {one.rows} rows"
        canvas.dot((across, y(one.seen)), 4, "mark a" if one in sure else "mark open", tip)
    _counts_below(canvas, x, calibration, height)
    canvas.text(((x.start + x.end) / 2, height - 6), x_name)
    return canvas.svg()


def _counts_below(canvas: Canvas, x: Scale, calibration: Calibration, height: float) -> None:
    most, bottom, tall = max(one.rows for one in calibration.bins), height - 26, 46.0
    for one in calibration.bins:
        up = tall * one.rows / most
        start, end = x(one.low) + 1, x(one.high) - 1
        canvas.box((start, bottom - up), (end - start, up), "bar quiet", f"{one.rows} rows")
        canvas.text(((start + end) / 2, bottom - up - 3), wording.count(one.rows), kind="t small")
    canvas.line((x.start, bottom), (x.end, bottom), "axis")
    canvas.text((13, bottom - tall / 2), "rows", turn=-90)


def draw_residuals(residuals: Residuals, title: str, words: str) -> str:
    """Draw residuals over predictions."""
    canvas = Canvas(WIDTH, HEIGHT, title, words)
    x = spanning([one for one, _ in residuals.points], LEFT + 12, WIDTH - RIGHT)
    y = spanning([one for _, one in residuals.points], HEIGHT - BOTTOM, TOP)
    _frame(canvas, x, y, f"predicted {label(residuals.target, 200)}", "truth − prediction")
    for across, up in residuals.points:
        canvas.dot((x(across), y(up)), 2.2, "point")
    canvas.line((x.start, y(0)), (x.end, y(0)), "ideal")
    return canvas.svg()


def draw_histogram(residuals: Residuals, title: str, words: str) -> str:
    """Draw how many rows have which residual."""
    canvas = Canvas(WIDTH, HEIGHT, title, words)
    x = spanning(residuals.edges, LEFT, WIDTH - RIGHT, margin=0.01)
    y = Scale(0, max(residuals.counts) * 1.06, HEIGHT - BOTTOM, TOP)
    _frame(canvas, x, y, "truth − prediction", "rows")
    for place, rows in enumerate(residuals.counts):
        start, end = x(residuals.edges[place]), x(residuals.edges[place + 1])
        canvas.box((start, y(rows)), (end - start - 1, y(0) - y(rows)), "bar a", f"{rows} rows")
    if x.low < 0 < x.high:
        canvas.line((x(0), y.start), (x(0), y.end), "ideal")
    return canvas.svg()


@dataclass(frozen=True)
class Tried:
    """A trial in a picture: its number, its score (None where it has none), the best so far."""

    number: int
    score: float | None
    best: float | None


def draw_search(trials: Sequence[Tried], title: str, words: str, y_name: str) -> str:
    """Draw each trial's score, and the best so far as a line of steps."""
    canvas = Canvas(WIDTH, HEIGHT, title, words)
    scores = sorted(one.score for one in trials if one.score is not None)
    shown = scores[len(scores) // 10 :] if trials[-1].best == scores[-1] else scores
    if trials[-1].best == scores[0]:
        shown = scores[: len(scores) - len(scores) // 10] or scores
    x = Scale(-0.5, trials[-1].number + 0.5, LEFT, WIDTH - RIGHT)
    y = spanning(shown or scores, HEIGHT - BOTTOM, TOP + 16)
    _frame(canvas, x, y, "trial", y_name)
    canvas.path(_steps(trials, x, y), "line a")
    for one in trials:
        _trial(canvas, x, y, one)
    _keys(canvas, [("best so far", "line a")])
    canvas.text((LEFT + 150, 15), "○ a trial   × none or far off", anchor="start")
    return canvas.svg()


def _steps(trials: Sequence[Tried], x: Scale, y: Scale) -> list[tuple[float, float]]:
    points: list[tuple[float, float]] = []
    for one in trials:
        if one.best is not None:
            height = min(max(y(one.best), TOP), y.start)
            points += [(x(one.number), points[-1][1])] if points else []
            points.append((x(one.number), height))
    return points


def _trial(canvas: Canvas, x: Scale, y: Scale, one: Tried) -> None:
    inside = one.score is not None and y.low <= one.score <= y.high
    if inside and one.score is not None:
        tip = f"trial {one.number}: {wording.score(one.score)}"
        canvas.dot((x(one.number), y(one.score)), 3.6, "mark open", tip)
    else:
        canvas.text((x(one.number), y.start - 4), "×", kind="t")
