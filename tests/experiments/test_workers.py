"""Several workers on one study: processes of this machine, of other homes, of a cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from experiments import ExperimentError, run_experiment
from experiments.definition.loading import parse_experiment
from experiments.study.identity import place_of
from experiments.workers.process import DONE, STOPPED
from experiments.workers.working import WorkOrder, work
from pipelines.errors import SearchProblem
from pipelines.search.storage import close_study, storage_url
from pipelines.search.study import DROPPED, INTERRUPTED, join_study
from pipelines.tracking.store import prepare_store

DEADLINE_SECONDS = 240
WORKER = (sys.executable, "-P", "-m", "experiments.workers.process")
TOGETHER = """
import os, time
from pathlib import Path
from experiments.study import searching

def ask_together(*given, ask=searching.ask_batch, **named):
    Path({place!r}, str(os.getpid())).touch()
    until = time.monotonic() + {seconds}
    while len(os.listdir({place!r})) < 2:
        assert time.monotonic() < until, "the other worker did not come"
        time.sleep(0.05)
    return ask(*given, **named)

searching.ask_batch = ask_together
"""
"""Lets a worker ask for its first trial when another is about to: none can take all of them."""


@pytest.fixture
def together(tmp_path: Path) -> str:
    """Code that lets two workers begin at the same moment."""
    place = tmp_path / "together"
    place.mkdir()
    return TOGETHER.format(place=str(place), seconds=DEADLINE_SECONDS)


@pytest.fixture
def shared(small_experiment: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """The content of an experiment with enough trials for several workers."""
    return small_experiment(
        name="shared",
        validation={"folds": 2},
        network={"max_epochs": 300},
        search={"trials": 12, "batch": 1},
        ensemble={"seeds": 1},
    )


@pytest.fixture
def endless(small_experiment: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """The content of an experiment whose batches last long enough to be stopped."""
    return small_experiment(
        name="endless",
        validation={"folds": 2},
        network={"max_epochs": 1200},
        search={"trials": 1000, "batch": 2},
        ensemble={"seeds": 1, "greedy": False},
    )


@pytest.fixture
def study_of() -> Iterator[Callable[..., Any]]:
    """Opens the only study of a home, or one of a database."""
    opened: list[Any] = []

    def open_study(home: Path, name: str | None = None, url: str | None = None) -> Any:
        name = name or next((home / "studies").glob("*.journal")).stem
        opened.append(join_study(place_of(home, name, url)))
        return opened[-1]

    yield open_study
    for study in opened:
        close_study(study)


Start = Callable[..., "subprocess.Popen[bytes]"]


def runs_of(home: Path) -> list[Any]:
    client = prepare_store(f"sqlite:///{home.resolve() / 'mlflow.db'}")
    return list(client.search_runs([client.get_experiment_by_name("clouds").experiment_id]))


def owners(study: Any) -> set[int]:
    done = study.get_trials(states=(TrialState.COMPLETE,))
    return {trial.user_attrs["owner"]["pid"] for trial in done}


def children() -> list[int]:
    """Numbers of this process's worker processes."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            command = stat.with_name("cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if parent == os.getpid() and WORKER[-1].encode() in command:
            found.append(int(stat.parent.name))
    return sorted(found)


