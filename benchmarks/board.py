"""How long a board read takes among many teams and entries.

Builds a contest of so many teams and entries straight in the tables, then times what a page asks
for: the top of both boards, a team's own place, a team's own entries; and what one more scored
entry costs.

    python benchmarks/board.py                       20 000 teams, 4 000 000 entries, SQLite
    python benchmarks/board.py --scale 0.01          a hundredth of it
    python benchmarks/board.py --database postgresql://…
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import insert, text

from competition.definition import Contest, MetricChoice
from competition.queue import finish_entry, lease_entry
from competition.scoring import Scores, ScoringOutcome
from competition.store import (
    Store,
    add_user,
    board_place,
    create_contest,
    find_user,
    list_entries,
    open_store,
    private_board,
    public_board,
    submission_limits,
    submit_entry,
)
from competition.store.schema import (
    ContestFileRow,
    EntryRow,
    FileRow,
    MembershipRow,
    StandingRow,
    TeamRow,
    UserRow,
    VersionRow,
)

TEAMS, ENTRIES = 20_000, 4_000_000
START = datetime(2026, 1, 1, tzinfo=UTC)
CHUNK = 20_000


def main() -> None:
    """Build and measure."""
    options = _options()
    teams, entries = int(TEAMS * options.scale), int(ENTRIES * options.scale)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(options.home or folder)
        with open_store(home, database=options.database) as store:
            began = time.perf_counter()
            build(store, teams, entries)
            seconds = time.perf_counter() - began
            kind = store.engine.dialect.name
            print(f"{kind}: {teams} teams, {entries} entries, built in {seconds:.0f} s")
            for what, times in measure(store, teams, options.repeats):
                low, high = statistics.median(times), max(times)
                print(f"{what:<42} median {1e3 * low:8.2f} ms   worst {1e3 * high:8.2f} ms")


def build(store: Store, teams: int, entries: int) -> None:
    """Fill the tables as if all entries had been sent and scored one by one."""
    add_user(store, "host", is_admin=True, now=START)
    contest = Contest(
        slug="big",
        title="Big",
        metric=MetricChoice("accuracy"),
        targets=("y",),
        labels=(0, 1),
        launched_at=START,
        max_daily_submissions=1000,
    )
    create_contest(store, contest, host="host", now=START)
    upload = store.files.put(io.BytesIO(b"id,y\n1,0\n"))
    with store.writing() as session:
        session.execute(insert(FileRow).values(digest=upload, size=9, created_at=START))
        session.execute(text("UPDATE contest_versions SET solution_digest = :d"), {"d": upload})
        version = session.query(VersionRow).one().id
        session.execute(
            insert(ContestFileRow).values(
                version_id=version,
                kind="solution",
                name="solution.csv",
                digest=upload,
                modified_at=START,
            )
        )
    _add_teams(store, teams)
    _add_entries(store, teams, entries, upload, version)
    with store.writing() as session:
        session.execute(text("ANALYZE"))


def measure(store: Store, teams: int, repeats: int) -> Iterator[tuple[str, list[float]]]:
    """Time each question of a page, with another team each time."""
    rng = np.random.default_rng(1)
    asked = [int(number) for number in rng.integers(1, teams + 1, repeats)]

    def times(ask: Callable[[int], object]) -> list[float]:
        found = []
        ask(asked[0])
        for team in asked:
            began = time.perf_counter()
            ask(team)
            found.append(time.perf_counter() - began)
        return found

    yield "public board, top 50", times(lambda _: public_board(store, "big", top=50))
    yield "final board, top 50", times(lambda _: private_board(store, "big", top=50))
    yield "own place", times(lambda team: board_place(store, "big", team))
    yield (
        "top 50 and own place",
        times(lambda team: (public_board(store, "big", top=50), board_place(store, "big", team))),
    )
    middle = teams // 2
    yield (
        "50 lines from the middle",
        times(lambda _: public_board(store, "big", top=50, offset=middle)),
    )
    yield (
        "own last 20 entries",
        times(lambda team: list_entries(store, "big", _name(team), limit=20)),
    )
    yield "quota", times(lambda team: submission_limits(store, "big", _name(team), START))
    yield "one more entry: sent, scored, counted", times(lambda team: _enter(store, team))
    whole = [_timed(lambda: public_board(store, "big")) for _ in range(3)]
    yield "the whole public board", whole


def _timed(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


def _enter(store: Store, team: int) -> None:
    now = START + timedelta(days=100)
    digest = store.files.put(io.BytesIO(b"id,y\n1,0\n"))
    submit_entry(store, "big", _name(team), upload=digest, file_name="a.csv", now=now)
    lease = lease_entry(store, "bench", now)
    assert lease is not None
    score = float(np.random.default_rng(team).normal())
    outcome = ScoringOutcome("scored", Scores(score, score, score))
    assert finish_entry(store, lease, outcome, now)


def _add_teams(store: Store, teams: int) -> None:
    first = find_user(store, "host").id + 1
    with store.writing() as session:
        for low in range(0, teams, CHUNK):
            numbers = range(low + 1, min(low + CHUNK, teams) + 1)
            session.execute(insert(UserRow), [_user(first + n - 1, n) for n in numbers])
            session.execute(insert(TeamRow), [_team(n, first + n - 1) for n in numbers])
            session.execute(insert(MembershipRow), [_member(n, first + n - 1) for n in numbers])
        _move_sequence(store, session, "users", first + teams)
        _move_sequence(store, session, "teams", teams + 1)


def _add_entries(store: Store, teams: int, entries: int, upload: str, version: int) -> None:
    rng = np.random.default_rng(0)
    skill = rng.normal(size=teams)
    team = rng.integers(0, teams, entries)
    public = skill[team] + rng.normal(size=entries)
    private = public + 0.3 * rng.normal(size=entries)
    first = find_user(store, "host").id + 1
    for low in range(0, entries, CHUNK):
        rows = range(low, min(low + CHUNK, entries))
        values = [
            _entry(row + 1, int(team[row]) + 1, first + int(team[row]), public[row], private[row])
            | {"digest": upload, "version_id": version}
            for row in rows
        ]
        with store.writing() as session:
            session.execute(insert(EntryRow), values)
        if sys.stderr.isatty():
            print(f"\r{rows[-1] + 1} entries", end="", file=sys.stderr)
    _add_standings(store, teams, team, public, private)
    with store.writing() as session:
        _move_sequence(store, session, "entries", entries + 1)


def _add_standings(
    store: Store, teams: int, team: np.ndarray, public: np.ndarray, private: np.ndarray
) -> None:
    order = np.lexsort((-public, team))
    own = team[order]
    starts = np.flatnonzero(np.r_[True, own[1:] != own[:-1]])
    counts = np.diff(np.r_[starts, len(own)])
    rows = []
    for start, count in zip(starts, counts, strict=True):
        best = int(order[start])
        final = int(max(order[start : start + min(2, count)], key=lambda row: private[row]))
        rows.append(
            {
                "team_id": int(team[best]) + 1,
                "contest_id": 1,
                "ranked": True,
                "entries": int(count),
                "last_entry_at": START + timedelta(days=90),
                "public_entry_id": best + 1,
                "public_key": -float(public[best]),
                "public_at": _at(best + 1),
                "private_entry_id": final + 1,
                "private_key": -float(private[final]),
                "private_at": _at(final + 1),
            }
        )
    with store.writing() as session:
        session.execute(insert(StandingRow), rows)


def _entry(ref: int, team: int, user: int, public: float, private: float) -> dict[str, object]:
    at = _at(ref)
    return {
        "id": ref,
        "contest_id": 1,
        "team_id": team,
        "user_id": user,
        "file_name": "submission.csv",
        "size": 9,
        "description": "",
        "submitted_at": at,
        "day": at.date(),
        "status": "scored",
        "sandbox": False,
        "baseline": False,
        "late": False,
        "public_score": float(public),
        "true_public_score": float(public),
        "private_score": float(private),
        "overall_score": float(private),
        "beside": {},
        "message": "",
        "host_message": "",
        "scored_at": at,
    }


def _at(ref: int) -> datetime:
    return START + timedelta(seconds=2 * ref)


def _name(team: int) -> str:
    return f"user{team}"


def _user(number: int, team: int) -> dict[str, object]:
    name = _name(team)
    return {
        "id": number,
        "name": name,
        "name_key": name,
        "is_admin": False,
        "created_at": START,
    }


def _team(team: int, leader: int) -> dict[str, object]:
    return {
        "id": team,
        "contest_id": 1,
        "name": _name(team),
        "kind": "participant",
        "leader_id": leader,
        "created_at": START,
    }


def _member(team: int, user: int) -> dict[str, object]:
    return {"contest_id": 1, "user_id": user, "team_id": team, "joined_at": START}


def _move_sequence(store: Store, session: object, table: str, value: int) -> None:
    if not store.is_sqlite:
        move = text(f"SELECT setval('{table}_id_seq', {value})")
        session.execute(move)  # type: ignore[attr-defined]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="1: 20 000 teams, 4 million entries"
    )
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--database", help="an empty PostgreSQL database; default: SQLite")
    parser.add_argument("--home", help="an empty folder; default: a temporary one")
    return parser.parse_args()


if __name__ == "__main__":
    main()
