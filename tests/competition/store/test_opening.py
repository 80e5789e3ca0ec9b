import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from competition.store import StoreUnavailable, add_user, get_secret, list_users, open_store
from competition.store.columns import UtcTime
from competition.store.schema import Base

OPEN = (
    "import sys; from datetime import UTC, datetime; from competition.store import *; "
    "store = open_store(sys.argv[1], database=sys.argv[2] or None); "
    "add_user(store, sys.argv[3], now=datetime.now(UTC))"
)


def test_processes_that_open_a_fresh_home_at_once_do_not_race(tmp_path, fresh_database):
    children = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", OPEN, tmp_path / "home", fresh_database or "", f"u{i}"],
            stderr=subprocess.PIPE,
        )
        for i in range(4)
    ]
    assert [child.communicate()[1].decode() for child in children] == [""] * 4
    with open_store(tmp_path / "home", database=fresh_database) as store:
        assert len(list_users(store)) == 4


def test_the_migrations_make_exactly_the_tables_of_the_schema(store):
    def same_type(_context, _column, _metadata_column, _found, declared):
        return False if isinstance(declared, UtcTime) else None

    with store.engine.connect() as connection:
        options = {"compare_type": same_type}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_sqlite_is_opened_with_a_write_ahead_log_and_foreign_keys(tmp_path):
    with open_store(tmp_path) as store, store.reading() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
        assert session.scalar(text("PRAGMA busy_timeout")) == 30000


def test_only_what_may_be_made_again_does_not_wait_for_the_disk(store):
    question, waits, does_not = (
        ("PRAGMA synchronous", 2, 1)
        if store.is_sqlite
        else ("SHOW synchronous_commit", "on", "off")
    )
    for _ in range(2):
        with store.writing(durable=False) as session:
            assert session.scalar(text(question)) == does_not
        with store.writing() as session:
            assert session.scalar(text(question)) == waits


def test_state_is_there_when_the_home_is_opened_again(tmp_path, database, now):
    with open_store(tmp_path, database=database) as store:
        add_user(store, "ada", now=now)
        secret = get_secret(store, "signing")
    with open_store(tmp_path, database=database) as store:
        assert [user.name for user in list_users(store)] == ["ada"]
        assert get_secret(store, "signing") == secret
        assert get_secret(store, "other") != secret


def test_a_failed_transaction_leaves_nothing(store, now):
    from competition.store.schema import SecretRow

    with pytest.raises(ZeroDivisionError), store.writing() as session:
        session.add(SecretRow(name="half", value=b"x"))
        session.flush()
        1 / 0  # noqa: B018
    with store.reading() as session:
        assert session.get(SecretRow, "half") is None


def test_many_threads_write_at_once(store, now):
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda i: add_user(store, f"user{i}", now=now), range(48)))
    assert len(list_users(store)) == 48


def test_an_unreachable_database_is_one_clear_sentence(tmp_path):
    address = "postgresql://ripe:secret@127.0.0.1:1/ripe"
    with pytest.raises(StoreUnavailable, match="cannot be opened") as refused:
        open_store(tmp_path, database=address)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(StoreUnavailable, match="looks like postgresql://"):
        open_store(tmp_path, database="no address")


def test_every_foreign_key_of_a_growing_table_can_be_followed(store):
    inspector = inspect(store.engine)
    assert {key["referred_table"] for key in inspector.get_foreign_keys("entries")} == {
        "contests",
        "contest_versions",
        "files",
        "teams",
        "users",
    }


def test_a_home_that_others_could_read_is_closed_to_them(tmp_path):
    home = tmp_path / "old"
    with open_store(home) as store:
        store.files.put(Path(__file__))
    home.chmod(0o755)
    for name in ("host.db", "uploads"):
        (home / name).chmod(0o755)
    (home / "contests").mkdir(mode=0o755)
    open_store(home).close()
    for name in ("host.db", "uploads", "contests"):
        assert (home / name).stat().st_mode & 0o007 == 0, name
    assert (home / "uploads").stat().st_mode & 0o070 == 0o050


def test_a_new_home_is_its_owners_alone(tmp_path):
    open_store(tmp_path / "new").close()
    for path in (tmp_path / "new", tmp_path / "new" / "uploads"):
        assert path.stat().st_mode & 0o077 == 0
    assert (tmp_path / "new" / "host.db").stat().st_mode & 0o007 == 0