def wait_for(condition: Callable[[], Any]) -> Any:
    until = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def state_of(number: int) -> str:
    """The letter by which the system tells how a process is."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def is_running(number: int) -> bool:
    """Tell whether a process runs; one that nobody has waited for yet has ended all the same."""
    return state_of(number) not in "ZX"


def test_workers_share_a_study_and_one_run_holds_all_their_trials(
    small_home, shared, study_of, together, monkeypatch
):
    main = f"import sys\nfrom {WORKER[-1]} import main\nsys.exit(main())"
    monkeypatch.setattr("experiments.workers.crew.MODULE", ("-P", "-c", together + main))
    result = run_experiment(parse_experiment(shared, "shared"), small_home, workers=2)
    assert (result.trials, result.new_trials) == (12, 12)
    study = study_of(small_home)
    assert len(owners(study)) == 2
    assert os.getpid() not in owners(study)
    rates = [trial.params["learning_rate"] for trial in study.trials]
    assert len(set(rates)) == 12
    trials = [run for run in runs_of(small_home) if "mlflow.parentRunId" in run.data.tags]
    assert {run.data.tags["mlflow.parentRunId"] for run in trials} == {result.run_id}
    assert sorted(int(run.data.tags["optuna.trial"]) for run in trials) == list(range(12))
    assert {run.info.status for run in trials} == {"FINISHED"}
    assert all("train_loss" in run.data.metrics for run in trials)
    assert {model.name for model in result.models} == {"best", "seeds", "greedy"}
    assert not children()


@dataclass
class Killer:
    """Kills a process that has a trial of a study in hand, while it works."""

    home: Path
    study_of: Callable[..., Any]
    pool: ThreadPoolExecutor
    url: str | None = None
    kill: Future[int] | None = None

    def watch(self, progress: Any) -> None:
        """Begin as soon as the search has."""
        if progress.stage == "searching" and self.kill is None:
            self.kill = self.pool.submit(self._kill, progress.study)

    def _kill(self, study: str) -> int:
        found = self.study_of(self.home, study, self.url)
        number = int(wait_for(lambda: self._caught(found)))
        os.kill(number, signal.SIGKILL)
        return number

    def _caught(self, study: Any) -> int | None:
        """Halt a process that has a trial in hand; let it go where it has just ended that."""
        for number in owners_now(study):
            os.kill(number, signal.SIGSTOP)
            wait_for(lambda number=number: state_of(number) in "TZX")
            if number in owners_now(study):
                return number
            os.kill(number, signal.SIGCONT)
        return None

    def killed(self) -> int:
        """Return the number of the process, once it has been killed."""
        assert self.kill is not None
        return self.kill.result()


@pytest.fixture
def kill_one(small_home: Path, study_of: Callable[..., Any]) -> Iterator[Killer]:
    """Kills one of the processes that search in the small home."""
    with ThreadPoolExecutor(1) as pool:
        yield Killer(small_home, study_of, pool)


@pytest.mark.parametrize("storage", ["journal", "postgresql"])
def test_a_killed_worker_is_noticed_its_trials_tried_again_and_the_others_go_on(
    request, small_home, endless, study_of, kill_one, storage
):
    endless["search"]["trials"] = 8
    url = None
    if storage == "postgresql":
        url = storage_url(request.getfixturevalue("empty_database"))
    kill_one.url = url
    result = run_experiment(
        parse_experiment(endless, "endless"),
        small_home,
        workers=2,
        storage=url,
        on_progress=kill_one.watch,
    )
    assert kill_one.killed()
    assert "was killed by signal 9" in " ".join(result.notes)
    study = study_of(small_home, result.study, url)
    lost = [trial.number for trial in study.get_trials(states=(TrialState.FAIL,))]
    retried = [one.user_attrs["retry_of"] for one in study.trials if "retry_of" in one.user_attrs]
    assert lost
    assert retried == lost
    assert result.trials == 8
    assert not study.get_trials(states=(TrialState.RUNNING, TrialState.WAITING))
    states = {run.data.tags.get("optuna.trial"): run for run in runs_of(small_home)}
    for number in lost:
        assert states[str(number)].info.status == "KILLED"
        assert "worker" in states[str(number)].data.tags["stop.reason"]
    assert not [run for run in states.values() if run.info.status == "RUNNING"]
    assert not children()


def test_a_stop_ends_all_workers_and_leaves_nothing_running(
    small_home, endless, study_of, monkeypatch
):
    monkeypatch.setattr("experiments.workers.crew.PATIENCE_SECONDS", DEADLINE_SECONDS)
    done = threading.Event()

    def stop() -> bool:
        if not done.is_set() and len(children()) == 2:
            journals = list((small_home / "studies").glob("*.journal"))
            study = join_study(place_of(small_home, journals[0].stem))
            if len(study.get_trials(states=(TrialState.RUNNING,))) >= 3:
                done.set()
        return done.is_set()

    with pytest.raises(KeyboardInterrupt):
        run_experiment(
            parse_experiment(endless, "endless"), small_home, workers=2, should_stop=stop
        )
    assert not children()
    study = study_of(small_home)
    assert not study.get_trials(states=(TrialState.RUNNING,))
    runs = runs_of(small_home)
    assert {run.info.status for run in runs} <= {"KILLED", "FINISHED"}
    [parent] = [run for run in runs if run.data.tags.get("ripe.kind") == "study"]
    assert parent.data.tags["stop.reason"] == "interrupted"
    reasons = {run.data.tags["stop.reason"] for run in runs if run.info.status == "KILLED"}
    assert reasons == {"interrupted"}


def test_what_every_worker_refuses_is_said_once(small_home, shared):
    experiment = parse_experiment(shared, "shared")
    table = small_home / "contests" / "clouds" / "data" / "train.csv"
    content = table.read_text()

    def change_the_table(progress: Any) -> None:
        if progress.stage == "searching":
            table.write_text(content.replace("hill", "hall"))

    with pytest.raises(ExperimentError, match=r"are not those that study .* was begun with"):
        run_experiment(experiment, small_home, workers=2, on_progress=change_the_table)
    assert not children()


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """The address of a PostgreSQL without tables."""
    return str(request.getfixturevalue("empty_database"))


def test_a_worker_of_another_home_helps_over_a_database_and_its_answers_reach_the_finisher(
    small_home, clouds_home, copy_home, tmp_path, shared, database, begin
):
    other = copy_home(clouds_home, tmp_path / "other")
    shared["search"]["trials"] = 6
    url = storage_url(database)
    helpers: list[subprocess.Popen[bytes]] = []

    def help_out(progress: Any) -> None:
        if progress.stage == "searching" and not helpers:
            helpers.append(worker_of(begin, WorkOrder(progress.study, str(other), url)))

    try:
        result = run_experiment(
            parse_experiment(shared, "shared"),
            small_home,
            storage=database,
            workers=0,
            on_progress=help_out,
            should_stop=lambda: helpers[0].poll() not in (None, DONE),
        )
    except KeyboardInterrupt:  # which would end all tests
        pytest.fail(f"the worker ended with status {helpers[0].poll()}")
    assert helpers[0].wait(DEADLINE_SECONDS) == DONE
    assert (result.trials, result.new_trials) == (6, 6)
    kept = sorted(path.name for path in (result.folder / "trials").glob("*.parquet"))
    assert len(kept) == 6
    for path in (result.folder / "trials").glob("*.parquet"):
        twin = other / "studies" / result.study / "trials" / path.name
        assert path.read_bytes() == twin.read_bytes()
    numbers = [run.data.tags.get("optuna.trial") for run in runs_of(small_home)]
    assert sorted(int(number) for number in numbers if number is not None) == list(range(6))
    elsewhere = runs_of(other)
    assert {run.info.status for run in elsewhere} == {"FINISHED"}
    assert len(elsewhere) == 7


def worker_of(begin: Start, order: WorkOrder) -> subprocess.Popen[bytes]:
    """Start a worker that is stopped by the end of its standard input."""
    process = begin(*WORKER, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(f"{order.as_json()}\n".encode())
    process.stdin.flush()
    return process


def test_a_worker_with_other_tables_is_refused(
    small_home, clouds_home, copy_home, tmp_path, shared
):
    run_experiment(
        parse_experiment({**shared, "search": {"trials": 1, "space": {}}}, "shared"), small_home
    )
    other = copy_home(clouds_home, tmp_path / "other")
    name = next((small_home / "studies").glob("*.journal")).stem
    (other / "studies").mkdir()
    (other / "studies" / f"{name}.journal").write_bytes(
        (small_home / "studies" / f"{name}.journal").read_bytes()
    )
    table = other / "contests" / "clouds" / "data" / "train.csv"
    table.write_text(table.read_text().replace("hill", "hall"))
    with pytest.raises(ExperimentError, match="get them with: ripe download clouds"):
        work(WorkOrder(name, str(other)), should_stop=lambda: False)


def test_resuming_refuses_to_begin_and_leaves_nothing(small_home, shared):
    experiment = parse_experiment(shared, "shared")
    with pytest.raises(ExperimentError, match="to continue; begin one without --resume"):
        run_experiment(experiment, small_home, resume=True)
    assert not (small_home / "studies").exists()
    assert not (small_home / "spool").exists()


def test_one_worker_s_results_are_the_same_in_a_journal_and_in_a_database(
    small_home, clouds_home, copy_home, tmp_path, shared
):
    other = copy_home(clouds_home, tmp_path / "other")
    experiment = parse_experiment(shared, "shared")
    here = run_experiment(experiment, small_home)
    there = run_experiment(experiment, other, storage=f"sqlite:///{tmp_path / 'studies.db'}")
    assert here.study == there.study
    assert here.predictions.equals(there.predictions)
    assert here.best_parameters == there.best_parameters


@pytest.mark.parametrize("workers", [1, 2])
def test_a_database_that_goes_away_gets_one_clear_line_and_no_run_stays_open(
    small_home, endless, postgres, workers
):
    name = postgres.new_database()
    dropped: list[str] = []

    def drop(progress: Any) -> None:
        if progress.done and not dropped:
            dropped.append(name)
            postgres.drop(name)

    with pytest.raises(SearchProblem, match=r"the storage postgresql.* cannot be used: ") as caught:
        run_experiment(
            parse_experiment(endless, "endless"),
            small_home,
            storage=postgres.url(name),
            workers=workers,
            on_progress=drop,
        )
    assert dropped
    assert "\n" not in str(caught.value)
    [study] = [run for run in runs_of(small_home) if run.data.tags.get("ripe.kind") == "study"]
    assert study.info.status == "FAILED"
    assert not children()


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Two worker processes of a cluster on this machine."""
    distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
    ) as started:
        yield started


