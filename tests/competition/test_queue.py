import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from competition.definition import load_contest
from competition.queue import (
    QueueLimits,
    Worker,
    count_workers,
    entries_waiting,
    extend_lease,
    finish_entry,
    give_back,
    lease_entry,
    load_losses,
    run_workers,
    why_pending,
)
from competition.scoring import Scores, ScoringOutcome, ScoringPool
from competition.store import (
    Status,
    add_contest,
    cancel_entry,
    change_contest,
    get_contest,
    get_entry,
    public_board,
    submit_entry,
)
from competition.store.schema import RowLossRow

LIMITS = QueueLimits(lease_seconds=60, max_attempts=3, retry_seconds=5)
GOOD = ScoringOutcome("scored", Scores(0.5, 0.5, 0.5))


@pytest.fixture(scope="module")
def pool():
    """Scoring children, preloaded once."""
    with ScoringPool() as children:
        children.start()
        yield children


@pytest.fixture
def sent(store, new_contest, upload, now):
    """Sends entries, one second apart."""
    new_contest()
    seconds = iter(range(1000))

    def send(predictions="000000", name="a.csv"):
        at = now + timedelta(seconds=next(seconds))
        digest = upload(predictions)
        return submit_entry(store, "toy", "ada", upload=digest, file_name=name, now=at).ref

    return send


@pytest.fixture
def own_metric(store, sent, contest_folder, now):
    """Gives the contest a metric of its own, which does something over an entry of ones."""

    def set_metric(deed):
        folder = contest_folder(own_metric=deed)
        contest = replace(get_contest(store, "toy"), metric=load_contest(folder).metric)
        digest = store.files.put(folder / "metric.py")
        change_contest(store, "toy", contest=contest, metric=digest, actor="host", now=now)

    return set_metric


@pytest.fixture
def later(now):
    """Gives a time so many seconds after the entries."""
    return lambda seconds=100: now + timedelta(seconds=seconds)


def test_the_entry_that_waits_longest_comes_first_and_to_one_worker_only(store, sent, later):
    refs = [sent() for _ in range(3)]
    leases = [lease_entry(store, f"w{number}", later(), LIMITS) for number in range(4)]
    assert [lease.ref for lease in leases[:3]] == refs
    assert leases[3] is None
    assert get_entry(store, refs[0]).status is Status.SCORING


def test_workers_that_ask_at_once_get_different_entries(store, sent, later):
    refs = [sent() for _ in range(12)]

    def take(number):
        return lease_entry(store, f"w{number}", later(), LIMITS)

    with ThreadPoolExecutor(12) as threads:
        leases = [lease for lease in threads.map(take, range(12)) if lease is not None]
    rest = iter(lambda: lease_entry(store, "last", later(), LIMITS), None)
    assert sorted(lease.ref for lease in [*leases, *rest]) == refs


def test_a_silent_worker_loses_its_entry_and_can_no_longer_write_a_score(store, sent, later):
    ref = sent()
    first = lease_entry(store, "first", later(0), LIMITS)
    assert lease_entry(store, "second", later(59), LIMITS) is None
    second = lease_entry(store, "second", later(61), LIMITS)
    assert second.attempt == 2
    assert not extend_lease(store, first, later(62), LIMITS)
    assert not finish_entry(store, first, GOOD, later(62))
    assert get_entry(store, ref).status is Status.SCORING
    assert finish_entry(store, second, GOOD, later(63))
    assert not finish_entry(store, second, GOOD, later(64))
    assert public_board(store, "toy")[0].entries == 1


def test_a_heartbeat_keeps_the_lease(store, sent, later):
    sent()
    lease = lease_entry(store, "slow", later(0), LIMITS)
    for seconds in (50, 100, 150):
        assert extend_lease(store, lease, later(seconds), LIMITS)
        assert lease_entry(store, "other", later(seconds + 30), LIMITS) is None
    assert finish_entry(store, lease, GOOD, later(160))


def test_an_entry_that_kills_its_workers_is_given_up(store, sent, later):
    ref = sent()
    for attempt in range(3):
        assert lease_entry(store, "doomed", later(100 * attempt), LIMITS).attempt == attempt + 1
    assert lease_entry(store, "next", later(300), LIMITS) is None
    entry = get_entry(store, ref)
    assert entry.status is Status.FAILED
    assert "given up after 3 attempts" in entry.host_message
    assert "costs no quota" in entry.message


def test_a_broken_attempt_is_retried_after_a_while_and_at_last_given_up(store, sent, later):
    ref = sent()
    for start in (0, 10, 20):
        lease = lease_entry(store, "w", later(start), LIMITS)
        assert give_back(store, lease, later(start + 1), error="disk full", limits=LIMITS)
        assert lease_entry(store, "w", later(start + 5), LIMITS) is None
    assert get_entry(store, ref).status is Status.FAILED
    assert "disk full" in get_entry(store, ref).host_message


