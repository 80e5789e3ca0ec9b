"""The way into a contest: every call and page comes through here.

Whoever may not know of a contest is told what somebody is told who mistyped its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from competition.definition import Contest
from competition.errors import UnknownContest, did_you_mean
from competition.host.failures import Failure
from competition.host.identity import signed_in
from competition.store import (
    Entry,
    Store,
    User,
    get_contest,
    get_entry,
    list_contests,
    viewer_of,
)
from competition.visibility import Sight, Viewer, may_see, visible_entry

__all__ = ["Door", "entry_door", "open_door", "require"]

_REASONS = {
    Sight.DATA: "take part in {slug} to have its data",
    Sight.PRIVATE_BOARD: "the final leaderboard of {slug} is not out yet",
    Sight.TEAM_ENTRIES: "only a team itself sees its entries",
    Sight.ENTRY_FILE: "only a team itself may download what it sent",
}


@dataclass(frozen=True)
class Door:
    """A contest and who looks at it, when."""

    contest: Contest
    viewer: Viewer
    now: datetime

    def shows(self, sight: Sight, *, team_id: int | None = None) -> bool:
        """Say whether the viewer may see this."""
        return may_see(self.viewer, sight, self.contest, self.now, team_id=team_id)

    def entry(self, entry: Entry) -> Entry | None:
        """Return an entry with what the viewer may not see blanked, ``None`` if that is all."""
        return visible_entry(self.viewer, entry, self.contest, self.now)


def open_door(store: Store, slug: str, user: User | None, now: datetime) -> Door:
    """Return the door to a contest.

    Raises
    ------
    Failure
        With status 404, when there is no such contest or the viewer may not know of it.
    """
    try:
        contest = get_contest(store, slug)
        door = Door(contest, viewer_of(store, slug, user), now)
    except UnknownContest:
        raise _unknown(store, slug, user, now) from None
    if not door.shows(Sight.CONTEST):
        raise _unknown(store, slug, user, now)
    return door


def require(door: Door, sight: Sight, *, team_id: int | None = None) -> Door:
    """Return the door when the viewer may see this.

    Raises
    ------
    Failure
        With status 401 for an anonymous viewer, 403 for any other.
    """
    if not door.shows(sight, team_id=team_id):
        if sight is not Sight.PRIVATE_BOARD:
            signed_in(door.viewer.user)
        reason = _REASONS.get(sight, "only the hosts of {slug} may see or do this")
        raise Failure(403, reason.format(slug=door.contest.slug))
    return door


def entry_door(store: Store, ref: int, user: User, now: datetime) -> tuple[Door, Entry]:
    """Return an entry that the viewer may see, and the door to its contest.

    Raises
    ------
    Failure
        With status 404, when there is none.
    """
    unknown = Failure(404, f"you have no submission with the number {ref}")
    try:
        found = get_entry(store, ref)
    except LookupError:
        raise unknown from None
    door = Door(get_contest(store, found.contest), viewer_of(store, found.contest, user), now)
    shown = door.entry(found)
    if shown is None:
        raise unknown
    return door, shown


def _unknown(store: Store, slug: str, user: User | None, now: datetime) -> Failure:
    known = [record.contest.slug for record in list_contests(store, user, now)]
    return Failure(404, f"no contest is named {slug!r} here{did_you_mean(slug, known)}")
