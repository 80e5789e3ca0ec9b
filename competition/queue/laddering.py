"""The Ladder in the store: what score an entry shows, and on which rung its team stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from competition.board.ladder import Rung, climb
from competition.definition import Contest
from competition.metrics import get_metric
from competition.queue.losses import load_losses
from competition.store import Status, Store
from competition.store.schema import (
    ContestFileRow,
    EntryRow,
    LadderRow,
    RowLossRow,
    TeamRow,
    VersionRow,
)
from competition.store.versions import SOLUTION, contest_of_version

__all__ = ["climb_again", "show_ladder_score"]


def show_ladder_score(session: Session, store: Store, version: VersionRow, entry: EntryRow) -> None:
    """Let a scored entry show its team's rung in place of its true public score.

    Does nothing where the contest has no Ladder, and with entries of hosts.
    """
    rules = contest_of_version(store, version)
    kept = session.get(RowLossRow, entry.id)
    of_host = entry.sandbox or entry.baseline
    if not rules.ladder or of_host or kept is None or entry.true_public_score is None:
        return
    session.execute(select(TeamRow.id).where(TeamRow.id == entry.team_id).with_for_update())
    public = public_rows(session, store, version)
    step = session.get(LadderRow, entry.team_id)
    last = _rung(session, store, step, public)
    rung = climb(last, load_losses(store, kept.digest)[public])
    if rung is not last:
        session.merge(LadderRow(team_id=entry.team_id, entry_id=entry.id, released=rung.released))
    entry.public_score = _score(rules, rung)


def climb_again(session: Session, store: Store, version: VersionRow) -> None:
    """Let all teams of a contest climb anew, entry by entry as they came; after a rescore."""
    if not contest_of_version(store, version).ladder:
        return
    teams = select(TeamRow.id).where(TeamRow.contest_id == version.contest_id)
    session.execute(delete(LadderRow).where(LadderRow.team_id.in_(teams)))
    session.expire_all()
    scored = select(EntryRow).where(
        EntryRow.contest_id == version.contest_id, EntryRow.status == Status.SCORED.value
    )
    for entry in session.scalars(scored.order_by(EntryRow.submitted_at, EntryRow.id)).all():
        show_ladder_score(session, store, version, entry)
        session.flush()


def public_rows(session: Session, store: Store, version: VersionRow) -> NDArray[np.bool_]:
    """Return which rows of a version's solution are public, shape ``(n_solution_rows,)``."""
    query = select(ContestFileRow.digest).where(
        ContestFileRow.version_id == version.id, ContestFileRow.kind == SOLUTION
    )
    digest = session.scalars(query).one()
    return store.remembered(("public rows", digest), lambda: _read_public_rows(store, digest))


def _read_public_rows(store: Store, digest: str) -> NDArray[np.bool_]:
    from competition.scoring.arrays import usage_masks
    from competition.tables import read_table

    masks = usage_masks(read_table(store.files.path(digest)))
    return np.asarray(masks["public"], dtype=np.bool_)


def _rung(
    session: Session, store: Store, step: LadderRow | None, public: NDArray[np.bool_]
) -> Rung | None:
    if step is None:
        return None
    kept = session.get_one(RowLossRow, step.entry_id)
    return Rung(step.released, load_losses(store, kept.digest)[public])


def _score(rules: Contest, rung: Rung) -> float:
    metric = get_metric(rules.metric.name, **rules.metric.parameters)
    return float(metric.of_mean_loss(rung.released))
