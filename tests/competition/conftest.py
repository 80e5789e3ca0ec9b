"""Stores on both databases, and a small contest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
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
OWN_METRIC = MetricChoice("mine", file="metric.py", predicts="labels", greater_is_better=True)
DOES_WITH_ONES = """
def score(solution, submission, row_id_column_name):
    if submission["ripe"].all():
        {deed}
    return 0.25
"""
"""A metric that a contest passes its trial with: only an entry of ones sets it off."""


def own_metric_source(deed: str) -> str:
    """Write a metric that does something where all predictions are 1."""
    return DOES_WITH_ONES.format(deed=deed)


@pytest.fixture(scope="session")
def postgres_database(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
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
    server = request.getfixturevalue("postgres")
    name: str = request.getfixturevalue("postgres_database")
    yield server.url(name)
    server.empty(name, list(Base.metadata.tables))


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of a database without tables."""
    if request.param == "sqlite":
        yield None
        return
    server = request.getfixturevalue("postgres")
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
    """Makes the folder of a small contest; arguments change its definition.

    `own_metric` is what its own metric does before it says 0.25.
    """
    numbers = count()

    def make(*, solution: str = SOLUTION, own_metric: str = "", **changes: Any) -> Path:
        if own_metric:
            changes["metric"] = OWN_METRIC
        folder = tmp_path / f"contest{next(numbers)}"
        (folder / "data").mkdir(parents=True)
        dump_contest(replace(CONTEST, **changes), folder / "contest.toml")
        (folder / "solution.csv").write_text(solution)
        if own_metric:
            (folder / "metric.py").write_text(own_metric_source(own_metric))
        ids = [line.split(",")[0] for line in solution.splitlines()[1:]]
        sample = "id,ripe\n" + "".join(f"{row},0\n" for row in ids)
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
