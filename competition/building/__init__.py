"""From tables to a contest: splits, labels, sample submission, solution, folder."""

from competition.building.findings import RULES, Finding, LintReport
from competition.building.folder import (
    BuiltContest,
    build_contest_folder,
    prepare_contest,
    write_contest,
)
from competition.building.linter import lint_contest
from competition.building.splitting import SplitPlan
from competition.building.trial import refuse_unscorable

__all__ = [
    "RULES",
    "BuiltContest",
    "Finding",
    "LintReport",
    "SplitPlan",
    "build_contest_folder",
    "lint_contest",
    "prepare_contest",
    "refuse_unscorable",
    "write_contest",
]
