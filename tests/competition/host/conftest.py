"""A small contest, a running host, and the real client in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from competition.definition import Contest, MetricChoice, dump_contest
from competition.host import create_app, open_port, running_app
from competition.queue import Worker
from competition.scoring import ScoringPool
from competition.store import Store, add_contest, add_user, create_token, open_store

SLUG = "pit-or-flesh"
DECOY = "KGAT_decoy_of_a_real_token_that_must_never_leave"
TEST_IDS = range(100, 140)
USERS = ("ada", "grace", "eve")


@dataclass
class Clock:
    """A clock that tests can move; at first the real one."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class House:
    """A store with a contest and three accounts, where it is served, and what it was sent."""

    store: Store
    url: str
    clock: Clock
    tokens: dict[str, str]
    requests: list[Scope]
    pool: ScoringPool
    slug: str = SLUG

    def call(
        self, method: str, fields: object = None, *, user: str | None = "ada", **options: object
    ) -> httpx.Response:
        """Make one call of Kaggle's, as a program that is not theirs."""
        service = "competitions.CompetitionApiService/" if "/" not in method else ""
        headers = {"Authorization": f"Bearer {self.tokens[user]}"} if user else {}
        return httpx.post(
            f"{self.url}/api/v1/{service}{method}", json=fields or {}, headers=headers, timeout=60
        )

    def score_all(self) -> None:
        """Score every entry that waits."""
        worker = Worker(self.store, clock=self.clock, pool=self.pool)
        while worker.step():
            pass


class Recorder:
    """Notes every request on its way to the host."""

    def __init__(self, app: ASGIApp, seen: list[Scope]) -> None:
        self.app = app
        self.seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.seen.append(scope)
        await self.app(scope, receive, send)


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
def write_contest() -> Callable[..., Contest]:
    """Write a contest of forty test rows: is it the pit (1) or the flesh (0)?"""
    return _write_contest


@pytest.fixture
def submission() -> Callable[[int], str]:
    """The text of a submission whose first rows are wrong, so many of them."""
    return _submission


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with the contest and a home that holds it and three accounts; their tokens."""
    folder = tmp_path_factory.mktemp("furnished")
    now = datetime.now(UTC)
    _write_contest(folder / "contest")
    with open_store(folder / "home") as store:
        for name in USERS:
            add_user(store, name, password=f"{name} likes avocados", now=now)
        add_contest(store, folder / "contest", host="grace", now=now)
        return folder, {name: create_token(store, name, now=now) for name in USERS}


@pytest.fixture(scope="session")
def pool() -> Iterator[ScoringPool]:
    """Scoring children for all houses; starting them takes seconds."""
    with ScoringPool() as pool:
        yield pool


@pytest.fixture
def house(
    tmp_path: Path, furnished: tuple[Path, dict[str, str]], pool: ScoringPool
) -> Iterator[House]:
    """A running host: ada takes part, grace runs the contest, eve looks in."""
    clock = Clock()
    source, tokens = furnished
    shutil.copytree(source, tmp_path, dirs_exist_ok=True)
    with open_store(tmp_path / "home") as store:
        seen: list[Scope] = []
        app = Recorder(create_app(store, clock=clock), seen)
        with open_port("127.0.0.1", 0) as listening, running_app(app, listening):
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            yield House(store, url, clock, tokens, seen, pool)


@pytest.fixture
def scoring(house: House) -> Iterator[None]:
    """A worker that scores what arrives."""
    stop = threading.Event()
    worker = Worker(house.store, clock=house.clock, pool=house.pool)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The folder in which clients run."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def user_home(tmp_path: Path) -> Path:
    """A home folder in which somebody's real Kaggle credentials lie."""
    home = tmp_path / "user"
    (home / ".kaggle").mkdir(parents=True)
    (home / ".kaggle" / "access_token").write_text(DECOY)
    (home / ".kaggle" / "kaggle.json").write_text(json.dumps({"username": "real", "key": DECOY}))
    (home / ".kaggle" / "kaggle.json").chmod(0o600)
    return home


@pytest.fixture
def client_environment(house: House, user_home: Path, work: Path) -> dict[str, str]:
    """What the shell lines of `ripe user add` set, for the forward-proxy form."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(user_home),
        "TMPDIR": str(work.parent),
        "PYTHONSAFEPATH": "1",
        "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
        "KAGGLE_API_TOKEN": house.tokens["ada"],
        "http_proxy": house.url,
        "no_proxy": "",
    }


@pytest.fixture
def kaggle(house: House, client_environment: dict[str, str], work: Path) -> Kaggle:
    """The official command, reaching the host as its ``http_proxy``."""

    def run(*arguments: str, user: str = "ada", env: dict[str, str] | None = None) -> Outcome:
        environment = {
            **client_environment,
            "KAGGLE_API_TOKEN": house.tokens[user],
            **(env or {}),
        }
        command = [str(Path(sys.executable).with_name("kaggle")), *arguments]
        done = subprocess.run(
            command, env=environment, cwd=work, capture_output=True, text=True, timeout=300
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


def _write_contest(folder: Path, **changes: object) -> Contest:
    settings: dict[str, object] = {
        "slug": SLUG,
        "title": "Pit or flesh?",
        "metric": MetricChoice("accuracy"),
        "targets": ("is_pit",),
        "labels": (0, 1),
        "description": "Tell the pit from the flesh.",
        "pages": {"description": "# Pit or flesh?\n\nHow *hard* can it be?", "rules": "Be kind."},
        **changes,
    }
    contest = Contest(**settings)  # type: ignore[arg-type]
    (folder / "data").mkdir(parents=True)
    dump_contest(contest, folder / "contest.toml")
    for name, text in (contest.pages or {}).items():
        (folder / "pages").mkdir(exist_ok=True)
        (folder / "pages" / f"{name}.md").write_text(text)
    data = folder / "data"
    _write(data / "train.csv", "id,hardness,is_pit", [f"{i},{i % 7},{i % 2}" for i in range(60)])
    _write(data / "test.csv", "id,hardness", [f"{i},{i % 7}" for i in TEST_IDS])
    _write(data / "sample_submission.csv", "id,is_pit", [f"{i},0" for i in TEST_IDS])
    rows = [f"{i},{i % 2},{'Private' if i // 2 % 2 else 'Public'}" for i in TEST_IDS]
    _write(folder / "solution.csv", "id,is_pit,Usage", rows)
    return contest


def _write(path: Path, header: str, rows: list[str]) -> None:
    path.write_text("\n".join([header, *rows]) + "\n")


def _submission(wrong: int = 0) -> str:
    rows = [f"{i},{i % 2 ^ int(place < wrong)}" for place, i in enumerate(TEST_IDS)]
    return "\n".join(["id,is_pit", *rows]) + "\n"
