"""Studies in a journal and in real databases: opened at once, killed, mended."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState
from sqlalchemy import text

from pipelines.errors import SearchProblem
from pipelines.search import Budget, StudyPlace, parse_space, suggest
from pipelines.search import open_study as open_study_now
from pipelines.search.heartbeat import LEASE, OWNER, beating, is_lost, this_process
from pipelines.search.queue import TrialQueue
from pipelines.search.storage import close_study, make_database, storage_url, study_names
from pipelines.search.study import (
    RETRY_OF,
    ask_batch,
    counted_trials,
    drop_own_trials,
    fail_stale_trials,
)
from pipelines.search.study import join_study as join_study_now

SPACE = parse_space({"rate": {"low": 0.001, "high": 0.1, "log": True}})
QUEUE = TrialQueue(({"rate": 0.01},))
ELSEWHERE = {"host": "elsewhere", "pid": 1, "born": "1"}
SPAWNED = multiprocessing.get_context("spawn")


@pytest.fixture(params=["journal", "sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> StudyPlace:
    """A study's place whose storage is not there yet."""
    url = None
    if request.param == "sqlite":
        url = storage_url(f"sqlite:///{tmp_path / 'studies.db'}")
    elif request.param == "postgresql":
        url = storage_url(request.getfixturevalue("empty_database"))
    return StudyPlace(tmp_path / "home" / "study.journal", "study", url)


@pytest.fixture
def opened() -> Iterator[list[Any]]:
    """Studies that are closed at the end."""
    studies: list[Any] = []
    yield studies
    for study in studies:
        close_study(study)


@pytest.fixture
def open_study(opened: list[Any]) -> Callable[..., Any]:
    """Opens a study, made where it is not there."""

    def open_one(place: StudyPlace) -> Any:
        opened.append(open_study_now(place, greater_is_better=True))
        return opened[-1]

    return open_one


@pytest.fixture
def join_study(opened: list[Any]) -> Callable[..., Any]:
    """Opens a study that is there."""

    def join(place: StudyPlace) -> Any:
        opened.append(join_study_now(place))
        return opened[-1]

    return join


@pytest.fixture
def start() -> Iterator[Callable[..., Any]]:
    """Starts a function in a process of its own; none is left behind."""
    children: list[Any] = []

    def begin(function: Callable[..., None], *arguments: Any) -> Any:
        children.append(SPAWNED.Process(target=function, args=arguments))
        children[-1].start()
        return children[-1]

    yield begin
    for child in children:
        child.kill()
        child.join()


def states(study: Any) -> list[str]:
    return [trial.state.name for trial in study.trials]


def _search(place: StudyPlace, count: int) -> None:
    study = open_study_now(place, greater_is_better=True)
    while trials := ask_batch(study, place, Budget(count), 3, QUEUE, workers=2):
        for trial in trials:
            study.tell(trial, suggest(trial, SPACE)["rate"])
    close_study(study)


def test_searches_begun_at_once_neither_race_nor_exceed_the_budget(place, start, join_study):
    children = [start(_search, place, 12) for _ in range(3)]
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    study = join_study(place)
    assert states(study) == ["COMPLETE"] * 12
    assert [trial.params["rate"] for trial in study.trials].count(0.01) == 1


def _take_and_wait(place: StudyPlace, taken: Any) -> None:
    study = open_study_now(place, greater_is_better=True)
    trials = ask_batch(study, place, Budget(10), 2, QUEUE)
    suggest(trials[0], SPACE)
    with beating(study, place, trials):
        taken.set()
        time.sleep(600)


def test_trials_of_a_killed_worker_are_failed_and_tried_once_more(place, start, open_study):
    taken = SPAWNED.Event()
    child = start(_take_and_wait, place, taken)
    assert taken.wait(240)
    study = open_study(place)
    assert states(study) == ["RUNNING", "RUNNING"]
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert fail_stale_trials(study) == [0, 1]
    assert states(study) == ["FAIL", "FAIL", "WAITING", "WAITING"]
    assert counted_trials(study) == []
    again = ask_batch(study, place, Budget(10), 2, QUEUE)
    assert [trial.user_attrs[RETRY_OF] for trial in again] == [0, 1]
    assert suggest(again[0], SPACE)["rate"] == 0.01


