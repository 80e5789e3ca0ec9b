"""Scores from child processes, whatever the entry and the host's metric do."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import competition
from competition.definition import Contest, MetricChoice, dump_contest
from competition.errors import MetricFailed
from competition.scoring import (
    Limits,
    Scores,
    ScoringJob,
    ScoringOutcome,
    ScoringPool,
    limits_in_force,
    score_file,
    score_in_child,
)
from competition.scoring.outcome import END, read_outcome, write_outcome
from competition.scoring.pool import cleaned_environment
from competition.scoring.server import _children

LIMITS = Limits(seconds=60, memory_mb=600, output_bytes=100_000)
BRIEF = replace(LIMITS, seconds=1.5)
TOY = Contest(
    slug="toy",
    title="Toy",
    metric=MetricChoice("accuracy", beside=("f1",)),
    targets=("ripe",),
    labels=(0, 1),
)
SOLUTION = "id,ripe,Usage\n1,0,Public\n2,1,Public\n3,1,Private\n4,0,Private\n5,1,Ignored\n"
RIGHT = "id,ripe\n5,0\n4,0\n3,1\n2,1\n1,0\n"
HALF = "id,ripe\n1,0\n2,0\n3,1\n4,1\n5,1\n"


@pytest.fixture(scope="module")
def pool() -> Iterator[ScoringPool]:
    with ScoringPool(LIMITS) as shared:
        yield shared


@pytest.fixture(scope="module")
def held() -> Mapping[str, str]:
    """Which limits hold on this machine."""
    return limits_in_force()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    dump_contest(TOY, tmp_path / "contest.toml")
    (tmp_path / "solution.csv").write_text(SOLUTION)
    (tmp_path / "entry.csv").write_text(HALF)
    return tmp_path


def job(folder: Path) -> ScoringJob:
    return ScoringJob(folder / "contest.toml", folder / "solution.csv", folder / "entry.csv")


Own = Callable[..., ScoringOutcome]


@pytest.fixture
def own(pool: ScoringPool, folder: Path) -> Own:
    """Score the entry by a metric file of the host's with this body."""

    def scored(
        body: str,
        limits: Limits = LIMITS,
        head: str = "",
        beside: tuple[str, ...] = (),
        **parameters: object,
    ) -> ScoringOutcome:
        indented = "\n".join(f"    {line}" for line in body.splitlines())
        source = (
            f"{head}\ndef score(solution, submission, row_id_column_name, power=1):\n{indented}\n"
        )
        choice = MetricChoice(
            "mine",
            parameters=parameters,
            beside=beside,
            file="metric.py",
            predicts="labels",
            greater_is_better=True,
        )
        dump_contest(replace(TOY, metric=choice), folder / "contest.toml")
        (folder / "metric.py").write_text(source)
        return pool.score(job(folder), limits)

    return scored


def assert_only_the_host_sees(outcome: ScoringOutcome, message: str) -> None:
    assert outcome.status == "failed"
    assert outcome.scores is None
    assert outcome.problems == ()
    assert message in outcome.message


def test_a_contest_that_is_older_than_a_rule_is_scored(pool: ScoringPool, folder: Path) -> None:
    dump_contest(replace(TOY, title="Toy\nof old"), folder / "contest.toml")
    assert pool.score(job(folder)).status == "scored"


def test_an_entry_is_scored_with_its_row_losses(pool: ScoringPool, folder: Path) -> None:
    outcome = pool.score(job(folder))

    assert outcome.status == "scored"
    assert outcome.message == ""
    assert outcome.scores is not None
    assert (outcome.scores.public, outcome.scores.private) == (0.5, 0.5)
    assert outcome.scores.beside["f1"].overall == 0.5
    assert outcome.row_losses is not None
    assert outcome.row_losses[:4].tolist() == [0, 1, 0, 1]


def test_a_child_gives_the_score_that_the_process_itself_gives(
    pool: ScoringPool, folder: Path
) -> None:
    in_process = score_file(TOY, folder / "solution.csv", folder / "entry.csv")

    assert pool.score(job(folder)).scores == in_process


