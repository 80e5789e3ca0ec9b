"""`ripe up`: serves a home and the MLflow UI, and stops both when told."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click
import httpx
import pytest

from competition.definition import Contest, MetricChoice, dump_contest
from competition.queue import count_workers
from competition.store import (
    Status,
    add_contest,
    add_user,
    create_token,
    get_entry,
    open_store,
    submit_entry,
)
from competition.store.schema import JobRow
from ripe.commands.up import command

RIPE = str(Path(sys.executable).with_name("ripe"))


@contextmanager
def up(home: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    with subprocess.Popen(
        [RIPE, "--home", str(home), "up", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            yield process, addresses(process)
        finally:
            process.kill()


def addresses(process: subprocess.Popen[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    assert process.stdout
    for line in process.stdout:
        if match := re.match(r"  (\w+)\s+(http://\S+)", line):
            found[match[1]] = match[2]
        if "Ctrl-C" in line:
            return found
    raise AssertionError("it ended before it served")


def eventually(claim: Callable[[], bool], seconds: float = 120) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if claim():
            return True
        time.sleep(0.1)
    return False


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=60).status_code == 200
    except httpx.HTTPError:
        return False


def server_of(port: int) -> int | None:
    """The process that runs the MLflow server of a port."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"mlflow" in words and str(port).encode() in words:
            return int(path.parent.name)
    return None


def test_it_serves_a_fresh_home_and_ends_with_status_0_when_told(tmp_path: Path) -> None:
    with up(tmp_path / "home", "--no-mlflow") as (process, found):
        assert list(found) == ["contests"]
        assert httpx.get(found["contests"] + "/healthz", timeout=60).json() == {"status": "ok"}
        assert "There is no contest here yet" in httpx.get(found["contests"], timeout=60).text
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    assert (tmp_path / "home" / "host.db").is_file()


def test_it_hears_a_signal_from_its_first_words_on(tmp_path: Path) -> None:
    with up(tmp_path / "home", "--no-mlflow") as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0


def test_an_upload_in_hand_is_finished_before_it_ends(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with open_store(home) as store:
        now = datetime.now(UTC)
        add_user(store, "ada", now=now)
        token = create_token(store, "ada", now=now)
    with up(home, "--no-mlflow", "--log") as (process, found):
        fields = {"type": "DATASET", "name": "a.bin", "contentLength": 6}
        service = "blobs.BlobApiService/StartBlobUpload"
        headers = {"Authorization": f"Bearer {token}"}
        told = httpx.post(
            f"{found['contests']}/api/v1/{service}", json=fields, headers=headers, timeout=60
        )

        def slowly() -> Iterator[bytes]:
            yield b"abc"
            assert eventually(lambda: any((home / "uploads" / "partial").glob("*.part")))
            process.send_signal(signal.SIGTERM)
            assert eventually(lambda: not listens(found["contests"]))
            yield b"def"

        assert httpx.put(told.json()["createUrl"], content=slowly(), timeout=60).status_code == 200
        assert process.wait(120) == 0
        assert process.stdout
        log = process.stdout.read()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert [line["status"] for line in lines if "status" in line] == [200, 200]
    assert token not in log


def listens(url: str) -> bool:
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname, place.port), timeout=60).close()
    except OSError:
        return False
    return True


