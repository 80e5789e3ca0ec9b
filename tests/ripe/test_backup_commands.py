"""A home in one file: taken while it is in use, put back elsewhere, and nothing is lost."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest

from competition.building import build_contest_folder
from competition.queue import Worker
from competition.scoring import ScoringPool
from competition.store import (
    add_contest,
    add_user,
    audit_records,
    get_entry,
    open_store,
    public_board,
    submit_entry,
    verify_audit,
)
from pipelines.tracking.addresses import move_session
from pipelines.tracking.rows import RunLog, read_rows
from pipelines.tracking.store import prepare_store
from pipelines.tracking.writer import SessionWriter
from ripe.backups import BackupProblem, restore_backup, write_backup
from ripe.cli import main

SQLITE_IN_NAME_ONLY = b"SQLite format 3\x00 and then something else"
NOW = datetime(2026, 3, 4, tzinfo=UTC)
TRACKS = """
import sys, mlflow
from pathlib import Path
from mlflow import MlflowClient
from pipelines.tracking.store import prepare_store
home = Path(sys.argv[1])
uri = f"sqlite:///{home / 'mlflow.db'}"
prepare_store(uri)
client = MlflowClient(uri)
experiment = client.create_experiment("fruit", artifact_location=str(home / "artifacts" / "fruit"))
mlflow.set_tracking_uri(uri)
with mlflow.start_run(experiment_id=experiment) as run:
    mlflow.log_text("kept", "note.txt")
    logged = mlflow.pyfunc.log_model(
        name="model", python_model=str(home / "code.py"), pip_requirements=["numpy"],
    )
client.create_registered_model("fruit")
version = client.create_model_version("fruit", logged.model_uri, run.info.run_id)
client.set_registered_model_alias("fruit", "champion", version.version)
print(run.info.run_id)
"""
MODEL = """
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

class Doubles(PythonModel):
    def predict(self, context, model_input, params=None):
        return [2 * one for one in model_input]

set_model(Doubles())
"""
LOADS = """
import sys, mlflow
from pathlib import Path
from mlflow import MlflowClient
home, run = Path(sys.argv[1]), sys.argv[2]
uri = f"sqlite:///{home / 'mlflow.db'}"
mlflow.set_tracking_uri(uri)
client = MlflowClient(uri)
print(Path(client.download_artifacts(run, "note.txt")).read_text())
print(mlflow.pyfunc.load_model("models:/fruit@champion").predict([21]))
print(client.get_run(run).info.artifact_uri.startswith(str(home)))
"""


@pytest.fixture
def ripe(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs ``ripe …``; gives status, output and errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(one) for one in arguments])
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a contest and a scored entry."""
    place = tmp_path / "old home"
    table = "id,size,ripe\n" + "".join(f"{n},{n % 7},{n % 2}\n" for n in range(60))
    (tmp_path / "table.csv").write_text(table)
    folder = tmp_path / "fruit"
    build_contest_folder(
        folder, slug="fruit", train=tmp_path / "table.csv", targets=["ripe"], id_column="id",
        metric="accuracy",
    )  # fmt: skip
    with open_store(place) as store, ScoringPool() as pool:
        add_contest(store, folder, now=NOW)
        add_user(store, "ada", now=NOW)
        digest = store.files.put(folder / "data" / "sample_submission.csv")
        submit_entry(store, "fruit", "ada", upload=digest, file_name="a.csv", now=NOW)
        Worker(store, pool=pool, clock=lambda: NOW).run(threading.Event(), once=True)
    (place / "ledger.jsonl").write_text('{"ref": 1}\n{"ref"')
    return place


def run_python(program: str, *arguments: object) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-P", "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_a_restored_home_serves_entries_boards_runs_and_models(ripe, home, tmp_path):
    (home / "code.py").write_text(MODEL)
    run = run_python(TRACKS, home)[-1]
    status, output, _ = ripe("--home", home, "backup", tmp_path / "all.tar.gz")
    assert status == 0 and "files" in output
    with open_store(home) as store:
        board = public_board(store, "fruit")
    shutil.rmtree(home)
    moved = tmp_path / "elsewhere" / "new"
    status, output, _ = ripe("restore", tmp_path / "all.tar.gz", "--home", moved)
    assert status == 0 and f"ripe --home {moved} up" in output
    with open_store(moved) as store:
        assert public_board(store, "fruit") == board
        entry = get_entry(store, board[0].entry_ref)
        assert store.files.path(entry.upload).read_text().startswith("id,")
        assert audit_records(store, "fruit") and not verify_audit(store, "fruit")
    assert run_python(LOADS, moved, run) == ["kept", "[42]", "True"]