def test_a_cluster_s_processes_search(small_home, shared, study_of, cluster, together):
    with cluster.get_client() as client:
        client.run(exec, together, {})
    result = run_experiment(
        parse_experiment(shared, "shared"), small_home, cluster=cluster.scheduler_address
    )
    assert result.trials == 12
    study = study_of(small_home)
    assert len(owners(study)) == 2
    assert os.getpid() not in owners(study)
    trials = [run for run in runs_of(small_home) if "mlflow.parentRunId" in run.data.tags]
    assert len(trials) == 12


def test_a_killed_process_of_a_cluster_is_noticed_and_the_others_go_on(
    small_home, endless, study_of, cluster, kill_one
):
    endless["search"]["trials"] = 8
    result = run_experiment(
        parse_experiment(endless, "endless"),
        small_home,
        cluster=cluster.scheduler_address,
        on_progress=kill_one.watch,
    )
    assert kill_one.killed()
    assert "the cluster lost tcp://" in " ".join(result.notes)
    study = study_of(small_home)
    assert result.trials == 8
    assert not study.get_trials(states=(TrialState.RUNNING, TrialState.WAITING))
    lost = [trial.number for trial in study.get_trials(states=(TrialState.FAIL,))]
    retried = [one.user_attrs["retry_of"] for one in study.trials if "retry_of" in one.user_attrs]
    assert lost
    assert retried == lost