def test_a_worker_that_is_asked_to_stop_gives_its_entry_back_at_once(store, sent, later):
    ref = sent()
    lease = lease_entry(store, "w", later(0), LIMITS)
    assert give_back(store, lease, later(1), limits=LIMITS)
    assert get_entry(store, ref).status is Status.PENDING
    assert lease_entry(store, "v", later(1), LIMITS).attempt == 1


def test_a_withdrawn_entry_gets_no_score(store, sent, later):
    ref = sent()
    lease = lease_entry(store, "w", later(0), LIMITS)
    cancel_entry(store, ref, actor="ada", now=later(1))
    assert not finish_entry(store, lease, GOOD, later(2))
    assert not give_back(store, lease, later(2))
    assert get_entry(store, ref).status is Status.CANCELLED
    assert public_board(store, "toy") == []


def test_row_losses_are_kept(store, sent, later):
    ref = sent()
    losses = np.array([0.5, np.nan, 1 / 3])
    outcome = ScoringOutcome("scored", Scores(0.5, 0.5, 0.5), row_losses=losses)
    assert finish_entry(store, lease_entry(store, "w", later()), outcome, later())
    with store.reading() as session:
        row = session.get_one(RowLossRow, ref)
    np.testing.assert_array_equal(load_losses(store, row.digest), losses)


def test_workers_score_what_waits_and_tell_what_is_wrong(store, sent, pool):
    refs = {name: sent(name) for name in ("000000", "010010", "01", "0120xx")}
    stop = threading.Event()
    worker = Worker(store, name="one", pool=pool, clock=_future)
    worker.run(stop, once=True)
    entries = {name: get_entry(store, ref) for name, ref in refs.items()}
    assert entries["010010"].public_score == 1.0 and entries["010010"].private_score == 2 / 3
    assert entries["000000"].public_score == pytest.approx(1 / 3)
    assert entries["01"].status is entries["0120xx"].status is Status.REJECTED
    assert "missing" in entries["01"].message
    assert entries["01"].host_message == ""
    assert [row.score for row in public_board(store, "toy")] == [1.0]
    assert count_workers(store, _future()) == 0


def test_packed_uploads_are_scored_too(store, sent, pool, tmp_path, now):
    import gzip

    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"id,ripe\n1,0\n2,1\n3,1\n4,0\n5,1\n6,0\n"))
    digest = store.files.put(path)
    entry = submit_entry(store, "toy", "ada", upload=digest, file_name="../../A.CSV.GZ", now=now)
    assert Worker(store, pool=pool, clock=_future).step()
    assert get_entry(store, entry.ref).overall_score == 1.0


def test_an_upload_that_is_gone_is_given_up_after_its_attempts(store, sent, pool):
    ref = sent()
    store.files.path(get_entry(store, ref).upload).unlink()
    times = iter(range(1000))
    worker = Worker(store, pool=pool, clock=lambda: _future() + timedelta(seconds=10 * next(times)))
    while worker.step():
        pass
    entry = get_entry(store, ref)
    assert entry.status is Status.FAILED
    assert "no stored file" in entry.host_message and "no stored file" not in entry.message


@pytest.mark.parametrize("generation", [1, 2], ids=["supervisor", "scoring child"])
def test_an_entry_whose_scoring_process_was_killed_is_scored_by_the_next_attempt(
    store, own_metric, sent, pool, generation, caplog
):
    own_metric("import time; time.sleep(600)")
    ref = sent("111111")
    worker = Worker(store, pool=pool, clock=_future, limits=QueueLimits(retry_seconds=0))
    running = threading.Thread(target=worker.run, args=(threading.Event(),), kwargs={"once": True})
    assert _until(lambda: not _descendants(pool._server.pid, 1))
    running.start()
    assert _until(lambda: _descendants(pool._server.pid, generation))
    (victim,) = _descendants(pool._server.pid, generation)
    own_metric("pass")  # the next attempt is quick
    os.kill(victim, signal.SIGKILL)
    running.join()
    entry = get_entry(store, ref)
    assert (entry.status, entry.public_score) == (Status.SCORED, 0.25)
    assert "lost its scoring process" in caplog.text


def test_an_entry_that_always_loses_its_process_is_given_up(store, own_metric, sent, pool):
    own_metric("import os; os.kill(os.getpid(), 9)")
    ref = sent("111111")
    worker = Worker(store, pool=pool, clock=_future, limits=QueueLimits(retry_seconds=0))
    while worker.step():
        pass
    assert get_entry(store, ref).status is Status.FAILED
    assert "after 3 attempts" in get_entry(store, ref).host_message
    assert "SIGKILL" in get_entry(store, ref).host_message