def test_what_a_worker_lays_out_is_left_out_without_a_word(ripe, home, tmp_path):
    laid_out = home / "spool" / "contests" / "f00"
    laid_out.mkdir(parents=True)
    (laid_out / "contest.toml").write_text("x")
    (laid_out / "solution.csv").symlink_to(home / "host.db")
    status, output, _ = ripe("--home", home, "backup", tmp_path / "all.tar.gz")
    assert status == 0 and "left out" not in output
    assert ripe("restore", tmp_path / "all.tar.gz", "--home", tmp_path / "new")[0] == 0
    assert not (tmp_path / "new" / "spool" / "contests").exists()


def test_what_is_made_again_is_left_out_and_nothing_else_of_that_name(home, tmp_path):
    names = ("cache/features/f00/0.npz", "uploads/bundles/f.zip", "data/fruit/cache/notes.csv")
    for name in names:
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text("x")
    made = write_backup(home, tmp_path / "all.tar.gz", now=NOW)
    restore_backup(tmp_path / "all.tar.gz", tmp_path / "new")
    assert [(tmp_path / "new" / name).exists() for name in names] == [False, False, True]
    assert not made.left_out


def test_only_its_owner_reads_a_backup_and_a_restored_home(ripe, home, tmp_path):
    ripe("--home", home, "backup", tmp_path / "all.tar.gz")
    ripe("restore", tmp_path / "all.tar.gz", "--home", tmp_path / "new")
    everything = [tmp_path / "all.tar.gz", tmp_path / "new", *(tmp_path / "new").rglob("*")]
    assert [path for path in everything if path.stat().st_mode & 0o077] == []


def test_growing_files_are_taken_up_to_the_last_whole_line(home, tmp_path):
    write_backup(home, tmp_path / "all.tar.gz", now=NOW)
    restore_backup(tmp_path / "all.tar.gz", tmp_path / "new")
    assert (tmp_path / "new" / "ledger.jsonl").read_text() == '{"ref": 1}\n'


def test_files_of_others_are_taken_byte_for_byte(home, tmp_path):
    files = {"data/fruit/notes.jsonl": b'{"a": 1}\n{"b": 2}', "uploads/ab/abc": SQLITE_IN_NAME_ONLY}
    for name, content in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(content)
    write_backup(home, tmp_path / "all.tar.gz", now=NOW)
    restore_backup(tmp_path / "all.tar.gz", tmp_path / "new")
    assert {name: (tmp_path / "new" / name).read_bytes() for name in files} == files


def test_rows_that_wait_to_be_sent_are_sent_from_the_restored_home(home, tmp_path):
    prepare_store(f"sqlite:///{home / 'mlflow.db'}")
    session = home / "spool" / "s" / "1"
    session.mkdir(parents=True)
    place = {"uri": f"sqlite:///{home / 'mlflow.db'}", "artifacts": "", "experiment": "fruit"}
    (session / "place.json").write_text(json.dumps(place))
    (home / "note.txt").write_text("kept")
    with RunLog(session / "study.jsonl") as log:
        log.start("wider", now=NOW)
        log.file(home / "note.txt")
        log.end("FINISHED", now=NOW)
    write_backup(home, tmp_path / "all.tar.gz", now=NOW)
    shutil.rmtree(home)
    new = tmp_path / "new"
    restore_backup(tmp_path / "all.tar.gz", new)
    SessionWriter(new / "spool" / "s" / "1").send_new_rows()
    client = prepare_store(f"sqlite:///{new / 'mlflow.db'}")
    [run] = client.search_runs([client.get_experiment_by_name("fruit").experiment_id])
    assert run.info.status == "FINISHED"
    assert [one.path for one in client.list_artifacts(run.info.run_id)] == ["note.txt"]
    assert not home.exists()


def test_what_was_sent_of_a_session_is_not_sent_again_after_it_has_moved(tmp_path):
    (tmp_path / "place.json").write_text('{"uri": "sqlite:////old/mlflow.db"}')
    first, second = '{"path":"/old/a"}\n', '{"path":"/older/b","folder":"/old/c"}\n'
    (tmp_path / "study.jsonl").write_text(first + second)
    (tmp_path / "runs.json").write_text(json.dumps({"study": {"offset": len(first)}}))
    move_session(tmp_path, "/old", "/far/away")
    offset = json.loads((tmp_path / "runs.json").read_text())["study"]["offset"]
    assert read_rows(tmp_path / "study.jsonl", offset)[0] == [
        {"path": "/older/b", "folder": "/far/away/c"}
    ]
    assert "sqlite:////far/away/mlflow.db" in (tmp_path / "place.json").read_text()


def test_a_backup_of_a_database_in_use_holds_whole_transactions(home, tmp_path):
    with closing(sqlite3.connect(home / "mlflow.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE pairs (one, other)")
        connection.commit()
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(home / "mlflow.db", timeout=60)) as connection:
            for number in range(100_000):
                if stop.is_set():
                    return
                with connection:
                    connection.execute("INSERT INTO pairs VALUES (?, NULL)", (number,))
                    connection.execute("UPDATE pairs SET other = one WHERE one = ?", (number,))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            write_backup(home, tmp_path / f"{number}.tar.gz", now=NOW)
    finally:
        stop.set()
        writer.join()
    restore_backup(tmp_path / "2.tar.gz", tmp_path / "new")
    assert not (tmp_path / "new" / "mlflow.db-wal").exists()
    with closing(sqlite3.connect(tmp_path / "new" / "mlflow.db")) as connection:
        assert connection.execute("SELECT count(*) FROM pairs WHERE other IS NULL").fetchone() == (
            0,
        )


