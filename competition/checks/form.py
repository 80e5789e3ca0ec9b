"""The form that a contest's submissions keep, and the problems of one that does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from competition.definition import Contest, Label
from competition.errors import UnreadableTable
from competition.metrics import Metric, get_metric
from competition.tables import read_table

FIRST_ROW = 2
"""Row number of the first row below the header: rows count from 1 as in the file."""
SHOWN = 5
"""How many rows or values a message names before it says how many more there are."""

RULES: Mapping[str, str] = MappingProxyType(
    {
        "unreadable": "the file is one CSV table",
        "too_large": "the file is no larger than the contest allows",
        "missing_column": "every column of the sample submission is there",
        "misspelt_column": "columns are spelt as in the sample submission",
        "extra_column": "no other column is there",
        "column_order": "columns stand as in the sample submission",
        "missing_ids": "every id of the sample submission is there",
        "unknown_ids": "no other id is there",
        "duplicate_ids": "no id stands there twice",
        "missing_values": "no cell is empty or NaN",
        "not_a_number": "numbers are numbers",
        "infinite": "numbers are finite",
        "out_of_range": "numbers lie in the range of the metric",
        "row_sum": "the probabilities of a row sum to 1",
        "falling": "cumulative probabilities do not fall along a row",
        "unknown_label": "labels are labels of the contest",
        "label_as_float": "labels that are whole numbers are written without a point",
        "broken_mask": "masks are pairs of start and length",
    }
)
"""Every rule a submission is held to, by the name that problems carry."""


@dataclass(frozen=True, eq=False)
class SubmissionForm:
    """What a submission must look like.

    Parameters
    ----------
    id_column : str
        Name of the id column, the first one.
    ids : pandas.Index
        Ids of the test rows, integers or text, each once.
    columns : tuple of str
        Prediction columns, in order.
    predicts : str
        What they hold, see `competition.metrics.Predicts`.
    labels : tuple
        Labels of the contest, in order; empty where there are none.
    size_limit_mb : int
        Most megabytes (10**6 bytes) of the file, unpacked.
    allowed : tuple of float, optional
        Lowest and highest number allowed.
    """

    id_column: str
    ids: pd.Index
    columns: tuple[str, ...]
    predicts: str
    labels: tuple[Label, ...] = ()
    size_limit_mb: int = 100
    allowed: tuple[float, float] | None = None

    @property
    def expected(self) -> tuple[str, ...]:
        """All columns in order."""
        return (self.id_column, *self.columns)

    @property
    def ids_are_text(self) -> bool:
        """Whether ids are compared as they are written."""
        return not pd.api.types.is_integer_dtype(self.ids.dtype)

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Columns that are read as they are written."""
        verbatim = self.predicts in ("ranking", "text", "mask") or (
            self.predicts == "labels" and any(isinstance(label, str) for label in self.labels)
        )
        ids = (self.id_column,) if self.ids_are_text else ()
        return (*ids, *(self.columns if verbatim else ()))


def metric_of(contest: Contest) -> Metric | None:
    """Return the built-in metric of a contest, None where the host brings its own."""
    if contest.metric.file is not None:
        return None
    return get_metric(contest.metric.name, **contest.metric.parameters)


def submission_form(contest: Contest, sample: pd.DataFrame) -> SubmissionForm:
    """Derive the form of submissions from a contest and its sample submission.

    Parameters
    ----------
    contest : Contest
        Names, labels, metric and size limit.
    sample : pandas.DataFrame
        The sample submission: its ids are the ids of the test rows.

    Raises
    ------
    UnreadableTable
        The sample lacks the id column.
    """
    if contest.id_column not in sample.columns:
        raise UnreadableTable(
            f"the sample submission has no id column {contest.id_column!r}; "
            f"it has: {', '.join(map(str, sample.columns))}"
        )
    metric = metric_of(contest)
    return SubmissionForm(
        id_column=contest.id_column,
        ids=pd.Index(_id_values(sample[contest.id_column])),
        columns=contest.prediction_columns,
        predicts=contest.predicts,
        labels=contest.labels,
        size_limit_mb=contest.submission_size_limit_mb,
        allowed=metric.prediction_range if metric else None,
    )


def load_form(contest: Contest, sample: str | Path) -> SubmissionForm:
    """Read the sample submission at a path and derive the form from it.

    Raises
    ------
    UnreadableTable
        The file is no table or lacks the id column.
    """
    frame = read_table(sample)
    name = contest.id_column
    if name in frame and (frame[name].dtype.kind != "i" or frame[name].duplicated().any()):
        frame = read_table(sample, text_columns=[name])
    return submission_form(contest, frame)


def _id_values(ids: pd.Series) -> pd.Series:
    return ids if pd.api.types.is_integer_dtype(ids.dtype) else ids.astype("str")


def rows_named(places: Sequence[int] | np.ndarray) -> str:
    """Name rows by their number in the file, given their places counted from 0.

    Examples
    --------
    >>> rows_named([0, 4])
    'rows 2 and 6'
    """
    rows = [str(int(place) + FIRST_ROW) for place in places[:SHOWN]]
    word = "row" if len(places) == 1 else "rows"
    return f"{word} {listed(rows, len(places))}"


def listed(words: Iterable[str], total: int | None = None) -> str:
    """Join words for a sentence; `total` tells how many there are beyond the given ones.

    Examples
    --------
    >>> listed(["a", "b"], 9)
    'a, b and 7 more'
    """
    given = list(words)
    if total is not None and total > len(given):
        given.append(f"{total - len(given)} more")
    return " and ".join([", ".join(given[:-1]), given[-1]]) if len(given) > 1 else given[0]
