"""The scores on resampled test sets that a board's intervals are made of."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import delete, func, select

from competition.board.resampling import entry_replicates, named_resampling
from competition.definition import Contest, MetricChoice
from competition.metrics import get_metric
from competition.queue import (
    Worker,
    apply_rescore,
    kept_replicates,
    load_replicates,
    missing_replicates,
    propose_rescore,
    rescore_entries,
)
from competition.scoring.frames import align
from competition.scoring.pool import shared_pool
from competition.scoring.resampled import public_replicates
from competition.store import (
    change_contest,
    get_contest,
    get_team,
    list_entries,
    public_board,
    submit_entry,
)
from competition.store.schema import ReplicateRow
from competition.watching import NoConfidence, board_intervals, contest_confidence

TRUTH = np.array([0, 1, 1])
"""Of the public rows 1, 2 and 5 of the small contest."""


@pytest.fixture
def send(store, upload, now):
    """Sends entries of a user; a worker scores what waits."""

    def entries(user, *predictions):
        refs = []
        for each in predictions:
            at = now + timedelta(minutes=len(list_entries(store, "toy", user)))
            digest = upload(each)
            entry = submit_entry(store, "toy", user, upload=digest, file_name="a.csv", now=at)
            refs.append(entry.ref)
        work(store)
        return refs

    return entries


def work(store):
    clock = lambda: datetime(2026, 3, 5, tzinfo=UTC)  # noqa: E731
    Worker(store, pool=shared_pool(), clock=clock).run(threading.Event(), once=True)


def count_kept(store):
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(ReplicateRow))


def expected(store, metric, prediction):
    with store.reading() as session:
        name = session.scalars(select(ReplicateRow.solution_digest)).first()
    resampling = named_resampling(name, len(TRUTH))
    return entry_replicates(resampling, get_metric(metric), TRUTH, np.array(prediction))


@pytest.mark.parametrize("metric", ["accuracy", "f1"])
def test_the_entry_by_which_a_team_stands_has_replicates(store, new_contest, send, metric):
    new_contest(metric=MetricChoice(metric))
    send("ada", "000000", "010010", "010000")
    (row,) = public_board(store, "toy")
    assert count_kept(store) == 1
    assert kept_replicates(store, "toy") == {(row.team_id, row.entry_ref, 1)}
    found = load_replicates(store, "toy")[row.team_id]
    np.testing.assert_allclose(found, expected(store, metric, [0, 1, 1]), rtol=1e-6)


def test_entries_counted_by_an_older_version_are_caught_up_with(store, new_contest, send):
    new_contest()
    send("ada", "010000")
    send("bob", "010010")
    before = contest_confidence(store, "toy")
    with store.writing() as session:
        session.execute(delete(ReplicateRow))
    assert board_intervals(store, "toy", public_board(store, "toy")) == {}
    work(store)
    assert missing_replicates(store, limit=9) == []
    assert contest_confidence(store, "toy") == before


def test_a_page_reads_what_is_kept_and_remembers_its_answer(store, new_contest, send):
    new_contest()
    send("ada", "010000")
    rows = public_board(store, "toy")
    first = board_intervals(store, "toy", rows)
    assert board_intervals(store, "toy", rows) is first
    send("bob", "010010")
    second = board_intervals(store, "toy", public_board(store, "toy"))
    assert [line.rank for line in second.values()] == [1, 2]
    assert [line.team for line in contest_confidence(store, "toy")] == ["bob", "ada"]


def test_a_team_without_replicates_has_no_interval_and_spoils_no_other(store, new_contest, send):
    new_contest()
    send("ada", "010000")
    send("bob", "010010")
    bob, ada = public_board(store, "toy")
    with store.writing() as session:
        session.execute(delete(ReplicateRow).where(ReplicateRow.team_id == bob.team_id))
    lines = board_intervals(store, "toy", [bob, ada])
    assert set(lines) == {ada.team_id}
    assert lines[ada.team_id].rank == 2


def test_a_metric_of_the_hosts_own_has_no_intervals_and_nobody_tries_again(
    store, new_contest, send, tmp_path, now
):
    new_contest()
    (tmp_path / "metric.py").write_text("def score(*_): return 0.5\n")
    choice = MetricChoice("mine", file="metric.py", predicts="labels", greater_is_better=True)
    change_contest(
        store,
        "toy",
        contest=replace(get_contest(store, "toy"), metric=choice),
        metric=store.files.put(tmp_path / "metric.py"),
        actor="host",
        now=now,
    )
    send("ada", "010000")
    rows = public_board(store, "toy")
    assert (rows[0].score, board_intervals(store, "toy", rows)) == (0.5, {})
    assert missing_replicates(store, limit=9) == []
    with pytest.raises(NoConfidence, match="the contest's own"):
        contest_confidence(store, "toy")


def test_a_rescore_makes_old_replicates_void(store, new_contest, send, now):
    new_contest()
    send("ada", "010000")
    f1 = replace(get_contest(store, "toy"), metric=MetricChoice("f1"))
    version = propose_rescore(store, "toy", contest=f1, actor="host", now=now)
    rescore_entries(store, version, pool=shared_pool(), now=now)
    apply_rescore(store, version, actor="host", now=now)
    rows = public_board(store, "toy")
    assert board_intervals(store, "toy", rows) == {}
    work(store)
    team = get_team(store, rows[0].team_id)
    assert board_intervals(store, "toy", rows)[team.id].score == pytest.approx(2 / 3)


def test_a_page_drops_the_intervals_it_remembers_when_the_truth_changes(
    store, new_contest, send, now
):
    new_contest()
    send("ada", "010000")
    rows = public_board(store, "toy")
    [before] = board_intervals(store, "toy", rows).values()
    other = replace(get_contest(store, "toy"), metric=MetricChoice("balanced_accuracy"))
    version = propose_rescore(store, "toy", contest=other, actor="host", now=now)
    rescore_entries(store, version, pool=shared_pool(), now=now)
    apply_rescore(store, version, actor="host", now=now)
    work(store)
    [after] = board_intervals(store, "toy", public_board(store, "toy")).values()
    assert (before.score, after.score) == (pytest.approx(2 / 3), 0.75)


def test_a_metric_that_takes_too_long_has_no_replicates():
    contest = Contest("toy", "Toy", MetricChoice("f1"), ("y",), labels=(0, 1))
    frame = pd.DataFrame({"id": [1, 2], "y": [0, 1], "Usage": "Public"})
    pair = align(contest, frame, frame[["id", "y"]])
    f1 = get_metric("f1")
    assert public_replicates(contest, f1, pair, "name", patience_seconds=0.0) is None
    assert public_replicates(contest, f1, pair, "name").shape == (500,)


def test_a_metric_that_waits_for_its_turn_on_a_busy_machine_keeps_its_replicates():
    contest = Contest("toy", "Toy", MetricChoice("f1"), ("y",), labels=(0, 1))
    frame = pd.DataFrame({"id": [1, 2], "y": [0, 1], "Usage": "Public"})
    f1 = get_metric("f1")
    waits = iter([0.1])

    def held_up(*arguments, **parameters):
        time.sleep(next(waits, 0.0))
        return f1.function(*arguments, **parameters)

    slow = replace(f1, function=held_up)
    pair = align(contest, frame, frame[["id", "y"]])
    assert public_replicates(contest, slow, pair, "name").shape == (500,)
