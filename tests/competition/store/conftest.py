"""A way to give entries their scores without scoring them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from competition.queue import finish_entry, lease_entry
from competition.scoring import Scores, ScoringOutcome, SplitScores
from competition.store import Store, submit_entry


@pytest.fixture
def enter(store: Store, upload: Callable[..., str], now: datetime) -> Callable[..., int]:
    """Sends an entry and gives it these scores."""

    def entry(
        user: str,
        public: float,
        private: float | None = None,
        *,
        after: float = 0,
        status: Any = "scored",
        losses: list[float] | None = None,
        **options: Any,
    ) -> int:
        at = now + timedelta(seconds=after)
        sent = submit_entry(
            store, "toy", user, upload=upload(), file_name="a.csv", now=at, **options
        )
        lease = lease_entry(store, "worker", at)
        assert lease is not None and lease.ref == sent.ref
        private = public if private is None else private
        scores = Scores(public, public, private, {"auc": SplitScores(0.5, 0.4, 0.6)})
        outcome = ScoringOutcome(
            status,
            scores if status == "scored" else None,
            message="no",
            row_losses=None if losses is None else np.array(losses),
        )
        assert finish_entry(store, lease, outcome, at)
        return sent.ref

    return entry
