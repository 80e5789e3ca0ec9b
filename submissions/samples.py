"""The form of submissions where only tables tell it, as in a contest of Kaggle's."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from competition.checks import SubmissionForm, load_form
from competition.tables import natural_types, read_table
from submissions.downloaded import DownloadedTables
from submissions.errors import SubmissionError
from submissions.exporting import read_as_text
from submissions.spelling import kind_of_sample

__all__ = ["form_of_download", "form_of_sample"]

Labels: TypeAlias = tuple[Any, ...]
MOST_LABELS = 1000


def form_of_download(tables: DownloadedTables) -> SubmissionForm:
    """Return the form of submissions to a downloaded contest.

    Its definition tells it, where there is one; else the sample submission does, and the training
    table tells the labels.

    Raises
    ------
    SubmissionError
        When the download holds no sample submission.
    """
    if tables.sample is None:
        raise SubmissionError(f"{tables.train.parent} holds no sample submission to go by")
    if tables.contest is not None:
        return load_form(tables.contest, tables.sample)
    return form_of_sample(tables.sample, tables.train)


def form_of_sample(sample: Path, train: Path | None = None) -> SubmissionForm:
    """Return the form that a sample submission implies.

    Its first column is the id. Text, truth values and different whole numbers are labels: those
    of the training table where it is given, else any text, or whole numbers as they stand.

    Parameters
    ----------
    sample : Path
        The sample submission.
    train : Path, optional
        The training table.
    """
    text = read_as_text(sample)
    id_column, *columns = map(str, text.columns)
    ids = natural_types(text[id_column])
    is_whole = ids.dtype.kind == "i" and not ids.duplicated().any()
    labels = _labels(text[columns], train)
    kinds = {kind_of_sample(text[name]) for name in columns}
    predicts = "labels" if labels else "text" if "text" in kinds else "values"
    return SubmissionForm(
        id_column,
        pd.Index(ids if is_whole else text[id_column]),
        tuple(columns),
        predicts,
        labels,
    )


def _labels(sample: pd.DataFrame, train: Path | None) -> Labels:
    """Find the labels of a single target; none where it is a number or nothing tells them."""
    if sample.shape[1] != 1:
        return ()
    column = sample.iloc[:, 0]
    kind = kind_of_sample(column)
    if kind == "float" or (kind == "integer" and column.nunique() == 1):
        return ()
    if kind == "boolean":
        return (False, True)
    known = _labels_of_train(str(column.name), train)
    return known or (_ends_of(column) if kind == "integer" else ())


def _labels_of_train(name: str, train: Path | None) -> Labels:
    if train is None or name not in read_table(train).columns:
        return ()
    written = read_table(train, columns=[name], text_columns=[name])[name]
    found = natural_types(written[written != ""]).unique()
    is_few = len(found) <= MOST_LABELS
    return (
        tuple(sorted(value.item() if hasattr(value, "item") else value for value in found)) * is_few
    )


def _ends_of(column: pd.Series[Any]) -> Labels:
    """Take every whole number between the smallest and the largest of the sample for a label."""
    numbers = natural_types(column)
    low, high = int(numbers.min()), int(numbers.max())
    return tuple(range(low, high + 1)) if high - low < MOST_LABELS else ()
