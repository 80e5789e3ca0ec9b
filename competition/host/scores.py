"""Scores and entries as people read them."""

from __future__ import annotations

from competition.definition import Contest
from competition.scoring import shown_score as _shown
from competition.store import Entry, Status

__all__ = ["entry_note", "shown_score"]


def shown_score(score: float | None, contest: Contest) -> str:
    """Return a score with the contest's number of decimals, empty when there is none."""
    return "" if score is None else _shown(score, contest.score_truncation_num_decimals)


def entry_note(entry: Entry) -> str:
    """Return why an entry has no score, in words its team may read; empty when it has one."""
    if entry.status is Status.REJECTED:
        return entry.message or "the submission breaks a rule of the contest"
    if entry.status is Status.FAILED:
        return "scoring failed on the host's side; the hosts of the contest can see why"
    if entry.status is Status.CANCELLED:
        return "withdrawn before it was scored"
    return ""
