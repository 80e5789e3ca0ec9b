"""Rules of the ids: every test row once, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from competition.checks.form import SHOWN, SubmissionForm, listed, rows_named
from competition.problems import Problem

Places = NDArray[np.intp]

WIDEST_GAPS = 8
"""Integer ids are looked up in a table where their range is at most so many times their number."""


def places_of(ids: pd.Series, known: pd.Index) -> Places:
    """Find the place of each id among the known ones, -1 where it is not.

    Parameters
    ----------
    ids : pandas.Series
        Integers, or text where the known ids are text or the ids do not read as integers.
    known : pandas.Index
        Ids of the test rows.
    """
    if pd.api.types.is_integer_dtype(ids.dtype) and pd.api.types.is_integer_dtype(known.dtype):
        return _integer_places(ids.to_numpy(), known)
    written, wanted = pa.array(ids.astype("str")), pa.array(known.astype("str"))
    if written.equals(wanted):
        return np.arange(len(known))
    places = pc.index_in(written, value_set=wanted)
    return np.asarray(pc.fill_null(places, -1), dtype=np.intp)


def _integer_places(ids: NDArray[np.int64], known: pd.Index) -> Places:
    wanted = known.to_numpy()
    if np.array_equal(ids, wanted):
        return np.arange(len(wanted))
    low, high = int(wanted.min()), int(wanted.max())
    if high - low > WIDEST_GAPS * len(wanted):
        return known.get_indexer(pd.Index(ids))
    table = np.full(high - low + 3, -1, dtype=np.intp)
    table[wanted - low + 1] = np.arange(len(wanted))
    return np.asarray(table[np.clip(ids, low - 1, high + 1) - (low - 1)])


def are_unique(ids: pd.Index) -> bool:
    """Tell whether no id stands there twice."""
    if pd.api.types.is_integer_dtype(ids.dtype):
        return bool((np.diff(ids.to_numpy()) > 0).all() or ids.is_unique)
    return int(pc.count_distinct(pa.array(ids.astype("str"))).as_py()) == len(ids)


def id_problems(ids: pd.Series, form: SubmissionForm) -> Iterator[Problem]:
    """Yield every problem of the id column."""
    places = places_of(ids, form.ids)
    known = places[places >= 0]
    counts = np.bincount(known, minlength=len(form.ids))
    if len(known) == len(ids) == len(form.ids) and (counts == 1).all():
        return
    yield from _unknown(ids, places, form)
    yield from _repeated(places, counts, form)
    yield from _missing(counts, form)


def _unknown(ids: pd.Series, places: Places, form: SubmissionForm) -> Iterator[Problem]:
    rows = np.flatnonzero(places < 0)
    if len(rows):
        examples = [repr(one) for one in ids.iloc[rows[:SHOWN]]]
        message = (
            f"{_counted(rows, f'in {form.id_column!r}')} not in the sample submission: "
            f"{listed(examples, len(rows))} ({rows_named(rows)}){_hint(ids.iloc[rows], form)}"
        )
        yield Problem("unknown_ids", message, int(rows[0]) + 2, form.id_column)


def _hint(unknown: pd.Series, form: SubmissionForm) -> str:
    if form.ids_are_text or pd.api.types.is_integer_dtype(unknown.dtype):
        return ""
    numbers = pd.to_numeric(unknown, errors="coerce").dropna().to_numpy(dtype=np.float64)
    whole = numbers[numbers == np.floor(numbers)]
    matched = len(whole) and np.isin(whole.astype(np.int64), form.ids.to_numpy()).any()
    return "; write ids as whole numbers, without a point" if matched else ""


def _repeated(places: Places, counts: NDArray[np.intp], form: SubmissionForm) -> Iterator[Problem]:
    repeated = np.flatnonzero(counts > 1)
    if len(repeated):
        rows = np.flatnonzero(pd.Series(places).duplicated().to_numpy() & (places >= 0))
        examples = [repr(one) for one in form.ids[repeated[:SHOWN]].tolist()]
        message = (
            f"{_counted(repeated, f'in {form.id_column!r}')} there more than once: "
            f"{listed(examples, len(repeated))} (again in {rows_named(rows)}); "
            "keep one row for each"
        )
        yield Problem("duplicate_ids", message, int(rows[0]) + 2, form.id_column)


def _missing(counts: NDArray[np.intp], form: SubmissionForm) -> Iterator[Problem]:
    missing = np.flatnonzero(counts == 0)
    if len(missing):
        examples = [repr(one) for one in form.ids[missing[:SHOWN]].tolist()]
        message = (
            f"{_counted(missing, 'of the sample submission')} missing: "
            f"{listed(examples, len(missing))}; {len(form.ids)} rows are expected"
        )
        yield Problem("missing_ids", message, None, form.id_column)


def _counted(found: Places, where: str) -> str:
    return f"1 id {where} is" if len(found) == 1 else f"{len(found)} ids {where} are"