@pytest.mark.parametrize(
    "name", ["../evil", "home/../../evil", "/etc/evil", "home", "other/evil", "home/./../../x"]
)
def test_a_backup_that_leads_out_of_the_home_is_refused(tmp_path, name):
    forged(tmp_path / "a.tar.gz", [tarfile.TarInfo(name)])
    with pytest.raises(BackupProblem, match="leads out of the home"):
        restore_backup(tmp_path / "a.tar.gz", tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar.gz"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_backup_with_links_or_devices_is_refused(tmp_path, kind):
    entry = tarfile.TarInfo("home/link")
    entry.type, entry.linkname = kind, "/etc/passwd"
    forged(tmp_path / "a.tar.gz", [entry])
    with pytest.raises(BackupProblem, match="holds only files"):
        restore_backup(tmp_path / "a.tar.gz", tmp_path / "new")


def test_a_backup_that_holds_more_than_it_says_is_refused(tmp_path):
    bomb = tarfile.TarInfo("home/bomb")
    bomb.size = 50_000_000
    forged(tmp_path / "a.tar.gz", [bomb], size=1000)
    with pytest.raises(BackupProblem, match="more than it says"):
        restore_backup(tmp_path / "a.tar.gz", tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar.gz"]


def test_a_backup_whose_description_names_no_home_is_refused(tmp_path):
    forged(tmp_path / "a.tar.gz", [], homes=[])
    with pytest.raises(BackupProblem, match="is no backup"):
        restore_backup(tmp_path / "a.tar.gz", tmp_path / "new")


def test_a_file_of_less_than_nothing_makes_no_room_for_another(tmp_path):
    lighter, bomb = tarfile.TarInfo("home/lighter"), tarfile.TarInfo("home/bomb")
    bomb.size = 1200
    forged(tmp_path / "a.tar.gz", [lighter, bomb], size=1000, sizes={"home/lighter": -500})
    with pytest.raises(BackupProblem):
        restore_backup(tmp_path / "a.tar.gz", tmp_path / "new")


def test_a_backup_that_is_cut_off_leaves_nothing_behind(home, tmp_path):
    write_backup(home, tmp_path / "all.tar.gz", now=NOW)
    whole = (tmp_path / "all.tar.gz").read_bytes()
    for share in (0.0, 0.3, 0.99):
        (tmp_path / "cut.tar.gz").write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(BackupProblem):
            restore_backup(tmp_path / "cut.tar.gz", tmp_path / "new")
        assert not (tmp_path / "new").exists()


def test_refusals_are_one_line(ripe, home, tmp_path):
    (tmp_path / "there.tar.gz").write_text("not a backup")
    for arguments, words in (
        (("--home", tmp_path / "none", "backup", tmp_path / "a.tar.gz"), "no home folder"),
        (("--home", home, "backup", tmp_path / "there.tar.gz"), "exists already"),
        (("--home", home, "backup", home / "a.tar.gz"), "in the home itself"),
        (("restore", tmp_path / "there.tar.gz", "--home", home), "not empty"),
        (("restore", tmp_path / "there.tar.gz", "--home", tmp_path / "x"), "no backup"),
        (("restore", tmp_path / "none.tar.gz", "--home", tmp_path / "x"), "no file"),
    ):
        status, _, errors = ripe(*arguments)
        assert status == 1 and words in errors and errors.count("\n") == 1, errors


def forged(
    path: Path,
    entries: list[tarfile.TarInfo],
    size: int = 10**9,
    *,
    homes: Sequence[str] = ("/old",),
    sizes: Mapping[str, int] = MappingProxyType({}),
) -> None:
    told = {
        "homes": homes, "made_at": "2026-03-04", "files": 10, "size": size, "left_out": [],
        "format": 1,
    }  # fmt: skip
    with tarfile.open(path, "w:gz") as archive:
        text = json.dumps(told).encode()
        description = tarfile.TarInfo("ripe-backup.json")
        description.size = len(text)
        archive.addfile(description, io.BytesIO(text))
        for entry in entries:
            content = io.BytesIO(bytes(entry.size))
            entry.size = sizes.get(entry.name, entry.size)
            archive.addfile(entry, content if entry.size > 0 else None)
        end = tarfile.TarInfo("ripe-backup-end.json")
        text = json.dumps({"files": len(entries)}).encode()
        end.size = len(text)
        archive.addfile(end, io.BytesIO(text))