def test_a_machine_that_fell_silent_loses_its_trials(place, open_study):
    study = open_study(replace(place, heartbeat_seconds=1))
    [trial] = ask_batch(study, place, Budget(10), 1, QUEUE)
    trial.set_user_attr(OWNER, ELSEWHERE)
    if place.url is None:
        trial.set_user_attr(LEASE, time.time() + 1)
    until = time.monotonic() + 240
    while not (failed := fail_stale_trials(study)) and time.monotonic() < until:
        time.sleep(0.2)
    assert failed == [trial.number]
    assert states(study) == ["FAIL", "WAITING"]


class PatientPlace(StudyPlace):
    """A place whose workers say every second that they live, and may be silent for long."""

    grace_seconds = 600


def _let_years_pass(study: Any, trial: Any) -> None:
    """Set the last word of a trial's worker back."""
    if not hasattr(study._storage, "record_heartbeat"):
        trial.set_user_attr(LEASE, time.time() - 3600)
        return
    with study._storage._backend.engine.begin() as connection:
        connection.execute(
            text("UPDATE trial_heartbeats SET heartbeat = :then WHERE trial_id = :trial"),
            {"then": datetime(2000, 1, 1), "trial": trial._trial_id},
        )


def _last_word(study: Any, trial: Any) -> Any:
    if not hasattr(study._storage, "record_heartbeat"):
        return study.trials[trial.number].user_attrs[LEASE]
    with study._storage._backend.engine.connect() as connection:
        found = connection.execute(
            text("SELECT heartbeat FROM trial_heartbeats WHERE trial_id = :trial"),
            {"trial": trial._trial_id},
        )
        return found.scalar_one()


def test_of_two_that_were_silent_the_one_that_beats_again_keeps_its_trial(place, open_study):
    place = PatientPlace(place.journal, place.name, place.url, heartbeat_seconds=1)
    study = open_study(place)
    silent, beaten = ask_batch(study, place, Budget(10), 2, QUEUE)
    for trial in (silent, beaten):
        trial.set_user_attr(OWNER, ELSEWHERE)
        _let_years_pass(study, trial)
    before = _last_word(study, beaten)
    with beating(study, place, [beaten]):
        until = time.monotonic() + 240
        while _last_word(study, beaten) == before and time.monotonic() < until:
            time.sleep(0.2)
        assert fail_stale_trials(study) == [silent.number]
    assert states(study) == ["FAIL", "RUNNING", "WAITING"]


def test_a_retry_that_dies_as_well_is_not_tried_again(place, open_study):
    study = open_study(place)
    for _ in range(2):
        [trial] = ask_batch(study, place, Budget(10), 1, QUEUE)
        trial.set_user_attr(OWNER, {**this_process(), "born": "0"})
        fail_stale_trials(study)
    assert states(study) == ["FAIL", "FAIL"]


def test_a_trial_that_ends_just_as_it_is_taken_for_lost_is_not_tried_again(
    place, open_study, monkeypatch
):
    study = open_study(place)
    [trial] = ask_batch(study, place, Budget(10), 1, QUEUE)

    def end_meanwhile(*_: Any, **__: Any) -> bool:
        study.tell(trial, 0.5)
        return True

    monkeypatch.setattr("pipelines.search.study.is_lost", end_meanwhile)
    assert fail_stale_trials(study) == []
    assert states(study) == ["COMPLETE"]


def test_a_worker_drops_its_own_trials_alone(place, open_study):
    study = open_study(place)
    ask_batch(study, place, Budget(10), 2, QUEUE)[1].set_user_attr(OWNER, ELSEWHERE)
    drop_own_trials(study, place)
    assert states(study) == ["FAIL", "RUNNING"]


def test_workers_share_what_is_left_evenly(place, open_study):
    study = open_study(place)
    assert len(ask_batch(study, place, Budget(10), 8, QUEUE, workers=2)) == 5
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.set_user_attr("note", "the next worker sees these in another's hands")
        study._storage.set_trial_user_attr(trial._trial_id, OWNER, ELSEWHERE)
    assert len(ask_batch(study, place, Budget(10), 8, QUEUE)) == 3


def _ask_and_close(place: StudyPlace, set_up: Callable[[int], None]) -> int:
    study = join_study_now(place)
    try:
        return len(ask_batch(study, place, Budget(10), 2, QUEUE, 1, set_up))
    finally:
        close_study(study)


