"""Medals and points, by Kaggle's rules.

References
----------
.. [1] Kaggle progression system: https://www.kaggle.com/progression
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from competition.board.standings import Standing

Medal: TypeAlias = Literal["gold", "silver", "bronze"]


@dataclass(frozen=True)
class MedalLines:
    """The last rank that earns each medal."""

    gold: int
    silver: int
    bronze: int


def medal_lines(n_teams: int) -> MedalLines:
    """Give the last rank of each medal among so many teams [1]_.

    Percentages round down, and each line is at least 1.

    Raises
    ------
    ValueError
        If there is no team.

    Examples
    --------
    >>> medal_lines(1596)
    MedalLines(gold=13, silver=79, bronze=159)
    """
    if n_teams < 1:
        raise ValueError(f"medals need at least one team, but got n_teams={n_teams}")
    gold, silver, bronze = _raw_lines(n_teams)
    return MedalLines(max(gold, 1), max(silver, 1), max(bronze, 1))


def _raw_lines(n: int) -> tuple[int, int, int]:
    if n < 100:
        return n // 10, n * 2 // 10, n * 4 // 10
    if n < 250:
        return 10, n * 2 // 10, n * 4 // 10
    if n < 1000:
        return 10 + n // 500, 50, 100
    return 10 + n // 500, n // 20, n // 10


def award_medals(standings: Sequence[Standing]) -> dict[int | str, Medal]:
    """Give the medal of each team of a final board that earns one.

    A team whose score equals that of a line earns the medal too. Baselines neither count nor earn.

    Parameters
    ----------
    standings : sequence of Standing
        The final board, best first.
    """
    ranked = [line for line in standings if line.rank is not None]
    if not ranked:
        return {}
    lines = medal_lines(len(ranked))
    medals: dict[int | str, Medal] = {}
    for medal, last in _medals(lines):
        for line in ranked[: _with_ties(ranked, last)]:
            medals.setdefault(line.team, medal)
    return medals


def _medals(lines: MedalLines) -> tuple[tuple[Medal, int], ...]:
    return ("gold", lines.gold), ("silver", lines.silver), ("bronze", lines.bronze)


def _with_ties(ranked: Sequence[Standing], last: int) -> int:
    """Give how many teams stand at the line or above it, those tied with it included."""
    at_line = ranked[last - 1].score
    while last < len(ranked) and ranked[last].score == at_line:
        last += 1
    return last


def ranking_points(
    rank: int, n_teams: int, *, team_size: int = 1, days_after_deadline: float = 0.0
) -> float:
    """Give each member's ranking points [1]_.

    Parameters
    ----------
    rank : int
        Final rank, from 1.
    n_teams : int
    team_size : int
        Members who share the points.
    days_after_deadline : float, days
        Points fade with a time constant of 500 days.

    Raises
    ------
    ValueError
        If ``1 <= rank <= n_teams`` or ``team_size >= 1`` does not hold.

    Examples
    --------
    >>> round(ranking_points(1, 2288), 2)
    63943.23
    >>> round(ranking_points(10, 2288, team_size=2), 2)
    8040.44
    """
    if not (1 <= rank <= n_teams and team_size >= 1):
        raise ValueError(
            "`1 <= rank <= n_teams` and `team_size >= 1` must hold, "
            f"but got {rank=}, {n_teams=}, {team_size=}"
        )
    fame = math.log10(1 + math.log10(n_teams))
    fade = math.exp(-days_after_deadline / 500)
    return 100_000 / math.sqrt(team_size) * math.pow(rank, -0.75) * fame * fade
