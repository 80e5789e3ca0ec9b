"""Signs that a team asks the board instead of its own validation.

An alarm is a reason for the host to look, never a verdict: a careful participant may send nearly
the same file twice. Each rule therefore waits for a pattern that honest work hardly makes.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Rule: TypeAlias = Literal[
    "near_duplicates", "one_row_flips", "extreme_probabilities", "shared_predictions"
]

NEAR = 0.01
"""Two entries are near duplicates when at most this share of their rows differs."""

MANY = 5
"""Entries in one pattern before it counts."""

FEW_FLIPS = 3
"""One-row flips before they count: nobody's model changes its mind about one row only, thrice."""

EXTREME = 1e-3
"""A probability within this of 0 or 1 is extreme."""

FLAT = 0.8
"""An entry is flat when this share of its rows holds one value."""

CLOSE = 1e-6
"""Two numbers nearer than this (as a ratio, or near 0) are the same prediction."""

RECENT = 50
"""Entries of its own team that an entry is compared with: the latest before it."""


@dataclass(frozen=True)
class Predictions:
    """One entry's predictions in the order of the contest's ids.

    Attributes
    ----------
    ref : int
    team : int or str
    values : array, shape (n_rows,) or (n_rows, n_columns)
        Numbers or labels.
    are_probabilities : bool
    """

    ref: int
    team: int | str
    values: NDArray[Any]
    are_probabilities: bool = False


@dataclass(frozen=True)
class Alarm:
    """One pattern: what it is, whose, and in which entries."""

    rule: Rule
    teams: tuple[int | str, ...]
    refs: tuple[int, ...]
    message: str


def probing_alarms(entries: Sequence[Predictions]) -> list[Alarm]:
    """Look for probing in the entries of a contest.

    Parameters
    ----------
    entries : sequence of Predictions
        In the order in which they were sent.

    Returns
    -------
    list of Alarm
        For each team at most one alarm a rule: ``near_duplicates`` (at least 5 entries that
        differ from an earlier one in at most 1 % of the rows), ``one_row_flips`` (at least 3 that
        differ in exactly one row), ``extreme_probabilities`` (at least 2 entries in which four
        fifths of the rows hold one value and some other row is nearly 0 or 1: the shape that
        reads labels out of a log loss); and one ``shared_predictions`` for each pair of teams
        with an entry in common that is not flat.
    """
    by_team: dict[int | str, list[Predictions]] = defaultdict(list)
    for entry in entries:
        by_team[entry.team].append(entry)
    alarms = [alarm for own in by_team.values() for alarm in _team_alarms(own)]
    return alarms + _shared_predictions(entries)


def _team_alarms(own: Sequence[Predictions]) -> list[Alarm]:
    nearest = [_rows_changed(own, position) for position in range(len(own))]
    near = [e for e, rows in zip(own, nearest, strict=True) if 0 < rows <= NEAR * len(e.values)]
    flips = [e for e, rows in zip(own, nearest, strict=True) if rows == 1]
    batches = [entry for entry in own if _is_extreme_batch(entry)]
    found = [
        _alarm("near_duplicates", near, MANY, "differ from an earlier one in at most 1 % of rows"),
        _alarm("one_row_flips", flips, FEW_FLIPS, "differ from an earlier one in a single row"),
        _alarm(
            "extreme_probabilities",
            batches,
            2,
            "hold one value nearly everywhere and extreme probabilities in a few rows",
        ),
    ]
    return [alarm for alarm in found if alarm is not None]


def _alarm(rule: Rule, entries: Sequence[Predictions], at_least: int, what: str) -> Alarm | None:
    if len(entries) < at_least:
        return None
    team = entries[0].team
    message = f"{len(entries)} entries of team {team} {what}"
    return Alarm(rule, (team,), tuple(entry.ref for entry in entries), message)


def _rows_changed(own: Sequence[Predictions], position: int) -> int:
    """Count the rows that differ from the most similar earlier entry; -1 without one."""
    values = own[position].values
    earlier = own[max(0, position - RECENT) : position]
    return min((_differing_rows(values, other.values) for other in earlier), default=-1)


def _differing_rows(one: NDArray[Any], other: NDArray[Any]) -> int:
    are_floats = one.dtype.kind == "f" and other.dtype.kind == "f"
    differs = ~np.isclose(one, other, rtol=CLOSE, atol=CLOSE) if are_floats else one != other
    return int((differs if differs.ndim == 1 else differs.any(axis=1)).sum())


def _is_extreme_batch(entry: Predictions) -> bool:
    if not entry.are_probabilities:
        return False
    values, counts = _distinct_rows(entry)
    if counts.max() < FLAT * len(entry.values):
        return False
    others = np.delete(values, counts.argmax(), axis=0)
    return bool(((others <= EXTREME) | (others >= 1.0 - EXTREME)).any())


def _distinct_rows(entry: Predictions) -> tuple[NDArray[Any], NDArray[np.intp]]:
    axis = 0 if entry.values.ndim > 1 else None
    return np.unique(entry.values, axis=axis, return_counts=True)


def _shared_predictions(entries: Sequence[Predictions]) -> list[Alarm]:
    first: dict[bytes, Predictions] = {}
    alarms: dict[frozenset[int | str], Alarm] = {}
    for entry in entries:
        if _distinct_rows(entry)[1].max() >= FLAT * len(entry.values):
            continue  # everybody's first guess
        other = first.setdefault(_fingerprint(entry), entry)
        if other.team != entry.team:
            message = f"teams {other.team} and {entry.team} sent the same predictions"
            teams, refs = (other.team, entry.team), (other.ref, entry.ref)
            alarms.setdefault(frozenset(teams), Alarm("shared_predictions", teams, refs, message))
    return list(alarms.values())


def _fingerprint(entry: Predictions) -> bytes:
    values = np.asarray(entry.values)
    content = values.tobytes() if values.dtype != object else repr(values.tolist()).encode()
    return hashlib.sha256(content).digest()
