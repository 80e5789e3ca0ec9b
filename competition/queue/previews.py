"""What a rescore would change, before it does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from competition.board import BoardEntry, Standing, private_standings, public_standings
from competition.queue.rescoring import FINISHED, missing_entries
from competition.store import Status, Store, TeamKind
from competition.store.schema import (
    ContestRow,
    EntryRow,
    RescoreRow,
    SelectionRow,
    TeamRow,
    VersionRow,
)
from competition.store.versions import contest_of_version, current_version

__all__ = ["RankMove", "RescorePreview", "rescore_preview"]


@dataclass(frozen=True)
class RankMove:
    """A team's ranks and public scores before and after; None where it has none."""

    team: str
    public_before: int | None
    public_after: int | None
    private_before: int | None
    private_after: int | None
    score_before: float | None
    score_after: float | None

    @property
    def moved(self) -> bool:
        """Whether a rank changes."""
        return (self.public_before, self.private_before) != (
            self.public_after,
            self.private_after,
        )

    @property
    def changed(self) -> bool:
        """Whether a rank or the public score changes."""
        return self.moved or self.score_before != self.score_after


@dataclass(frozen=True)
class RescorePreview:
    """What a rescore would change.

    ``entries`` have a new outcome, ``changed`` of them another one, ``missing`` have none yet.
    ``moves`` holds every ranked team in the order of the new public board.
    """

    entries: int
    changed: int
    missing: int
    moves: tuple[RankMove, ...]


@dataclass(frozen=True)
class _Boards:
    """Lines of both boards by team number."""

    public: dict[int | str, Standing]
    private: dict[int | str, Standing]


def rescore_preview(store: Store, version_id: int) -> RescorePreview:
    """Compare the boards that hold with those of a proposal; nothing is changed.

    Under a Ladder true public scores are compared.
    """
    with store.reading() as session:
        version = session.get_one(VersionRow, version_id)
        contest = session.get_one(ContestRow, version.contest_id)
        missing = select(func.count()).select_from(missing_entries(version).subquery())
        pairs = _entries(session, version)
        now = current_version(session, contest)
        before = _boards(store, now, (old for old, _ in pairs))
        after = _boards(store, version, (new for _, new in pairs))
        names = dict(_team_names(session, contest))
        return RescorePreview(
            entries=len(pairs),
            changed=sum(_scores(old) != _scores(new) for old, new in pairs),
            missing=session.scalar(missing) or 0,
            moves=_moves(names, before, after),
        )


def _entries(session: Session, version: VersionRow) -> list[tuple[BoardEntry, BoardEntry]]:
    """Return each rescored entry as it is and as it would be."""
    query = (
        select(EntryRow, RescoreRow, TeamRow.kind, SelectionRow.entry_id.is_not(None))
        .join(RescoreRow, RescoreRow.entry_id == EntryRow.id)
        .join(TeamRow, TeamRow.id == EntryRow.team_id)
        .outerjoin(SelectionRow, SelectionRow.entry_id == EntryRow.id)
        .where(
            RescoreRow.version_id == version.id,
            EntryRow.status.in_(FINISHED),
            EntryRow.sandbox.is_(False),
        )
    )
    return [
        (_value(entry, entry, kind, selected), _value(entry, rescored, kind, selected))
        for entry, rescored, kind, selected in session.execute(query)
    ]


def _value(entry: EntryRow, scored: EntryRow | RescoreRow, kind: str, selected: bool) -> BoardEntry:
    counts = scored.status == Status.SCORED.value
    public = scored.true_public_score if isinstance(scored, EntryRow) else scored.public_score
    return BoardEntry(
        ref=entry.id,
        team=entry.team_id,
        submitted_at=entry.submitted_at,
        public=public if counts else None,
        private=scored.private_score if counts else None,
        selected=selected,
        late=entry.late,
        is_baseline=kind != TeamKind.PARTICIPANT.value,
    )


def _boards(store: Store, version: VersionRow, entries: Iterable[BoardEntry]) -> _Boards:
    rules, greater = contest_of_version(store, version), version.greater_is_better
    kept = list(entries)
    public = public_standings(kept, greater_is_better=greater)
    private = private_standings(
        kept, num_scored_submissions=rules.num_scored_submissions, greater_is_better=greater
    )
    return _Boards({line.team: line for line in public}, {line.team: line for line in private})


def _moves(names: dict[int, str], before: _Boards, after: _Boards) -> tuple[RankMove, ...]:
    teams = [*after.public, *(team for team in before.public if team not in after.public)]
    return tuple(_move(names, team, before, after) for team in teams)


def _move(names: dict[int, str], team: int | str, before: _Boards, after: _Boards) -> RankMove:
    found = (before.public, after.public, before.private, after.private)
    ranks = [line.rank if (line := board.get(team)) else None for board in found]
    scores = [line.score if (line := board.get(team)) else None for board in found[:2]]
    return RankMove(names[int(team)], *ranks, *scores)


def _scores(entry: BoardEntry) -> tuple[float | None, float | None]:
    return entry.public, entry.private


def _team_names(session: Session, contest: ContestRow) -> list[tuple[int, str]]:
    query = select(TeamRow.id, TeamRow.name).where(TeamRow.contest_id == contest.id)
    return [(number, name) for number, name in session.execute(query)]