def test_a_scheduler_that_vanishes_ends_the_run_with_one_clear_line(
    small_home, endless, cluster, monkeypatch
):
    import dask

    monkeypatch.setattr("experiments.workers.cluster.CONNECT_SECONDS", 10)
    closed: list[Any] = []

    def close_the_scheduler(progress: Any) -> None:
        if progress.done and not closed:
            closed.append(cluster.sync(cluster.scheduler.close))

    with pytest.raises(
        ExperimentError, match=r"the scheduler at tcp://.* does not answer any more"
    ):
        run_experiment(
            parse_experiment(endless, "endless"),
            small_home,
            cluster=cluster.scheduler_address,
            on_progress=close_the_scheduler,
        )
    assert closed
    with dask.config.set({"distributed.comm.timeouts.connect": 1}):
        cluster.close()  # looks for its scheduler in vain
    [parent] = [run for run in runs_of(small_home) if run.data.tags.get("ripe.kind") == "study"]
    assert parent.info.status == "FAILED"
    assert "the same command continues this study" in parent.data.tags["stop.reason"]


def test_a_cluster_drops_the_trials_of_a_starter_that_was_killed(
    small_home, endless, study_of, cluster, begin
):
    starter = started(begin, small_home, endless, f"cluster={cluster.scheduler_address!r}")
    study = wait_for_study(small_home, study_of)
    wait_for(lambda: len(owners_now(study)) == 2)
    starter.kill()
    starter.wait()
    failed = wait_for(lambda: not owners_now(study) and study.get_trials(states=(TrialState.FAIL,)))
    assert {trial.user_attrs[DROPPED] for trial in failed} == {INTERRUPTED}
    with cluster.get_client() as client:
        wait_for(lambda: not any(client.processing().values()))
    assert not study.get_trials(states=(TrialState.RUNNING,))