def test_an_entry_with_problems_is_rejected_with_all_of_them(
    pool: ScoringPool, folder: Path
) -> None:
    (folder / "entry.csv").write_text("id,ripe\n1,0.0\n2,1.0\n3,maybe\n4,\n4,1\n")

    outcome = pool.score(job(folder))

    assert outcome.status == "rejected"
    assert {one.rule for one in outcome.problems} == {
        "label_as_float",
        "unknown_label",
        "missing_values",
        "duplicate_ids",
        "missing_ids",
    }


def test_an_entry_that_is_no_table_is_rejected(pool: ScoringPool, folder: Path) -> None:
    (folder / "entry.csv").write_bytes(b"\x89PNG\r\n\x1a\n")

    outcome = pool.score(job(folder))

    assert outcome.status == "rejected"
    assert [one.rule for one in outcome.problems] == ["unreadable"]


def test_a_broken_solution_is_the_hosts_alone(pool: ScoringPool, folder: Path) -> None:
    (folder / "solution.csv").write_text(SOLUTION.replace("1,0,", "1,secret,"))

    assert_only_the_host_sees(pool.score(job(folder)), "secret")


def test_a_missing_file_is_the_hosts_alone(pool: ScoringPool, folder: Path) -> None:
    (folder / "solution.csv").unlink()

    assert_only_the_host_sees(pool.score(job(folder)), "solution.csv")


def test_a_metric_file_scores_each_part_by_kaggles_contract(own: Own) -> None:
    outcome = own("return float((solution.ripe == submission.ripe).mean() ** power)", power=2)

    assert outcome.scores == Scores(overall=0.25, public=0.25, private=0.25)


def test_a_metric_file_gets_aligned_tables_without_usage(own: Own) -> None:
    outcome = own(
        "assert list(solution) == [row_id_column_name, 'ripe'], list(solution)\n"
        "assert list(submission) == [row_id_column_name, 'ripe']\n"
        "assert (solution.id == submission.id).all() and list(solution.index)[0] == 0\n"
        "return len(solution)"
    )
    assert outcome.scores == Scores(overall=4.0, public=2.0, private=2.0), outcome.message


def test_a_metric_file_gets_all_columns_of_the_solution_but_usage(own: Own, folder: Path) -> None:
    rows = ("1,0,3,Public", "2,1,1,Public", "3,1,1,Private", "4,0,1,Private", "5,1,9,Ignored")
    (folder / "solution.csv").write_text("\n".join(["id,ripe,weight,Usage", *rows]))
    body = (
        "assert list(solution) == ['id', 'ripe', 'weight'] and 'weight' not in submission\n"
        "right = solution.ripe == submission.ripe\n"
        "return float((right * solution.weight).sum() / solution.weight.sum())"
    )
    scores = own(body).scores
    assert scores is not None
    assert (scores.public, scores.private) == (0.75, 0.5)


def test_registered_metrics_stand_beside_a_metric_file(own: Own) -> None:
    outcome = own("return 7.0", beside=("accuracy",))

    assert outcome.scores is not None
    assert (outcome.scores.public, outcome.scores.beside["accuracy"].public) == (7.0, 0.5)
    assert_only_the_host_sees(own("return 7.0", beside=("rmse",)), "rmse needs values")


@pytest.mark.parametrize("base", ["Exception", "ValueError"])
def test_a_participant_visible_error_is_shown_to_the_participant(own: Own, base: str) -> None:
    outcome = own(
        "raise ParticipantVisibleError('values must grow')",
        head=f"class ParticipantVisibleError({base}): pass",
    )
    assert (outcome.status, outcome.message) == ("rejected", "values must grow")


def test_a_participant_visible_error_from_a_subclass_is_shown_too(own: Own) -> None:
    outcome = own(
        "raise Special('as special')",
        head="class ParticipantVisibleError(Exception): pass\n"
        "class Special(ParticipantVisibleError): pass",
    )
    assert (outcome.status, outcome.message) == ("rejected", "as special")


def test_any_other_error_of_a_metric_is_the_hosts_alone_with_its_line(own: Own) -> None:
    outcome = own("x = 1\nraise ValueError(f'truth is {solution.ripe.tolist()}')")

    assert_only_the_host_sees(outcome, "metric.py, line 4: ValueError: truth is [0, 1, 1, 0]")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return float('nan')", "finite number, got nan"),
        ("return float('inf')", "finite number, got inf"),
        ("return None", "finite number, got a NoneType"),
        ("return '0.9'", "finite number, got a str"),
        ("return True", "finite number, got a bool"),
        ("import no_such_library", "ModuleNotFoundError"),
        ("raise SystemExit(3)", "without a score"),
        ("raise KeyboardInterrupt", "without a score"),
    ],
)
def test_a_metric_without_a_finite_score_fails(own: Own, body: str, message: str) -> None:
    assert_only_the_host_sees(own(body), message)


