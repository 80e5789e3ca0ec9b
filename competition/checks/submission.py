"""Check a whole submission: every problem at once, without any truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from competition.checks.cells import cell_problems
from competition.checks.columns import column_problems
from competition.checks.form import SubmissionForm
from competition.checks.ids import id_problems
from competition.errors import InvalidSubmission, UnreadableTable
from competition.problems import Problem
from competition.tables import read_table

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class _Source:
    """A submission as a table, and as it is written where a message has to quote it."""

    origin: Path | None
    frame: pd.DataFrame

    def verbatim(self, column: str) -> pd.Series:
        if self.origin is None:
            return self.frame[column].astype("str")
        return read_table(self.origin, text_columns=[column], columns=[column])[column]


def check_submission(submission: str | Path | pd.DataFrame, form: SubmissionForm) -> list[Problem]:
    """List every problem of a submission.

    Parameters
    ----------
    submission : path or pandas.DataFrame
        A CSV file, or a table in memory.
    form : SubmissionForm
        What it must look like.

    Returns
    -------
    list of Problem
        One for each broken rule and column; empty for a submission that can be scored.
    """
    try:
        source = _opened(submission, form)
    except _Refused as refusal:
        return [refusal.problem]
    return list(_problems(source, form))


def read_submission(path: str | Path, form: SubmissionForm) -> pd.DataFrame:
    """Read and check a submission.

    Returns
    -------
    pandas.DataFrame
        The id column and the prediction columns, in the order of the file's rows.

    Raises
    ------
    InvalidSubmission
        With every problem.
    """
    try:
        source = _opened(path, form)
    except _Refused as refusal:
        raise InvalidSubmission([refusal.problem]) from None
    problems = list(_problems(source, form))
    if problems:
        raise InvalidSubmission(problems)
    return source.frame


class _Refused(Exception):
    """The submission could not be read at all."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def _opened(submission: str | Path | pd.DataFrame, form: SubmissionForm) -> _Source:
    if isinstance(submission, pd.DataFrame):
        return _Source(None, submission.reset_index(drop=True))
    path = Path(submission)
    _refuse_large(path, form)
    try:
        frame = read_table(
            path, text_columns=form.text_columns, size_limit_bytes=form.size_limit_mb * MEGABYTE
        )
    except UnreadableTable as error:
        rule = "too_large" if "larger than" in str(error) else "unreadable"
        told = str(error)
        if path.is_file():  # where a host keeps it is not told
            told = told.replace(str(path), "the file")
        raise _Refused(Problem(rule, told)) from None
    return _Source(path, frame)


def _refuse_large(path: Path, form: SubmissionForm) -> None:
    if path.is_file() and path.stat().st_size > form.size_limit_mb * MEGABYTE:
        size = path.stat().st_size / MEGABYTE
        message = (
            f"the file may have at most {form.size_limit_mb} MB, but has {size:.1f} MB; "
            "write fewer decimals or pack it with gzip"
        )
        raise _Refused(Problem("too_large", message))


def _problems(source: _Source, form: SubmissionForm) -> Iterator[Problem]:
    names = [str(name) for name in source.frame.columns]
    yield from column_problems(names, form)
    if form.id_column in names:
        yield from id_problems(_ids(source, form), form)
    yield from cell_problems(source.frame, form, source.verbatim)


def _ids(source: _Source, form: SubmissionForm) -> pd.Series:
    ids = source.frame[form.id_column]
    if form.ids_are_text or pd.api.types.is_integer_dtype(ids.dtype):
        return ids
    return source.verbatim(form.id_column)
