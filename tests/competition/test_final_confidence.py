"""Intervals of the final board, against a bootstrap written out by hand."""

import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from competition.board.resampling import named_resampling
from competition.definition import MetricChoice
from competition.final_confidence import final_confidence
from competition.queue import Worker
from competition.scoring.pool import shared_pool
from competition.store import solution_file, submit_entry
from competition.watching import NoConfidence

SOLUTION = "id,ripe,Usage\n" + "".join(
    f"{n},{n % 2},{'Public' if n < 20 else 'Private'}\n" for n in range(220)
)
TRUTH = np.arange(220) % 2


@pytest.fixture
def final(store, new_contest, tmp_path, now):
    """Sends predictions of users in a contest of 220 rows and has them scored."""

    def entries(users, **changes):
        new_contest(solution=SOLUTION, **changes)
        for number, (user, predictions) in enumerate(users):
            lines = "".join(f"{n},{value}\n" for n, value in enumerate(predictions))
            (tmp_path / "entry.csv").write_text("id,ripe\n" + lines)
            digest = store.files.put(tmp_path / "entry.csv")
            at = now + timedelta(minutes=number)
            submit_entry(store, "toy", user, upload=digest, file_name="a.csv", now=at)
        worker = Worker(store, pool=shared_pool(), clock=lambda: datetime(2026, 3, 5, tzinfo=UTC))
        worker.run(threading.Event(), once=True)

    return entries


def wrong_in(count):
    """Predictions that are wrong in the last rows, all of them private."""
    return np.where(np.arange(220) >= 220 - count, 1 - TRUTH, TRUTH)


def test_intervals_are_those_of_the_private_rows(store, final):
    final([("ada", wrong_in(50)), ("bob", wrong_in(100))])
    first, second = final_confidence(store, "toy")
    name = f"{solution_file(store, 'toy').sha256} private"
    resampling = named_resampling(name, 200)
    errs = (wrong_in(50) != TRUTH)[20:]
    scores = 1 - resampling.weights @ errs[resampling.rows] / 200
    low, high = np.quantile(scores, [0.025, 0.975], method="inverted_cdf")
    assert (first.team, first.score, first.rank, second.team) == ("ada", 0.75, 1, "bob")
    assert (first.score_low, first.score_high) == pytest.approx((low, high))
    assert first.score_low < 0.75 < first.score_high < 0.85
    assert (first.rank_high, second.rank_low, second.tie_group) == (1, 2, 2)


def test_of_two_equal_lines_the_earlier_stands_first_and_they_are_tied(store, final):
    final([("bob", wrong_in(30)), ("ada", wrong_in(30))])
    first, second = final_confidence(store, "toy")
    assert (first.team, second.team, second.tie_group) == ("bob", "ada", 1)
    assert final_confidence(store, "toy") == [first, second]


def test_a_metric_without_row_losses_has_none(store, final):
    final([("ada", wrong_in(30))], metric=MetricChoice("auc"))
    with pytest.raises(NoConfidence, match="auc is none"):
        final_confidence(store, "toy")