def test_a_metric_file_that_is_no_python_fails(own: Own) -> None:
    assert_only_the_host_sees(own("x = = 3"), "SyntaxError")


def test_a_metric_file_without_the_function_fails(
    pool: ScoringPool, folder: Path, own: Own
) -> None:
    own("return 1")
    (folder / "metric.py").write_text("scores = 1\n")

    assert_only_the_host_sees(pool.score(job(folder)), "must define score")


def test_an_endless_loop_is_ended_by_the_time_limit(own: Own) -> None:
    assert_only_the_host_sees(own("while True: pass", BRIEF), "did not end within 1.5 s")


def test_a_sleeper_that_ignores_signals_is_ended_by_the_time_limit(own: Own) -> None:
    body = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\ntime.sleep(600)"

    assert_only_the_host_sees(own(body, BRIEF), "did not end within")


def test_a_child_that_closes_its_pipes_and_stays_is_ended_by_the_time_limit(own: Own) -> None:
    body = "import os, time\nos.closerange(0, 100)\ntime.sleep(600)"

    assert_only_the_host_sees(own(body, BRIEF), "did not end within")


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited by Linux's counters")
@pytest.mark.parametrize(
    "body",
    [
        "rows = []\nwhile True: rows.append(bytearray(10**7))",
        "import numpy\nreturn float(numpy.ones(10**9).sum())",
    ],
)
def test_a_metric_that_eats_memory_is_ended(own: Own, body: str) -> None:
    assert_only_the_host_sees(own(body), "more memory than it may have")


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="files in memory are Linux's")
def test_a_metric_that_fills_files_in_memory_fails(own: Own) -> None:
    body = (
        "import os\n"
        "while True:\n"
        "    file = os.memfd_create('hoard')\n"
        "    while os.write(file, b'x' * 100_000): pass"
    )
    assert_only_the_host_sees(own(body), "File too large")


@pytest.mark.parametrize("status", [0, 7])
def test_a_metric_that_leaves_the_process_fails(own: Own, status: int) -> None:
    outcome = own(f"import os\nos._exit({status})")

    assert_only_the_host_sees(outcome, f"without a score (exit status {status})")


def test_a_metric_that_crashes_the_interpreter_fails(own: Own) -> None:
    outcome = own("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")

    assert_only_the_host_sees(outcome, "signal SIGSEGV")


def test_a_metric_that_prints_without_end_is_ended(own: Own) -> None:
    outcome = own("while True: print('x' * 1000)")

    assert_only_the_host_sees(outcome, "printed more than 100000 bytes")
    assert len(outcome.output) <= 8000


def test_what_a_metric_prints_is_kept_for_the_host(own: Own) -> None:
    outcome = own("import sys\nprint('looking')\nprint('twice', file=sys.stderr)\nreturn 1.0")

    assert outcome.status == "scored"
    assert "looking" in outcome.output
    assert "twice" in outcome.output


