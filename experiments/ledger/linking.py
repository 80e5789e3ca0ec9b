"""A run's entry as tags and metrics of that run, where the MLflow UI shows them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.ledger.book import LedgerEntry
from experiments.ledger.predictions import open_tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["link_run", "link_runs"]

logger = logging.getLogger(__name__)


def link_run(home: Path, entry: LedgerEntry) -> None:
    """Write what the ledger knows of an entry onto its run; see `link_runs`."""
    link_runs(home, [entry])


def link_runs(home: Path, entries: Iterable[LedgerEntry]) -> int:
    """Write what the ledger knows of entries onto their runs; the later entry of a run wins.

    Tags ``submission.ref``, ``submission.contest``, ``submission.server``, ``submission.board``,
    ``submission.sha256`` and ``submission.status``; metrics ``leaderboard.public_score``,
    ``leaderboard.private_score``, ``leaderboard.public_rank`` and ``leaderboard.private_rank``.

    Returns
    -------
    int
        How many runs were changed. A store that cannot be written is logged and left for the
        next time: an entry that stands must not look failed.
    """
    latest = {entry.run_id: entry for entry in entries if entry.run_id}
    if not latest:
        return 0
    places = sorted({entry.tracking for entry in latest.values()}, key=str)
    return sum(
        _link_in_store(home, place, [one for one in latest.values() if one.tracking == place])
        for place in places
    )


def _link_in_store(home: Path, uri: str | None, entries: Sequence[LedgerEntry]) -> int:
    from mlflow.exceptions import MlflowException

    try:
        client = open_tracking(home, uri)
        return sum(_link(client, str(entry.run_id), entry) for entry in entries)
    except (MlflowException, OSError) as error:
        logger.warning("the runs do not hear of their entries now (%s); 'ripe sync' will", error)
        return 0


def _link(client: MlflowClient, run_id: str, entry: LedgerEntry) -> bool:
    known = client.get_run(run_id).data
    tags = {name: value for name, value in _tags(entry).items() if known.tags.get(name) != value}
    metrics = {
        name: value for name, value in _metrics(entry).items() if known.metrics.get(name) != value
    }
    for name, value in tags.items():
        client.set_tag(run_id, name, value)
    for name, number in metrics.items():
        client.log_metric(run_id, name, number)
    return bool(tags or metrics)


def _tags(entry: LedgerEntry) -> dict[str, str]:
    return {
        "submission.ref": str(entry.ref),
        "submission.contest": entry.slug,
        "submission.server": entry.server,
        "submission.board": entry.board,
        "submission.sha256": entry.sha256,
        "submission.status": entry.last.status,
    }


def _metrics(entry: LedgerEntry) -> dict[str, float]:
    values = {
        "leaderboard.public_score": entry.last.public_score,
        "leaderboard.private_score": entry.last.private_score,
        "leaderboard.public_rank": entry.last.public_rank,
        "leaderboard.private_rank": entry.last.private_rank,
    }
    return {name: float(value) for name, value in values.items() if value is not None}