def test_no_two_batches_are_drawn_after_the_same_number_of_trials(place, open_study):
    counts: list[int] = []
    others: list[Any] = []

    def set_up(asked: int) -> None:
        counts.append(asked)
        others.append(pool.submit(_ask_and_close, place, counts.append))
        with pytest.raises(TimeoutError):
            others[0].result(timeout=1)

    study = open_study(place)
    with ThreadPoolExecutor(1) as pool:
        assert len(ask_batch(study, place, Budget(10), 2, QUEUE, 1, set_up)) == 2
        assert others[0].result() == 2
    assert counts == [0, 2]


def test_a_study_that_nobody_began_cannot_be_joined(place, join_study):
    with pytest.raises(SearchProblem, match="no study 'study' here; begin it with: ripe run"):
        join_study(place)
    assert not place.journal.exists()


def _join_and_read(place: StudyPlace) -> dict[str, Any]:
    study = join_study_now(place)
    try:
        return dict(study.user_attrs)
    finally:
        close_study(study)


def test_nobody_joins_a_study_before_it_is_furnished(place, opened):
    joined: list[Any] = []

    def furnish(study: Any) -> None:
        joined.append(pool.submit(_join_and_read, place))
        with pytest.raises(TimeoutError):
            joined[0].result(timeout=1)
        study.set_user_attr("terms", "all of them")

    with ThreadPoolExecutor(1) as pool:
        opened.append(open_study_now(place, greater_is_better=True, furnish=furnish))
        assert joined[0].result() == {"terms": "all of them"}


def test_a_journal_whose_study_was_never_made_is_none(tmp_path, join_study):
    place = StudyPlace(tmp_path / "study.journal", "study")
    place.journal.write_bytes(b"")
    with pytest.raises(SearchProblem, match="no study 'study' here"):
        join_study(place)


def test_a_lease_is_over_when_nobody_renews_it(tmp_path, open_study):
    place = StudyPlace(tmp_path / "study.journal", "study")
    study = open_study(place)
    [trial] = ask_batch(study, place, Budget(1), 1, QUEUE)
    trial.set_user_attr(OWNER, ELSEWHERE)
    [seen] = study.trials
    lease = seen.user_attrs[LEASE]
    assert not is_lost(seen, leased=True, now=lease - 1)
    assert is_lost(seen, leased=True, now=lease + 1)
    assert not is_lost(seen, leased=False, now=lease + 1)


def _die_with_the_lock(place: StudyPlace) -> None:
    from pipelines.search.journal import KernelLock

    KernelLock(place.journal.with_suffix(".write.lock")).acquire()
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_killed_with_the_journal_s_lock_holds_nobody_up(tmp_path, start, open_study):
    place = StudyPlace(tmp_path / "study.journal", "study")
    study = open_study(place)
    start(_die_with_the_lock, place).join()
    before = time.monotonic()
    study.ask()
    assert time.monotonic() - before < 15  # Optuna's own lock is waited for 30 seconds


@pytest.mark.parametrize("given", ["mysql://a:secret@b/c", "studies.db", "sqlite:///"])
def test_an_address_of_another_kind_is_refused(given):
    with pytest.raises(SearchProblem, match="a storage is postgresql://") as caught:
        storage_url(given)
    assert "secret" not in str(caught.value)


def test_a_database_that_cannot_be_reached_gets_one_clear_line_without_its_password(
    tmp_path, open_study
):
    url = storage_url(f"postgresql://ada:secret@/none?host={tmp_path}")
    place = StudyPlace(tmp_path / "study.journal", "study", url)
    with pytest.raises(
        SearchProblem, match=r"the storage .*ada:\*\*\*@.* cannot be used"
    ) as caught:
        open_study(place)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_are_read_without_making_tables(tmp_path, empty_database, open_study):
    urls = [storage_url(f"sqlite:///{tmp_path / 'studies.db'}"), storage_url(empty_database)]
    for url in urls:
        assert study_names(url) == set()
        open_study(StudyPlace(tmp_path / "a.journal", "a", url))
        assert study_names(url) == {"a"}


def test_a_database_in_a_folder_that_is_not_there_is_refused_and_nothing_is_made(tmp_path):
    url = storage_url(f"sqlite:///{tmp_path / 'misspelt' / 'studies.db'}")
    with pytest.raises(SearchProblem, match=r"no folder .*misspelt for the storage"):
        make_database(url)
    assert not list(tmp_path.iterdir())
