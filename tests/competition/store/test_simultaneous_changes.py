"""Two hosts who change one contest at once: nothing that one of them did is lost."""

import subprocess
import sys
from dataclasses import replace

import pytest

from competition.store import (
    audit_records,
    change_contest,
    contest_record,
    launch_contest,
    update_contest,
)
from competition.store.changing import ContestChanged

ADDS_PAGES = """
import sys
from dataclasses import replace
from datetime import UTC, datetime
from competition.store import contest_record, open_store, update_contest
from competition.store.changing import ContestChanged

home, database, name = sys.argv[1:]
refused = 0
with open_store(home, database=database or None) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(10):
        while True:
            held = contest_record(store, "toy")
            pages = {**held.contest.pages, f"{name}-{number}": "text"}
            contest = replace(held.contest, pages=pages)
            try:
                update_contest(
                    store, "toy", contest, actor=name, now=datetime.now(UTC),
                    expected_version=held.version,
                )
                break
            except ContestChanged:
                refused += 1
print(refused)
"""


def test_a_change_made_from_an_older_version_is_refused(store, new_contest, now):
    contest = new_contest()
    update_contest(store, "toy", replace(contest, title="New"), actor="host", now=now)
    late = replace(contest, description="Made from the first version.")
    with pytest.raises(ContestChanged, match="changed by somebody else meanwhile"):
        update_contest(store, "toy", late, actor="host", now=now, expected_version=1)
    assert contest_record(store, "toy").contest.title == "New"
    assert contest_record(store, "toy").version == 2


def test_without_an_expected_version_a_change_goes_on_top(store, new_contest, now):
    contest = new_contest(launch=False)
    change_contest(store, "toy", contest=replace(contest, title="New"), actor="host", now=now)
    assert launch_contest(store, "toy", actor="host", now=now).title == "New"


def test_two_processes_lose_no_page_of_each_other(store, new_contest, database, tmp_path):
    new_contest()
    command = [sys.executable, "-P", "-c", ADDS_PAGES, str(tmp_path / "home"), database or ""]
    running = [
        subprocess.Popen([*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in ("grace", "alan")
    ]
    for one in running:
        assert one.stdout.readline() == "ready\n"
    said = [one.communicate("\n", timeout=120)[0] for one in running]
    assert [one.returncode for one in running] == [0, 0]
    pages = contest_record(store, "toy").contest.pages
    assert {f"{name}-{number}" for name in ("grace", "alan") for number in range(10)} <= set(pages)
    assert contest_record(store, "toy").version == 21
    changes = [one for one in audit_records(store, "toy") if one.action == "contest changed"]
    assert len(changes) == 20 and all(line.strip().isdigit() for line in said)
