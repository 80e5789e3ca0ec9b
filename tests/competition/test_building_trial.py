"""No contest is taken in that cannot score its own truth."""

from __future__ import annotations

import pytest

from competition.definition import MetricChoice
from competition.errors import InvalidContest
from competition.store import add_contest

SHORT = "id,ripe,Usage\n1,0,Public\n2,1,Private\n"
NEGATIVE = (
    "id,ripe,Usage\n1,-5,Public\n2,1,Public\n3,1,Private\n4,0,Private\n5,1,Public\n6,0,Private\n"
)


@pytest.fixture
def database() -> None:
    """The trial knows no database."""


def test_a_solution_without_ids_of_the_sample_is_refused(store, contest_folder, now):
    with pytest.raises(InvalidContest, match="4 ids are only in the sample submission"):
        add_contest(store, contest_folder(solution=SHORT), now=now, is_tried=True)


def test_truth_that_the_metric_cannot_score_is_refused_with_its_reason(store, contest_folder, now):
    folder = contest_folder(solution=NEGATIVE, metric=MetricChoice("rmsle"), labels=())
    with pytest.raises(InvalidContest, match="rmsle cannot score its truth: "):
        add_contest(store, folder, now=now, is_tried=True)


def test_a_metric_of_the_host_that_fails_on_the_truth_is_refused(store, contest_folder, now):
    own = MetricChoice("own", file="metric.py", predicts="labels", greater_is_better=True)
    folder = contest_folder(metric=own)
    (folder / "metric.py").write_text(
        "def score(*tables, **options):\n    raise KeyError('ripe')\n"
    )
    with pytest.raises(InvalidContest, match=r"own cannot score its truth: metric\.py, line 2"):
        add_contest(store, folder, now=now, is_tried=True)