def test_a_worker_outlives_a_stumble(store, sent, pool, caplog):
    ref = sent()
    stop = threading.Event()
    failures = iter([RuntimeError("the database is away")])

    class Clock:
        def __call__(self):
            if threading.current_thread() is running and (failure := next(failures, None)):
                raise failure
            return _future()

    worker = Worker(store, pool=pool, clock=Clock())
    running = threading.Thread(target=worker.run, args=(stop,))
    running.start()
    assert _until(lambda: get_entry(store, ref).status is Status.SCORED)
    stop.set()
    running.join()
    assert "stumbled" in caplog.text


def test_several_slots_share_the_work(store, sent):
    refs = [sent() for _ in range(6)]
    run_workers(store, threading.Event(), slots=3, name="crew", once=True)
    assert {get_entry(store, ref).status for ref in refs} == {Status.SCORED}
    assert public_board(store, "toy")[0].entries == 6


def test_an_entry_that_takes_too_long_at_the_end_is_given_back(
    store, new_contest, contest_folder, upload, now
):
    new_contest()
    folder = contest_folder(slug="slow", own_metric="import time; time.sleep(600)")
    add_contest(store, folder, host="host", now=now)
    ones = upload("111111")
    entry = submit_entry(store, "slow", "ada", upload=ones, file_name="a.csv", now=now)
    stop, limits = threading.Event(), QueueLimits(grace_seconds=0.1)
    crew = threading.Thread(target=run_workers, args=(store, stop), kwargs={"limits": limits})
    crew.start()
    assert _until(lambda: get_entry(store, entry.ref).status is Status.SCORING)
    stop.set()
    crew.join()
    assert get_entry(store, entry.ref).status is Status.PENDING
    assert lease_entry(store, "next", datetime.now(UTC)).attempt == 1
    assert count_workers(store, datetime.now(UTC)) == 0


def test_why_an_entry_waits_is_a_sentence(store, sent, later):
    first, second = sent(), sent()
    assert "No scoring worker is running" in why_pending(store, second, later(5), LIMITS)
    lease = lease_entry(store, "w", later(10), LIMITS)
    assert "being scored since 7 s (attempt 1 of 3)" in why_pending(store, first, later(17), LIMITS)
    assert "last heard of 90 s ago" in why_pending(store, first, later(100), LIMITS)
    give_back(store, lease, later(20), error="broke", limits=LIMITS)
    assert "the next begins in 4 s" in why_pending(store, first, later(21), LIMITS)
    worker = Worker(store, name="w", clock=lambda: later(30))
    worker.announce()
    assert "1 entry is ahead of it" in why_pending(store, second, later(31), LIMITS)
    assert "1 worker is running" in why_pending(store, second, later(31), LIMITS)
    assert "No scoring worker" in why_pending(store, second, later(200), LIMITS)
    cancel_entry(store, second, actor="ada", now=later(40))
    assert "withdrawn" in why_pending(store, second, later(41), LIMITS)
    finish_entry(store, lease_entry(store, "w", later(50), LIMITS), GOOD, later(51))
    assert "it was scored at 2026-03-04 12:00:51 UTC" in why_pending(store, first, later(60))


def test_a_worker_counts_as_long_as_the_environment_lets_it_be_silent(store, now, monkeypatch):
    Worker(store, name="w", clock=lambda: now).announce()
    later = now + timedelta(seconds=200)
    assert count_workers(store, later) == 0
    monkeypatch.setenv("RIPE_LEASE_SECONDS", "300")
    assert count_workers(store, later) == 1


def test_what_waits_is_counted_without_what_has_its_outcome(store, sent, later):
    first, second, third = sent(), sent(), sent()
    assert entries_waiting(store, "toy") == (3, first)
    finish_entry(store, lease_entry(store, "w", later(10), LIMITS), GOOD, later(11))
    assert lease_entry(store, "w", later(12), LIMITS).ref == second
    assert entries_waiting(store, "toy") == (2, second)
    for ref in (second, third):
        cancel_entry(store, ref, actor="ada", now=later(13))
    assert entries_waiting(store, "toy") == (0, None)


def _descendants(pid, generation):
    """The processes that stand so many generations below one."""
    found = [pid]
    for _ in range(generation):
        listings = [Path(f"/proc/{one}/task/{one}/children") for one in found]
        found = []
        for listing in listings:
            with suppress(OSError):  # it has just ended
                found += map(int, listing.read_text().split())
    return found


def _future():
    return datetime(2026, 3, 5, tzinfo=UTC)


def _until(holds, seconds=120.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False