def contest_with_an_endless_entry(folder: Path, home: Path) -> int:
    """Make a home whose one contest scores an entry of ones for ten minutes; return that entry."""
    (folder / "data").mkdir(parents=True)
    metric = MetricChoice("mine", file="metric.py", predicts="labels", greater_is_better=True)
    contest = Contest(
        slug="slow", title="Slow", metric=metric, targets=("ripe",), labels=(0, 1), launched_at=None
    )
    dump_contest(contest, folder / "contest.toml")
    (folder / "metric.py").write_text(
        "import time\n\ndef score(solution, submission, row_id_column_name):\n"
        '    time.sleep(600 * bool(submission["ripe"].all()))\n    return 0.25\n'
    )
    (folder / "solution.csv").write_text(
        "id,ripe,Usage\n1,0,Public\n2,1,Public\n3,0,Private\n4,1,Private\n"
    )
    (folder / "data" / "sample_submission.csv").write_text("id,ripe\n1,0\n2,0\n3,0\n4,0\n")
    now = datetime.now(UTC)
    with open_store(home) as store:
        add_user(store, "ada", now=now)
        add_contest(store, folder, now=now)
        (home / "ones.csv").write_text("id,ripe\n1,1\n2,1\n3,1\n4,1\n")
        digest = store.files.put(home / "ones.csv")
        return submit_entry(store, "slow", "ada", upload=digest, file_name="ones.csv", now=now).ref


def offspring(pid: int) -> set[int]:
    """All processes below one."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            words = path.read_text().rsplit(")", 1)[1].split()
            children.setdefault(int(words[1]), []).append(int(path.parent.name))
    found, new = set(), [pid]
    while new:
        new = [child for one in new for child in children.get(one, [])]
        found |= set(new)
    return found


def is_running(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has waited for yet has ended all the same."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def test_an_entry_in_hand_is_given_back_when_it_is_told_to_stop(tmp_path: Path) -> None:
    home = tmp_path / "home"
    ref = contest_with_an_endless_entry(tmp_path / "slow", home)
    with up(home, "--no-mlflow") as (process, _), open_store(home) as store:
        assert eventually(lambda: get_entry(store, ref).status is Status.SCORING)
        assert eventually(lambda: len(offspring(process.pid)) > 2)  # server, supervisor, child
        below = offspring(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
        assert get_entry(store, ref).status is Status.PENDING
        with store.reading() as session:
            job = session.get_one(JobRow, ref)
            assert (job.lease, job.worker, job.attempts, job.last_error) == (None, None, 0, "")
        assert count_workers(store, datetime.now(UTC)) == 0
        assert eventually(lambda: not any(map(is_running, below)))


def test_a_taken_port_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [RIPE, "--home", str(tmp_path), "up", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"ripe: port {port} of 127.0.0.1 is taken; choose another with --port, 0 takes a free one"
    ]


def test_the_mlflow_ui_comes_back_when_it_dies_and_goes_with_the_host(tmp_path: Path) -> None:
    with up(tmp_path / "home", "--mlflow-port", "0") as (process, found):
        url = found["MLflow"] + "/health"
        port = int(found["MLflow"].rsplit(":", 1)[1])
        assert eventually(lambda: answers(url))
        first = server_of(port)
        assert first
        os.killpg(os.getpgid(first), signal.SIGKILL)
        assert eventually(lambda: server_of(port) not in {None, first})
        assert eventually(lambda: answers(url))
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0
    assert eventually(lambda: server_of(port) is None)


def test_a_port_that_is_none_and_an_address_of_another_machine_are_told_apart(
    tmp_path: Path,
) -> None:
    def told(*options: str) -> str:
        command = ["--home", str(tmp_path), "up", "--no-mlflow", *options]
        done = subprocess.run([RIPE, *command], capture_output=True, text=True, timeout=120)
        assert done.returncode and "Traceback" not in done.stderr
        return done.stderr

    assert "is not in the range 0<=x<=65535" in told("--port", "99999")
    assert "1.2.3.4 is no address of this machine" in told("--host", "1.2.3.4")
    assert "no address of this machine" in told("--host", "1.2.3.4", "--port", "0")


@pytest.mark.parametrize(("cores", "slots"), [(None, 1), (1, 1), (2, 2), (64, 2)])
def test_two_entries_are_scored_side_by_side_where_there_are_two_cores(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, slots: int
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    [option] = [one for one in command.params if one.name == "scoring_slots"]
    assert option.get_default(click.Context(command)) == slots
