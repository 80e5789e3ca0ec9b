"""Who leads: the public board, the final board, final selections and late entries.

Every function takes entries as values and gives lines as values; nothing here knows a database.
Scores are compared at full precision, in the direction that the metric declares; of two equal
scores the earlier entry stands higher. An entry without a finite score never stands anywhere.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Part: TypeAlias = Literal["public", "private"]


@dataclass(frozen=True)
class BoardEntry:
    """One entry as far as a board needs it.

    Attributes
    ----------
    ref : int
        Number of the entry; breaks the tie of two entries at one instant.
    team : int or str
    submitted_at : datetime, aware, UTC
    public, private : float or None
        Scores at full precision; None (or a number that is not finite) when there is none.
    selected : bool
        The team chose it for the final board.
    late : bool
        It came after the deadline.
    is_baseline : bool
        It is the host's, shown in its place without a rank.
    """

    ref: int
    team: int | str
    submitted_at: datetime
    public: float | None = None
    private: float | None = None
    selected: bool = False
    late: bool = False
    is_baseline: bool = False


@dataclass(frozen=True)
class Standing:
    """One line of a board; ``rank`` is None for a baseline."""

    rank: int | None
    team: int | str
    score: float
    entries: int
    last_entry: datetime
    entry_ref: int
    is_baseline: bool = False


def sort_key(score: float | None, *, greater_is_better: bool) -> float | None:
    """Give a number that is smaller the better the score is, or None when it cannot rank.

    Examples
    --------
    >>> sort_key(0.9, greater_is_better=True)
    -0.9
    >>> sort_key(float("nan"), greater_is_better=False) is None
    True
    """
    if score is None or not math.isfinite(score):
        return None
    return -score if greater_is_better else score


def best_entry(
    entries: Iterable[BoardEntry], part: Part, *, greater_is_better: bool
) -> BoardEntry | None:
    """Give the entry with the best score in a part, the earlier of equals; None without any."""
    ranked = _best_first(entries, part, greater_is_better)
    return ranked[0].entry if ranked else None


def final_selection(
    entries: Iterable[BoardEntry], *, count: int, greater_is_better: bool
) -> list[BoardEntry]:
    """Give the entries of one team that count in the end.

    Those that the team selected, at most ``count``, the better public ones first; with none
    selected, the ``count`` best by public score. Late entries never count.
    """
    in_time = [entry for entry in entries if not entry.late]
    chosen = [entry for entry in in_time if entry.selected] or in_time
    ranked = [found.entry for found in _best_first(chosen, "public", greater_is_better)]
    unscored = [entry for entry in chosen if entry.selected and entry not in ranked]
    return [*ranked, *unscored][:count]


def final_entry(
    entries: Iterable[BoardEntry], *, count: int, greater_is_better: bool
) -> BoardEntry | None:
    """Give the entry of one team that the final board shows; None without a private score."""
    chosen = final_selection(entries, count=count, greater_is_better=greater_is_better)
    return best_entry(chosen, "private", greater_is_better=greater_is_better)


def public_standings(entries: Iterable[BoardEntry], *, greater_is_better: bool) -> list[Standing]:
    """Give the public board: the best public score of each team, best first.

    ``entries`` of a line counts the entries handed over that are not late; leave out those that
    shall not count.
    """

    def pick(own: Sequence[BoardEntry]) -> BoardEntry | None:
        return best_entry(own, "public", greater_is_better=greater_is_better)

    return _standings(entries, "public", greater_is_better, pick)


def private_standings(
    entries: Iterable[BoardEntry], *, num_scored_submissions: int, greater_is_better: bool
) -> list[Standing]:
    """Give the final board: the best private score of each team's final selection, best first."""

    def pick(own: Sequence[BoardEntry]) -> BoardEntry | None:
        return final_entry(own, count=num_scored_submissions, greater_is_better=greater_is_better)

    return _standings(entries, "private", greater_is_better, pick)


def late_standings(
    entries: Iterable[BoardEntry], final: Sequence[Standing], *, greater_is_better: bool
) -> list[Standing]:
    """Give the late entries apart, best private score first.

    The rank of each is the one that it would have taken on the final board; it takes nobody's.
    """
    late = _best_first([e for e in entries if e.late], "private", greater_is_better)
    return [
        _line(found, [found.entry], _would_be_rank(found.score, final, greater_is_better))
        for found in late
    ]


@dataclass(frozen=True)
class _Scored:
    """An entry and the score that ranks it here."""

    score: float
    entry: BoardEntry


def _standings(
    entries: Iterable[BoardEntry],
    part: Part,
    greater_is_better: bool,
    pick: Callable[[Sequence[BoardEntry]], BoardEntry | None],
) -> list[Standing]:
    teams: dict[int | str, list[BoardEntry]] = defaultdict(list)
    for entry in entries:
        if not entry.late:
            teams[entry.team].append(entry)
    shown = [best for own in teams.values() if (best := pick(own)) is not None]
    lines: list[Standing] = []
    ranked = 0
    for found in _best_first(shown, part, greater_is_better):
        ranked += not found.entry.is_baseline
        rank = None if found.entry.is_baseline else ranked
        lines.append(_line(found, teams[found.entry.team], rank))
    return lines


def _line(shown: _Scored, own: Sequence[BoardEntry], rank: int | None) -> Standing:
    return Standing(
        rank=rank,
        team=shown.entry.team,
        score=shown.score,
        entries=len(own),
        last_entry=max(entry.submitted_at for entry in own),
        entry_ref=shown.entry.ref,
        is_baseline=shown.entry.is_baseline,
    )


def _would_be_rank(score: float, final: Sequence[Standing], greater_is_better: bool) -> int:
    """Count the teams that are at least as good: they all came earlier."""
    sign = -1.0 if greater_is_better else 1.0
    return 1 + sum(line.rank is not None and sign * line.score <= sign * score for line in final)


def _best_first(
    entries: Iterable[BoardEntry], part: Part, greater_is_better: bool
) -> list[_Scored]:
    sign = -1.0 if greater_is_better else 1.0
    scored = [
        _Scored(score, entry)
        for entry in entries
        if (score := entry.public if part == "public" else entry.private) is not None
        and math.isfinite(score)
    ]
    return sorted(scored, key=lambda s: (sign * s.score, s.entry.submitted_at, s.entry.ref))