def test_nothing_that_a_metric_starts_outlives_it(own: Own, tmp_path: Path) -> None:
    outcome = own(
        "import os, time\n"
        "pids = []\n"
        "for _ in range(3):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        os.setsid()\n"
        "        time.sleep(600)\n"
        "    pids.append(pid)\n"
        "print('started', *pids)\n"
        "return 1.0"
    )
    assert outcome.status == "scored"
    pids = [int(word) for word in outcome.output.split()[1:4]]
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_a_metric_finds_no_secret_in_its_environment(
    own: Own, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setenv("RIPE_TOKEN", "a secret")
    own("import os\nprint(sorted(os.environ))\nreturn 1.0")
    with ScoringPool(LIMITS) as fresh:
        outcome = fresh.score(job(folder))

    assert outcome.status == "scored"
    assert "PATH" in outcome.output
    assert "RIPE" not in outcome.output
    assert not any("secret" in value for value in cleaned_environment().values())


def test_a_metric_reads_no_other_process_and_no_file_of_the_hosts(
    own: Own, folder: Path, held: Mapping[str, str]
) -> None:
    if not held["reading"]:
        pytest.skip("this kernel does not limit reading (no Landlock)")
    (folder / "client.toml").write_text("token = 'a secret'")

    for path in (folder / "client.toml", folder / "solution.csv", f"/proc/{os.getpid()}/environ"):
        outcome = own(f"print(open({str(path)!r}).read())\nreturn 1.0")
        assert_only_the_host_sees(outcome, "Permission")


def test_no_thread_is_left_that_could_read_for_a_metric(
    own: Own, folder: Path, held: Mapping[str, str]
) -> None:
    if not held["reading"]:
        pytest.skip("this kernel does not limit reading (no Landlock)")
    folder.chmod(0o755)
    (folder / "client.toml").write_text("token = 'a secret'")

    outcome = own(
        "import threading, time, numpy as np, pyarrow as pa\n"
        "import pyarrow.acero as acero, pyarrow.compute as pc\n"
        "said, main = set(), threading.get_native_id()\n"
        "def read(context, numbers):\n"
        "    if threading.get_native_id() != main:\n"
        "        try:\n"
        f"            said.add(open({str(folder / 'client.toml')!r}).read())\n"
        "        except OSError as error:\n"
        "            said.add(type(error).__name__)\n"
        "    return numbers\n"
        "name, kinds = f'read{time.monotonic_ns()}', {'numbers': pa.int64()}\n"
        "pc.register_scalar_function(\n"
        "    read, name, {'summary': '', 'description': ''}, kinds, pa.int64())\n"
        "table = pa.table({'numbers': np.arange(1_000_000)})\n"
        "source = acero.Declaration('table_source', acero.TableSourceNodeOptions(table))\n"
        "call = pc.Expression._call(name, [pc.field('numbers')])\n"
        "steps = acero.ProjectNodeOptions([call], ['read'])\n"
        "acero.Declaration('project', steps, [source]).to_table(use_threads=True)\n"
        "print(said)\n"
        "return 1.0"
    )

    assert outcome.status == "scored", outcome.message
    assert "secret" not in outcome.output
    assert "PermissionError" in outcome.output


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are counted on Linux")
def test_a_metric_that_starts_process_after_process_is_ended(own: Own) -> None:
    outcome = own(
        "import os, time\n"
        "for _ in range(100):\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(60)\n"
        "        os._exit(0)\n"
        "time.sleep(60)\n"
        "return 1.0"
    )
    assert_only_the_host_sees(outcome, "more than 64 processes")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are counted on Linux")
def test_a_process_that_ends_while_it_is_counted_disturbs_nobody() -> None:
    for _ in range(300):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        reaper = threading.Thread(target=os.waitpid, args=(pid, 0))
        reaper.start()
        while Path(f"/proc/{pid}").exists():
            assert _children(pid) == []
        reaper.join()


def test_a_metric_writes_no_file(own: Own, folder: Path, held: Mapping[str, str]) -> None:
    if not held["writing"]:
        pytest.skip("this kernel does not limit writing (no Landlock)")

    outcome = own(f"open({str(folder / 'new.txt')!r}, 'w')\nreturn 1.0")

    assert_only_the_host_sees(outcome, "Permission")
    assert not (folder / "new.txt").exists()


def test_a_metric_may_throw_output_away_and_import_installed_libraries(own: Own) -> None:
    outcome = own(
        "import os\n"
        "print('gone', file=open(os.devnull, 'w'))\n"
        "from sklearn.isotonic import IsotonicRegression\n"
        "from scipy.spatial.distance import cdist\n"
        "return 1.0"
    )
    assert outcome.status == "scored", outcome.message


def test_a_metric_reaches_no_network(own: Own, held: Mapping[str, str]) -> None:
    if not held["network"]:
        pytest.skip("this kernel does not let a process leave the network")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        outcome = own(
            "import socket\n"
            f"socket.create_connection(('127.0.0.1', {port}), timeout=5).close()\n"
            "return 1.0"
        )
    assert_only_the_host_sees(outcome, "Error")


def test_a_filter_on_system_calls_refuses_the_network_where_namespaces_are_forbidden() -> None:
    program = (
        "import socket, sys\n"
        "from competition.scoring.kernel import refuse_sockets\n"
        "if not refuse_sockets(): sys.exit('no filter here')\n"
        "socket.socketpair()\n"
        "try: socket.socket()\n"
        "except PermissionError: print('refused')\n"
    )
    root = str(Path(competition.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    if "no filter here" in done.stderr:
        pytest.skip("this kernel takes no filter on system calls")
    assert done.stdout == "refused\n", done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_becomes_a_user_without_rights_where_all_may_read_the_libraries(
    tmp_path: Path,
) -> None:
    (tmp_path / "secret").write_text("hidden")
    (tmp_path / "secret").chmod(0o600)
    program = (
        "import os, sys; sys.path.append(sys.argv[1])\n"
        "from competition.scoring import kernel, limits\n"
        "limits._user_can_be_dropped = lambda: True\n"
        "kernel.forbid_reading = lambda but: False\n"
        "if os.fork(): sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))\n"
        "limits.close_doors(limits.Limits())\n"
        "print(limits.hide_files()['user'], os.getuid() > 60_000, os.getgroups())\n"
        "try: open(sys.argv[2])\n"
        "except PermissionError: print('refused')\n"
    )
    root = str(Path(competition.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, root, str(tmp_path / "secret")],
        capture_output=True,
        text=True,
        env=cleaned_environment(),
    )
    assert done.stdout == "a user without rights True []\nrefused\n", done.stderr


def test_the_limits_in_force_are_told_by_name(held: Mapping[str, str]) -> None:
    names = ["time", "output", "processes", "memory", "network", "writing", "reading", "user"]
    assert list(held) == names
    assert held["time"]
    if sys.platform == "linux":
        assert held["memory"] == "resource limits"


def test_a_folder_named_like_a_package_in_the_working_directory_shadows_nothing(
    folder: Path, tmp_path: Path
) -> None:
    for name in ("competition", "pandas", "sklearn"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('shadowed')")
    program = (
        "from pathlib import Path; from competition.scoring import ScoringPool, ScoringJob\n"
        "with ScoringPool() as pool:\n"
        "    names = ('contest.toml', 'solution.csv', 'entry.csv')\n"
        f"    job = ScoringJob(*(Path({str(folder)!r}) / name for name in names))\n"
        "    print(pool.score(job).scores.overall)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout == "0.5\n", done.stderr


def test_every_entry_gets_a_fresh_child(own: Own) -> None:
    body = (
        "import pandas\n"
        "seen = getattr(pandas, 'seen', 0)\n"
        "pandas.seen = seen + 1\n"
        "return seen if len(solution) == 4 else 0"
    )
    assert [own(body).scores.overall for _ in range(3)] == [0.0, 0.0, 0.0]


def test_many_threads_share_a_pool(pool: ScoringPool, folder: Path) -> None:
    def scored(k: int) -> float | None:
        entry = folder / f"entry{k}.csv"
        entry.write_text(RIGHT if k % 2 else HALF)
        one = ScoringJob(folder / "contest.toml", folder / "solution.csv", entry)
        outcome = pool.score(one)
        return outcome.scores.overall if outcome.scores else None

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(scored, range(12))) == [0.5, 1.0] * 6


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def children_of(server: int) -> set[int]:
    """The processes that a scoring server has started."""
    listing = Path(f"/proc/{server}/task/{server}/children")
    return {int(child) for child in listing.read_text().split()}


def is_running(number: int) -> bool:
    """Tell whether a process runs; one that nobody has waited for yet has ended all the same."""
    try:
        stat = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def test_a_slow_metric_holds_up_no_other_entry(own: Own, pool: ScoringPool, folder: Path) -> None:
    own("import time\ntime.sleep(600)\nreturn 1.0", replace(LIMITS, seconds=0.01))
    assert pool._server is not None
    server = pool._server.pid
    wait_until(lambda: not children_of(server))
    slow = threading.Thread(target=pool.score, args=(job(folder), replace(LIMITS, seconds=600)))
    slow.start()
    wait_until(lambda: bool(children_of(server)))
    (supervisor,) = children_of(server)
    quick_folder = folder / "quick"
    quick_folder.mkdir()
    dump_contest(TOY, quick_folder / "contest.toml")
    quick = ScoringJob(quick_folder / "contest.toml", folder / "solution.csv", folder / "entry.csv")

    outcome = pool.score(quick)

    assert outcome.status == "scored"
    assert slow.is_alive()
    os.kill(supervisor, signal.SIGKILL)
    slow.join()


def test_a_pool_whose_server_died_starts_another(folder: Path) -> None:
    with ScoringPool(LIMITS) as own_pool:
        own_pool.start()
        assert own_pool._server is not None
        own_pool._server.kill()
        own_pool._server.wait()

        assert own_pool.score(job(folder)).status == "scored"


def test_the_child_ends_when_nobody_waits_for_it_any_more(folder: Path) -> None:
    choice = MetricChoice("mine", file="metric.py", predicts="labels", greater_is_better=True)
    dump_contest(replace(TOY, metric=choice), folder / "contest.toml")
    (folder / "metric.py").write_text("import time\ntime.sleep(600)\n")
    program = (
        "import sys; from pathlib import Path\n"
        "from competition.scoring import ScoringPool, ScoringJob\n"
        "pool = ScoringPool(); pool.start(); print(pool._server.pid, flush=True)\n"
        "names = ('contest.toml', 'solution.csv', 'entry.csv')\n"
        f"pool.score(ScoringJob(*(Path({str(folder)!r}) / name for name in names)))\n"
    )
    waiting = subprocess.Popen(
        [sys.executable, "-P", "-c", program], stdout=subprocess.PIPE, text=True
    )
    with waiting:
        assert waiting.stdout is not None
        try:
            server = int(waiting.stdout.readline())
            wait_until(lambda: bool(children_of(server)))
            (supervisor,) = children_of(server)
            wait_until(lambda: bool(children_of(supervisor)))
            (child,) = children_of(supervisor)
        finally:
            waiting.kill()
    wait_until(lambda: not any(map(is_running, (server, supervisor, child))))


def test_packed_entries_are_scored_alike(pool: ScoringPool, folder: Path) -> None:
    for ending in (".csv.gz", ".csv.zip"):
        pd.read_csv(folder / "entry.csv").to_csv(folder / f"entry{ending}", index=False)
        one = ScoringJob(
            folder / "contest.toml", folder / "solution.csv", folder / f"entry{ending}"
        )
        outcome = pool.score(one)
        assert outcome.scores is not None, outcome.message
        assert outcome.scores.overall == 0.5


def test_the_shared_pool_scores_by_paths(folder: Path) -> None:
    files = (folder / "contest.toml", folder / "solution.csv", folder / "entry.csv")

    assert score_in_child(*files, LIMITS).status == "scored"


def test_a_file_is_scored_by_the_hosts_metric_in_a_child(folder: Path) -> None:
    choice = MetricChoice("mine", file="metric.py", predicts="labels", greater_is_better=True)
    metric = folder / "elsewhere.py"
    metric.write_text("def score(solution, submission, row_id_column_name): return 42\n")
    files = (folder / "solution.csv", folder / "entry.csv")

    assert score_file(replace(TOY, metric=choice), *files, metric).overall == 42.0
    metric.write_text("def score(*_): raise ValueError('broken')\n")
    with pytest.raises(MetricFailed, match="broken"):
        score_file(replace(TOY, metric=choice), *files, metric)


def written(outcome: ScoringOutcome) -> bytes:
    file = io.BytesIO()
    write_outcome(outcome, file)
    return file.getvalue() + END


def test_an_outcome_survives_writing_and_reading() -> None:
    losses = np.array([0.1 + 0.2, np.nan, -0.0])
    whole = ScoringOutcome("scored", Scores(1 / 3), row_losses=losses)

    back = read_outcome(io.BytesIO(written(whole)), "printed")

    assert (back.scores, back.output) == (whole.scores, "printed")
    np.testing.assert_array_equal(back.row_losses, losses)


def test_an_outcome_that_is_cut_off_is_noticed() -> None:
    whole = written(ScoringOutcome("failed", message="so"))

    assert read_outcome(io.BytesIO(whole)).message == "so"
    for cut in (whole[:-1], whole[:5], b"", whole + b"extra"):
        with pytest.raises(ValueError):
            read_outcome(io.BytesIO(cut))
