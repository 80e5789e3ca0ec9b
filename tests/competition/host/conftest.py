"""A small contest, a running host, and the real client in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from competition.definition import Contest, MetricChoice, dump_contest
from competition.host import running_host
from competition.store import Store, add_contest, add_user, create_token, open_store

SLUG = "pit-or-flesh"
DECOY = "KGAT_decoy_of_a_real_token_that_must_never_leave"
TEST_IDS = range(100, 140)


def write_contest(folder: Path, **changes: object) -> Contest:
    """Write a contest of forty test rows: is it the pit (1) or the flesh (0)."""
    settings = {
        "slug": SLUG,
        "title": "Pit or flesh?",
        "metric": MetricChoice("accuracy"),
        "targets": ("is_pit",),
        "labels": (0, 1),
        "description": "Tell the pit from the flesh.",
        "max_daily_submissions": 5,
        "pages": {"description": "# Pit or flesh?\n\nHow *hard* can it be?", "rules": "Be kind."},
        **changes,
    }
    contest = Contest(**settings)  # type: ignore[arg-type]
    (folder / "data").mkdir(parents=True)
    dump_contest(contest, folder / "contest.toml")
    _write(
        folder / "data" / "train.csv",
        "id,hardness,is_pit",
        [f"{i},{i % 7},{i % 2}" for i in range(60)],
    )
    _write(folder / "data" / "test.csv", "id,hardness", [f"{i},{i % 7}" for i in TEST_IDS])
    _write(folder / "data" / "sample_submission.csv", "id,is_pit", [f"{i},0" for i in TEST_IDS])
    usage = {0: "Public", 1: "Private"}
    _write(
        folder / "solution.csv",
        "id,is_pit,Usage",
        [f"{i},{i % 2},{usage[i // 2 % 2]}" for i in TEST_IDS],
    )
    return contest


def _write(path: Path, header: str, rows: list[str]) -> None:
    path.write_text("\n".join([header, *rows]) + "\n")


def submission_text(wrong: int = 0) -> str:
    """A submission whose first ``wrong`` rows are wrong."""
    rows = [f"{i},{(i % 2) ^ (position < wrong)}" for position, i in enumerate(TEST_IDS)]
    return (
        "\n".join(["id,is_pit", *map(str, rows)]).replace("True", "1").replace("False", "0") + "\n"
    )


@dataclass
class Clock:
    """A clock that tests can set; by default the real one."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class House:
    """A store with a contest and three accounts, and where it is served."""

    store: Store
    url: str
    clock: Clock
    tokens: dict[str, str]
    slug: str = SLUG


@dataclass(frozen=True)
class Outcome:
    """What a client process did."""

    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


Kaggle = Callable[..., Outcome]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A running host: user ada takes part, grace runs the contest, eve looks in."""
    clock = Clock()
    now = clock()
    write_contest(tmp_path / "contest")
    with open_store(tmp_path / "home") as store:
        for name in ("ada", "grace", "eve"):
            add_user(store, name, now=now)
        add_contest(store, tmp_path / "contest", host="grace", now=now)
        tokens = {name: create_token(store, name, now=now) for name in ("ada", "grace", "eve")}
        with running_host(store, clock=clock) as url:
            yield House(store, url, clock, tokens)


@pytest.fixture
def user_home(tmp_path: Path) -> Path:
    """A home folder in which the user's real Kaggle credentials lie."""
    home = tmp_path / "user"
    (home / ".kaggle").mkdir(parents=True)
    (home / ".kaggle" / "access_token").write_text(DECOY)
    (home / ".kaggle" / "kaggle.json").write_text(json.dumps({"username": "real", "key": DECOY}))
    (home / ".kaggle" / "kaggle.json").chmod(0o600)
    return home


@pytest.fixture
def kaggle(house: House, user_home: Path, tmp_path: Path) -> Kaggle:
    """The official command, reaching the host as an ``http_proxy``."""

    def run(*arguments: str, user: str = "ada", env: dict[str, str] | None = None) -> Outcome:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(user_home),
            "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
            "KAGGLE_API_TOKEN": house.tokens[user],
            "http_proxy": house.url,
            "PYTHONSAFEPATH": "1",
            "TMPDIR": str(tmp_path),
            **(env or {}),
        }
        command = [str(Path(sys.executable).with_name("kaggle")), *arguments]
        done = subprocess.run(
            command,
            env=environment,
            cwd=work_folder(tmp_path),
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


def work_folder(tmp_path: Path) -> Path:
    """The folder in which clients run."""
    folder = tmp_path / "work"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The folder in which clients run."""
    return work_folder(tmp_path)
