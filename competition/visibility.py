"""Who may see what: one rule, and every door asks it.

A door is whatever shows something of a contest: a page, a call of the wire protocol, the JSON
interface, a CSV file, a chart, an error text. It finds out who is looking
(`competition.store.viewer_of`), asks `may_see`, and shows entries only as `visible_entry` gives
them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from competition.definition import Contest
    from competition.store.values import Entry, User

__all__ = [
    "Sight",
    "Viewer",
    "final_board_is_out",
    "is_launched",
    "may_see",
    "visible_entry",
]


class Sight(Enum):
    """Something of a contest that can be looked at."""

    LISTING = auto()
    """That the contest exists, in lists."""
    CONTEST = auto()
    """Its pages and settings, through its address."""
    DATA = auto()
    """The files for participants."""
    PUBLIC_BOARD = auto()
    INTERVALS = auto()
    """How sure the public board is; made from true scores, which the Ladder hides until the end."""
    PRIVATE_BOARD = auto()
    """The final board."""
    TEAM_ENTRIES = auto()
    """Entries of a team, with their public scores."""
    ENTRY_FILE = auto()
    """The uploaded file of a team's entry."""
    PRIVATE_SCORES = auto()
    """Private scores of a team's entries."""
    SOLUTION = auto()
    HOST_MESSAGES = auto()
    """Why scoring broke, true scores behind the Ladder, workers."""
    AUDIT = auto()


@dataclass(frozen=True)
class Viewer:
    """Who looks at a contest. Anonymous: no user. ``team_id`` is their team in it, if any."""

    user: User | None = None
    is_host: bool = False
    team_id: int | None = None


def may_see(
    viewer: Viewer, sight: Sight, contest: Contest, now: datetime, *, team_id: int | None = None
) -> bool:
    """Say whether a viewer may see something of a contest now.

    Parameters
    ----------
    viewer
        From `competition.store.viewer_of`, for this contest.
    sight
        What is asked for.
    contest
        The definition that holds now.
    team_id
        The team whose entry, file or score is asked for.

    Notes
    -----
    ==============  =========  ===========  ==========  ====
    sight           anonymous  participant  other team  host
    ==============  =========  ===========  ==========  ====
    LISTING         launched and public (or own team's)  yes
    CONTEST         launched, not private (or own)       yes
    DATA            no         as CONTEST   as CONTEST  yes
    PUBLIC_BOARD    as CONTEST                           yes
    INTERVALS       as CONTEST; under the Ladder once out  yes
    PRIVATE_BOARD   as CONTEST, once the board is out    yes
    TEAM_ENTRIES    no         own team     no          yes
    ENTRY_FILE      no         own team     no          yes
    PRIVATE_SCORES  no         own, once out no         yes
    SOLUTION        no         no           no          yes
    HOST_MESSAGES   no         no           no          yes
    AUDIT           no         no           no          yes
    ==============  =========  ===========  ==========  ====
    """
    if viewer.is_host:
        return True
    if sight in _HOST_ONLY or not _is_open_to(viewer, sight, contest, now):
        return False
    if sight in _OWN_TEAM and (team_id is None or team_id != viewer.team_id):
        return False
    if sight in _AFTER_RELEASE or (sight is Sight.INTERVALS and contest.ladder):
        return final_board_is_out(contest, now)
    return sight is not Sight.DATA or viewer.user is not None


def visible_entry(viewer: Viewer, entry: Entry, contest: Contest, now: datetime) -> Entry | None:
    """Return an entry with what the viewer may not see blanked, or None when it is all hidden."""
    if viewer.is_host:
        return entry
    if not may_see(viewer, Sight.TEAM_ENTRIES, contest, now, team_id=entry.team_id):
        return None
    shown = replace(entry, host_message="")
    if may_see(viewer, Sight.PRIVATE_SCORES, contest, now, team_id=entry.team_id):
        return shown
    beside = {name: {"public": values.get("public")} for name, values in entry.beside.items()}
    return replace(
        shown,
        true_public_score=None,
        private_score=None,
        overall_score=None,
        beside={} if contest.ladder else beside,  # a second metric would be a way round
    )


def is_launched(contest: Contest, now: datetime) -> bool:
    """Say whether a contest is open to others than its hosts."""
    return contest.launched_at is not None and contest.launched_at <= now


def final_board_is_out(contest: Contest, now: datetime) -> bool:
    """Say whether private scores are public: after the deadline, at the release, not held."""
    if contest.deadline is None or now <= contest.deadline or contest.hold_final_board:
        return False
    release = contest.private_leaderboard_release_date
    return release is None or now >= release


_HOST_ONLY = frozenset({Sight.SOLUTION, Sight.HOST_MESSAGES, Sight.AUDIT})
_OWN_TEAM = frozenset({Sight.TEAM_ENTRIES, Sight.ENTRY_FILE, Sight.PRIVATE_SCORES})
_AFTER_RELEASE = frozenset({Sight.PRIVATE_BOARD, Sight.PRIVATE_SCORES})


def _is_open_to(viewer: Viewer, sight: Sight, contest: Contest, now: datetime) -> bool:
    if not is_launched(contest, now):
        return False
    if contest.privacy == "public" or viewer.team_id is not None:
        return True
    return contest.privacy == "limited" and sight is not Sight.LISTING
