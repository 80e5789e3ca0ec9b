"""What a contest is: the value `Contest`, its rules and its files."""

from competition.definition.contest import Contest, Label, MetricChoice, Privacy
from competition.definition.differences import Difference, contest_differences
from competition.definition.file import (
    CONTEST_FILE,
    PUBLIC_CONTEST_FILE,
    dump_contest,
    dump_public_contest,
    format_contest,
    load_contest,
    parse_contest,
)
from competition.definition.rules import contest_problems, slug_problem

__all__ = [
    "CONTEST_FILE",
    "PUBLIC_CONTEST_FILE",
    "Contest",
    "Difference",
    "Label",
    "MetricChoice",
    "Privacy",
    "contest_differences",
    "contest_problems",
    "dump_contest",
    "dump_public_contest",
    "format_contest",
    "load_contest",
    "parse_contest",
    "slug_problem",
]