def test_a_cluster_without_its_library_says_what_to_install(small_home, shared, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ExperimentError, match=r"pip install 'ripeness\[cluster\]'"):
        run_experiment(parse_experiment(shared, "shared"), small_home, cluster="tcp://127.0.0.1:9")
    assert {run.info.status for run in runs_of(small_home)} == {"FAILED"}


def test_a_cluster_that_is_not_there_gets_one_clear_line(small_home, shared, monkeypatch):
    monkeypatch.setattr("experiments.workers.cluster.CONNECT_SECONDS", 1)
    with pytest.raises(ExperimentError, match=r"there is no cluster at tcp://127\.0\.0\.1:9"):
        run_experiment(parse_experiment(shared, "shared"), small_home, cluster="tcp://127.0.0.1:9")


def test_a_worker_that_was_only_asleep_leaves_its_trials_to_those_who_took_them(
    small_home, shared, study_of, tmp_path, monkeypatch
):
    monkeypatch.setattr("experiments.study.searching.TELL_SECONDS", 0)
    url = storage_url(f"sqlite:///{tmp_path / 'studies.db'}")
    shared["search"] |= {"trials": 3, "pruner": "median"}
    shared["network"]["max_epochs"] = 1500
    taken: list[int] = []

    def take_away(progress: Any) -> None:
        if progress.part and not taken:
            study = study_of(small_home, progress.study, url)
            [running] = study.get_trials(states=(TrialState.RUNNING,))
            study.tell(running.number, state=TrialState.FAIL)
            taken.append(running.number)

    result = run_experiment(
        parse_experiment(shared, "shared"), small_home, storage=url, on_progress=take_away
    )
    assert result.trials == 3
    assert taken
    runs = {run.data.tags.get("optuna.trial"): run.info.status for run in runs_of(small_home)}
    assert runs[str(taken[0])] == "KILLED"
    assert sorted(map(int, filter(None, runs))) == [0, 1, 2, 3]


def started(begin: Start, home: Path, content: dict[str, Any], how: str) -> subprocess.Popen[bytes]:
    """Start a search in a process of its own."""
    code = (
        "import sys, json; from pathlib import Path\n"
        "from experiments import run_experiment\n"
        "from experiments.definition.loading import parse_experiment\n"
        "experiment = parse_experiment(json.loads(sys.argv[2]), 'x')\n"
        f"run_experiment(experiment, Path(sys.argv[1]), {how})\n"
    )
    return begin(sys.executable, "-P", "-c", code, str(home), json.dumps(content))


def wait_for_study(home: Path, study_of: Callable[..., Any]) -> Any:
    """Open the only study of a home as soon as it is there."""
    journal = wait_for(lambda: list((home / "studies").glob("*.journal")))[0]
    return study_of(home, journal.stem)


def test_a_parent_that_is_killed_takes_its_workers_along(small_home, endless, study_of, begin):
    parent = started(begin, small_home, endless, "workers=2")
    study = wait_for_study(small_home, study_of)
    numbers = wait_for(lambda: len(owners_now(study)) == 2 and owners_now(study))
    parent.kill()
    parent.wait()
    wait_for(lambda: not any(map(is_running, numbers)))
    assert not study.get_trials(states=(TrialState.RUNNING,))


def test_a_worker_whose_parent_dies_before_it_has_its_order_ends():
    done = subprocess.run(WORKER, stdin=subprocess.DEVNULL, timeout=DEADLINE_SECONDS, check=False)
    assert done.returncode == STOPPED


def owners_now(study: Any) -> set[int]:
    running = study.get_trials(states=(TrialState.RUNNING,))
    return {one.user_attrs["owner"]["pid"] for one in running if "owner" in one.user_attrs}
