"""From tables to a contest: splits, labels, sample submission, solution, folder."""

from competition.building.folder import (
    BuiltContest,
    build_contest_folder,
    prepare_contest,
    write_contest,
)
from competition.building.splitting import SplitPlan

__all__ = [
    "BuiltContest",
    "SplitPlan",
    "build_contest_folder",
    "prepare_contest",
    "write_contest",
]
