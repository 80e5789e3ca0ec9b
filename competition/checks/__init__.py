"""Checks of a submission before anything is spent: every problem at once."""

from competition.checks.cells import label_codes
from competition.checks.form import (
    RULES,
    SubmissionForm,
    load_form,
    metric_of,
    submission_form,
)
from competition.checks.ids import are_unique, places_of
from competition.checks.submission import check_submission, read_submission
from competition.problems import Problem

__all__ = [
    "RULES",
    "Problem",
    "SubmissionForm",
    "are_unique",
    "check_submission",
    "label_codes",
    "load_form",
    "metric_of",
    "places_of",
    "read_submission",
    "submission_form",
]
