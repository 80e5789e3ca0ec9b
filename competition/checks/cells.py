"""Rules of the predictions: numbers, probabilities, labels and masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from competition.checks.form import (
    FIRST_ROW,
    SHOWN,
    SubmissionForm,
    listed,
    rows_named,
)
from competition.definition import Label
from competition.errors import did_you_mean
from competition.metrics.metric import NUMERIC
from competition.metrics.sequences import decode_mask
from competition.problems import Problem

ROW_SUM_TOLERANCE = 1e-3
WIDEST_TABLE = 100_000
"""Labels no further apart than this are looked up in a table."""
MISSING = ("", "nan", "NaN", "NA", "N/A", "null", "NULL", "None", "<NA>")
Verbatim = Callable[[str], pd.Series]
"""Gives a column as it is written."""


def cell_problems(
    frame: pd.DataFrame, form: SubmissionForm, verbatim: Verbatim
) -> Iterator[Problem]:
    """Yield every problem of the prediction columns that are there."""
    columns = [name for name in form.columns if name in frame]
    if form.predicts in NUMERIC:
        yield from _numeric_problems(frame, columns, form, verbatim)
    elif form.predicts == "labels":
        for name in columns:
            yield from _label_problems(frame[name], form.labels, name, verbatim)
    elif form.predicts == "mask":
        for name in columns:
            yield from _mask_problems(frame[name], name)


def label_codes(cells: pd.Series, labels: Sequence[Label]) -> NDArray[np.intp]:
    """Find the index of each cell among the labels, -1 where it is none of them.

    Parameters
    ----------
    cells : pandas.Series
        Labels in their own type, or as they are written.
    labels : sequence
        The labels in order.

    Examples
    --------
    >>> label_codes(pd.Series(["ripe", "soft", "hard"]), ["hard", "ripe"]).tolist()
    [1, -1, 0]
    """
    if _same_kind(cells, labels):
        return _integer_codes(cells.to_numpy().astype(np.int64), [int(one) for one in labels])
    written = pa.array(cells.astype("str"))
    codes = pc.index_in(written, value_set=pa.array([str(label) for label in labels], pa.string()))
    return np.asarray(pc.fill_null(codes, -1), dtype=np.intp)


def _same_kind(cells: pd.Series, labels: Sequence[Label]) -> bool:
    kinds = {type(label) for label in labels}
    return (kinds == {int} and cells.dtype.kind in "iu") or (
        kinds == {bool} and cells.dtype.kind == "b"
    )


def _integer_codes(cells: NDArray[np.int64], labels: Sequence[int]) -> NDArray[np.intp]:
    low, high = min(labels), max(labels)
    if high - low < WIDEST_TABLE:
        table = np.full(high - low + 3, -1, dtype=np.intp)
        table[np.array(labels) - low + 1] = np.arange(len(labels))
        return np.asarray(table[np.clip(cells, low - 1, high + 1) - (low - 1)])
    order = np.argsort(labels)
    ordered = np.asarray(labels, dtype=np.int64)[order]
    places = np.minimum(np.searchsorted(ordered, cells), len(labels) - 1)
    return np.where(ordered[places] == cells, order[places], -1)


def _numeric_problems(
    frame: pd.DataFrame, columns: Sequence[str], form: SubmissionForm, verbatim: Verbatim
) -> Iterator[Problem]:
    numbers, sound = [], len(columns) == len(form.columns)
    for name in columns:
        values = _numbers(frame[name])
        problems = list(_number_problems(values, frame[name], name, form, verbatim))
        sound = sound and not problems
        numbers.append(values)
        yield from problems
    if sound and form.predicts in ("class_probabilities", "distribution"):
        yield from _row_sum_problems(np.column_stack(numbers))
    if sound and form.predicts == "cumulative_probabilities":
        yield from _falling_problems(np.column_stack(numbers))


def _numbers(cells: pd.Series) -> NDArray[np.float64]:
    if cells.dtype.kind in "iuf":
        return cells.to_numpy(dtype=np.float64)
    if cells.dtype.kind == "b":
        return np.full(len(cells), np.nan)
    return np.asarray(pd.to_numeric(cells, errors="coerce"), dtype=np.float64)


def _number_problems(
    values: NDArray[np.float64],
    cells: pd.Series,
    name: str,
    form: SubmissionForm,
    verbatim: Verbatim,
) -> Iterator[Problem]:
    lowest, highest = (values.min(), values.max()) if len(values) else (0.0, 0.0)
    is_finite = np.isfinite(lowest) and np.isfinite(highest)
    if not is_finite:
        yield from _not_finite(values, cells, name, verbatim)
    low, high = form.allowed or (-np.inf, np.inf)
    if is_finite and low <= lowest and highest <= high:
        return
    outside = np.flatnonzero((values < low) | (values > high) & np.isfinite(values))
    if len(outside):
        shown = listed([f"{values[row]:g}" for row in outside[:SHOWN]], len(outside))
        message = f"{_range(low, high)} in {name!r}, but got {shown} ({rows_named(outside)})"
        yield _problem("out_of_range", message, outside, name)


def _range(low: float, high: float) -> str:
    if np.isfinite(high):
        return f"numbers must be from {low:g} to {high:g}"
    return "numbers must be at least 0" if low == 0 else "numbers must be greater than 0"


def _not_finite(
    values: NDArray[np.float64], cells: pd.Series, name: str, verbatim: Verbatim
) -> Iterator[Problem]:
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        message = f"numbers in {name!r} must be finite, but got inf in {rows_named(infinite)}"
        yield _problem("infinite", message, infinite, name)
    empty = np.isnan(values)
    if cells.dtype.kind not in "iuf":
        written = verbatim(name)
        empty = written.isin(MISSING).to_numpy() | written.isna().to_numpy()
        wrong = np.flatnonzero(np.isnan(values) & ~empty)
        if len(wrong):
            shown = listed([repr(one) for one in written.iloc[wrong[:SHOWN]]], len(wrong))
            message = f"{name!r} must hold numbers, but got {shown} ({rows_named(wrong)})"
            yield _problem("not_a_number", message, wrong, name)
    yield from _missing_values(np.flatnonzero(empty), name)


def _missing_values(rows: NDArray[np.intp], name: str) -> Iterator[Problem]:
    if len(rows):
        count = "1 cell is" if len(rows) == 1 else f"{len(rows)} cells are"
        message = (
            f"{count} empty or NaN in {name!r} ({rows_named(rows)}); give a prediction for each"
        )
        yield _problem("missing_values", message, rows, name)


def _row_sum_problems(table: NDArray[np.float64]) -> Iterator[Problem]:
    sums = table.sum(axis=1)
    wrong = np.flatnonzero(np.abs(sums - 1) > ROW_SUM_TOLERANCE)
    if len(wrong):
        shown = listed([f"{sums[row]:g}" for row in wrong[:SHOWN]], len(wrong))
        message = (
            f"the probabilities of a row must sum to 1, but got {shown} ({rows_named(wrong)}); "
            "divide each row by its sum"
        )
        yield _problem("row_sum", message, wrong, None)


def _falling_problems(table: NDArray[np.float64]) -> Iterator[Problem]:
    wrong = np.flatnonzero((np.diff(table, axis=1) < 0).any(axis=1))
    if len(wrong):
        message = f"cumulative probabilities must not fall along a row ({rows_named(wrong)})"
        yield _problem("falling", message, wrong, None)


def _label_problems(
    cells: pd.Series, labels: Sequence[Label], name: str, verbatim: Verbatim
) -> Iterator[Problem]:
    if not labels:
        yield from _missing_values(np.flatnonzero(cells.isna()), name)
        return
    if (label_codes(cells, labels) >= 0).all():
        return
    written = verbatim(name)
    codes = label_codes(written, labels)
    empty = (codes < 0) & (written.isin(MISSING).to_numpy() | written.isna().to_numpy())
    yield from _missing_values(np.flatnonzero(empty), name)
    wrong = np.flatnonzero((codes < 0) & ~empty)
    points = _written_as_floats(written.iloc[wrong], labels)
    yield from _float_labels(written, wrong[points], name)
    yield from _unknown_labels(written, wrong[~points], labels, name)


def _written_as_floats(cells: pd.Series, labels: Sequence[Label]) -> NDArray[np.bool_]:
    """Tell which cells are a whole-number label with a point behind it."""
    if not all(isinstance(label, int) for label in labels):
        return np.zeros(len(cells), dtype=np.bool_)
    numbers = np.asarray(pd.to_numeric(cells, errors="coerce"), dtype=np.float64)
    return np.isin(numbers, [int(label) for label in labels])


def _float_labels(written: pd.Series, rows: NDArray[np.intp], name: str) -> Iterator[Problem]:
    if len(rows):
        example = str(written.iloc[rows[0]])
        message = (
            f"labels in {name!r} are whole numbers, but got {example!r} ({rows_named(rows)}); "
            f"write {int(float(example))} instead of {example} (in pandas: .astype(int))"
        )
        yield _problem("label_as_float", message, rows, name)


def _unknown_labels(
    written: pd.Series, rows: NDArray[np.intp], labels: Sequence[Label], name: str
) -> Iterator[Problem]:
    if len(rows):
        known = [str(label) for label in labels]
        values = [str(one) for one in pd.unique(written.iloc[rows])]
        shown = listed([repr(one) for one in values[:SHOWN]], len(values))
        allowed = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
        message = (
            f"labels in {name!r} must be one of {allowed}, but got {shown} "
            f"({rows_named(rows)}){did_you_mean(values[0].strip(), known)}"
        )
        yield _problem("unknown_label", message, rows, name)


def _mask_problems(cells: pd.Series, name: str) -> Iterator[Problem]:
    wrong = np.array([row for row, cell in enumerate(cells) if _is_broken(cell)], dtype=np.intp)
    if len(wrong):
        message = (
            f"masks in {name!r} must be pairs of 'start length', each at least 1 and not "
            f"overlapping, but got {cells.iloc[wrong[0]]!r} ({rows_named(wrong)})"
        )
        yield _problem("broken_mask", message, wrong, name)


def _is_broken(cell: object) -> bool:
    try:
        decode_mask(cell)
    except ValueError:
        return True
    return False


def _problem(rule: str, message: str, rows: NDArray[np.intp], column: str | None) -> Problem:
    return Problem(rule, message, int(rows[0]) + FIRST_ROW, column)
