"""Contests of other hosts: MLE-bench folders and Codabench bundles, as far as they map."""

from competition.building.foreign.contest import ForeignContest, prepare_foreign
from competition.building.foreign.reading import read_foreign

__all__ = ["ForeignContest", "prepare_foreign", "read_foreign"]
