"""How sure the final board of a contest is: from the private rows' losses, which are kept.

The final board is made once, after the deadline, so nothing is kept for it: it takes as long as
reading every final entry's losses and one matrix product for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from competition.board import Confidence, Contender, board_confidence
from competition.board.resampling import named_resampling, replicate_means
from competition.metrics import Metric, get_metric
from competition.queue.losses import load_losses
from competition.scoring.arrays import usage_masks
from competition.store import (
    BoardRow,
    ContestRecord,
    Store,
    contest_record,
    private_board,
    solution_file,
)
from competition.store.schema import EntryRow, RowLossRow
from competition.tables import read_table
from competition.watching import NoConfidence

__all__ = ["final_confidence"]

Floats = NDArray[np.float64]
_AT_ONCE = 500


def final_confidence(store: Store, slug: str) -> list[Confidence]:
    """Give the intervals and tie groups of the final board, best first.

    The same final board always gets the same intervals. What may be seen of it before its release
    is for `competition.visibility`.

    Raises
    ------
    NoConfidence
        The metric is no mean of row losses, or no row is private.
    """
    record = contest_record(store, slug)
    metric = _metric(record)
    solution = solution_file(store, slug)
    masks = usage_masks(read_table(solution.path))
    if "private" not in masks:
        raise NoConfidence(f"the final board of {slug} has no intervals: no row is private")
    private = masks["private"]
    resampling = named_resampling(f"{solution.sha256} private", int(private.sum()))
    rows = [row for row in private_board(store, slug) if not row.is_baseline]
    contenders = []
    for row, sent_at, losses in _earned(store, rows):
        means = replicate_means(resampling, losses[private])
        replicates = np.asarray(metric.of_mean_loss(means), dtype=np.float64)
        contenders.append(Contender(row.team_id, row.score, sent_at, replicates))
    names = {row.team_id: row.team for row in rows}
    lines = board_confidence(contenders, greater_is_better=record.greater_is_better)
    return [replace(line, team=names[int(line.team)]) for line in lines]


def _metric(record: ContestRecord) -> Metric:
    contest = record.contest
    why = "is the contest's own"
    if contest.metric.file is None:
        metric = get_metric(contest.metric.name, **contest.metric.parameters)
        if metric.row_losses is not None:
            return metric
        why = "is none"
    raise NoConfidence(
        f"the final board of {contest.slug} has no intervals: they need a metric that is a mean "
        f"of row losses, and {contest.metric.name} {why}"
    )


def _earned(store: Store, rows: Sequence[BoardRow]) -> Iterator[tuple[BoardRow, datetime, Floats]]:
    """Yield each line with the time and the row losses of the entry that it stands by."""
    entries: dict[int, tuple[datetime, str]] = {}
    refs = [row.entry_ref for row in rows]
    with store.reading() as session:
        for start in range(0, len(refs), _AT_ONCE):
            query = select(EntryRow.id, EntryRow.submitted_at, RowLossRow.digest).join(RowLossRow)
            some = EntryRow.id.in_(refs[start : start + _AT_ONCE])
            entries |= {ref: (at, kept) for ref, at, kept in session.execute(query.where(some))}
    for row in rows:
        if row.entry_ref not in entries:
            raise NoConfidence(
                f"entry {row.entry_ref} of {row.team} was scored without row losses; "
                "'ripe contest rescore' gives it some"
            )
        sent_at, digest = entries[row.entry_ref]
        yield row, sent_at, load_losses(store, digest)
