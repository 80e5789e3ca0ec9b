"""Real processes: killed at any moment, and many at once."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from competition.queue import QueueLimits, run_workers
from competition.store import (
    Status,
    list_contest_entries,
    public_board,
    verify_audit,
)

SUBMIT = """
import io, sys
from datetime import UTC, datetime

from competition.store import *
home, database, user, number = sys.argv[1:]
store = open_store(home, database=database or None)
print("ready", flush=True)
sys.stdin.readline()
for attempt in range(int(number)):
    content = "id,ripe\\n" + "".join(f"{row},{(attempt >> row) & 1}\\n" for row in range(1, 7))
    digest = store.files.put(io.BytesIO(content.encode()))
    try:
        entry = submit_entry(store, "toy", user, upload=digest, file_name=f"{attempt}.csv",
                             now=datetime(2026, 3, 4, 13, tzinfo=UTC))
        print(entry.ref, flush=True)
    except Exception as refusal:
        print(type(refusal).__name__, flush=True)
"""
WORK = """
import sys, threading
from competition.queue import QueueLimits, Worker
from competition.store import open_store
store = open_store(sys.argv[1], database=sys.argv[2] or None)
limits = QueueLimits(lease_seconds=1.5, max_attempts=50, poll_seconds=0.02)
worker = Worker(store, name=sys.argv[3], limits=limits)
print("ready", flush=True)
worker.run(threading.Event())
"""


@pytest.fixture
def start(home, database):
    """Starts a child of the given program; whatever still runs at the end is killed."""
    children = []

    def child(program, *arguments):
        texts = [str(home), database or "", *map(str, arguments)]
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", program, *texts],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        children.append(process)
        return process

    yield child
    for process in children:
        process.kill()
        process.communicate()


def go(children):
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def test_exactly_the_limit_succeeds_when_many_processes_send_at_once(store, new_contest, start):
    new_contest(max_daily_submissions=7)
    children = [start(SUBMIT, "ada", 5) for _ in range(4)]
    go(children)
    answers = Counter(line for child in children for line in child.communicate()[0].split())
    refs = [answer for answer in answers if answer.isdigit()]
    assert len(refs) == 7
    assert answers["QuotaExceeded"] == 13
    assert sorted(entry.ref for entry in list_contest_entries(store, "toy")) == sorted(
        map(int, refs)
    )
    assert verify_audit(store, "toy") == []


def test_an_acknowledged_entry_survives_the_death_of_its_process(store, new_contest, start):
    new_contest(max_daily_submissions=5000, max_pending_submissions_per_team=5000)
    chance = random.Random(5)
    acknowledged = set()
    for user in ("ada", "bob", "ada"):
        child = start(SUBMIT, user, 2000)
        go([child])
        acknowledged.add(int(child.stdout.readline()))
        time.sleep(chance.uniform(0.02, 0.25))
        child.kill()
        rest = child.communicate()[0].split("\n")[:-1]  # the last line may be cut
        acknowledged |= {int(line) for line in rest}
    kept = {entry.ref: entry for entry in list_contest_entries(store, "toy")}
    assert acknowledged <= set(kept)
    assert len(kept) - len(acknowledged) <= 3
    for entry in kept.values():
        assert store.files.path(entry.upload).read_bytes().startswith(b"id,")
        assert entry.status is Status.PENDING
    assert verify_audit(store, "toy") == []


def test_entries_are_scored_exactly_once_while_workers_are_killed(store, new_contest, start):
    new_contest(max_daily_submissions=500, max_pending_submissions_per_team=500)
    sender = start(SUBMIT, "ada", 40)
    go([sender])
    chance = random.Random(7)
    for number in range(3):
        worker = start(WORK, f"victim{number}")
        assert worker.stdout.readline() == "ready\n"
        _wait_for_a_score(store, number + 1)
        time.sleep(chance.uniform(0.0, 0.1))
        os.kill(worker.pid, signal.SIGKILL)
        worker.communicate()
    assert len(sender.communicate()[0].split()) == 40
    limits = QueueLimits(lease_seconds=1.5, max_attempts=50, poll_seconds=0.02)
    stop = threading.Event()
    crew = threading.Thread(target=run_workers, args=(store, stop), kwargs={"limits": limits})
    crew.start()
    _wait_for_a_score(store, 40)
    stop.set()
    crew.join()
    entries = list_contest_entries(store, "toy")
    assert Counter(entry.status for entry in entries) == {Status.SCORED: 40}
    assert public_board(store, "toy")[0].entries == 40
    assert public_board(store, "toy")[0].score == max(entry.public_score for entry in entries)


def _wait_for_a_score(store, count, seconds=240.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        entries = list_contest_entries(store, "toy")
        if sum(entry.status is Status.SCORED for entry in entries) >= count:
            return
        time.sleep(0.05)
    raise AssertionError(f"no {count} scores after {seconds} s")
