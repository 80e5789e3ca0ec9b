"""Read a solution and a submission, and bring them together."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from competition.checks import read_submission, submission_form
from competition.definition import Contest
from competition.errors import MetricFailed
from competition.scoring.frames import AlignedPair, align
from competition.tables import read_table

VERBATIM = ("ranking", "text", "mask")
USAGE = ("Usage",)


def read_solution(contest: Contest, path: str | Path) -> pd.DataFrame:
    """Read a solution: ids as integers where they are, text labels as they are written.

    Raises
    ------
    MetricFailed
        It has no id column.
    UnreadableTable
        It is no table.
    """
    has_text = any(isinstance(label, str) for label in contest.labels)
    text_columns = contest.targets if has_text or contest.predicts in VERBATIM else ()
    solution = read_table(path, text_columns=text_columns, category_columns=USAGE)
    if contest.id_column not in solution:
        raise MetricFailed(f"the solution has no column {contest.id_column!r}")
    if solution[contest.id_column].dtype.kind != "i":
        verbatim = (contest.id_column, *text_columns)
        solution = read_table(path, text_columns=verbatim, category_columns=USAGE)
    return solution


def read_pair(contest: Contest, solution: str | Path, submission: str | Path) -> AlignedPair:
    """Read a solution and a submission, check the submission and align both.

    Raises
    ------
    InvalidSubmission
        With every problem of the submission.
    MetricFailed, UnreadableTable
        The solution cannot be used.
    """
    truth = read_solution(contest, solution)
    return align(contest, truth, read_submission(submission, submission_form(contest, truth)))
