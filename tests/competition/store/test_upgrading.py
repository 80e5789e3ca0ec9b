"""Homes of every earlier revision are upgraded with all they hold."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, insert, text

from competition.definition import Contest, MetricChoice, format_contest
from competition.store import (
    FolderFiles,
    audit_records,
    board_place,
    find_user,
    get_contest,
    get_entry,
    list_data_files,
    open_store,
    public_board,
    submit_entry,
)
from competition.store.columns import UtcTime
from competition.store.opening import _address, _engine
from competition.store.schema import Base
from competition.store.upgrading import StoreTooNew, migration_config, upgrade

THEN = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
REVISIONS = [
    script.revision for script in ScriptDirectory.from_config(migration_config()).walk_revisions()
][::-1]


def rows_0001(upload):
    """A user, a contest, a team and a scored entry, as revision 0001 kept them.

    The contest's title and its page's name are such as no new contest may have.
    """
    contest = Contest("old", "Old\nand good", MetricChoice("accuracy"), ("y",), labels=(0, 1))
    versions = {
        "id": 1, "contest_id": 1, "number": 1, "based_on": 0, "pages": {"x" * 70: "text"}, "note": "added",
        "definition": format_contest(contest), "greater_is_better": True,
        "metric_digest": "m", "solution_digest": upload, "created_at": THEN, "created_by": "host",
    }  # fmt: skip
    entry = {
        "id": 1, "contest_id": 1, "team_id": 1, "user_id": 1, "digest": upload, "size": 3,
        "file_name": "a.csv", "description": "", "submitted_at": THEN, "day": THEN.date(),
        "status": "scored", "sandbox": False, "baseline": False, "late": False, "version_id": 1,
        "public_score": 0.1 + 0.2, "true_public_score": 0.1 + 0.2, "private_score": 0.5,
        "overall_score": 0.4, "beside": {"auc": {"overall": 0.5, "public": None, "private": 1.0}},
        "message": "", "host_message": "", "scored_at": THEN,
    }  # fmt: skip
    standing = {
        "team_id": 1, "contest_id": 1, "ranked": True, "entries": 1, "last_entry_at": THEN,
        "public_entry_id": 1, "public_key": -(0.1 + 0.2), "public_at": THEN,
        "private_entry_id": 1, "private_key": -0.5, "private_at": THEN,
    }  # fmt: skip
    return {
        "files": {"digest": upload, "size": 3, "created_at": THEN},
        "users": {"id": 1, "name": "ada", "name_key": "ada", "is_admin": True, "created_at": THEN},
        "contests": {"id": 1, "slug": "old", "version": 1, "created_at": THEN},
        "contest_versions": versions,
        "contest_files": {
            "version_id": 1, "kind": "data", "name": "train.csv", "digest": upload,
            "modified_at": THEN,
        },
        "contest_hosts": {"contest_id": 1, "user_id": 1, "added_at": THEN},
        "teams": {"id": 1, "contest_id": 1, "name": "ada", "kind": "participant",
                  "leader_id": 1, "created_at": THEN},
        "memberships": {"contest_id": 1, "user_id": 1, "team_id": 1, "joined_at": THEN},
        "entries": entry,
        "standings": standing,
    }  # fmt: skip


def rows_0002(upload):
    """Revision 0002 added tables and changed none."""
    return rows_0001(upload)


def rows_0003(upload):
    """Revision 0003 added the replicates of entries on a board, and the entry of an upload."""
    replicates = {
        "team_id": 1, "entry_id": 1, "metric_digest": "m", "solution_digest": upload,
        "scores": b"\x00\x00\x00?",
    }  # fmt: skip
    return rows_0002(upload) | {"replicates": replicates}


BUILDERS = {"0001": rows_0001, "0002": rows_0002, "0003": rows_0003}


def test_every_revision_has_a_small_home_to_upgrade():
    assert list(BUILDERS) == REVISIONS


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_home_of_an_earlier_revision_keeps_what_it_holds(tmp_path, fresh_database, revision):
    home = tmp_path / "home"
    home.mkdir()
    upload = _store_upload(home)
    _build(home, fresh_database, revision, BUILDERS[revision](upload))
    with open_store(home, database=fresh_database) as store:
        assert _differences(store) == []
        assert find_user(store, "ada").created_at == THEN
        assert get_contest(store, "old").title == "Old\nand good"
        assert get_contest(store, "old").pages == {"x" * 70: "text"}
        assert list_data_files(store, "old")[0].name == "train.csv"
        entry = get_entry(store, 1)
        assert (entry.public_score, entry.submitted_at) == (0.1 + 0.2, THEN)
        assert entry.beside["auc"]["private"] == 1.0
        assert board_place(store, "old", 1) == public_board(store, "old")[0]
        sent = submit_entry(
            store, "old", "ada", upload=upload, file_name="b.csv", now=THEN, sandbox=True
        )
        assert sent.ref == 2
        assert audit_records(store, "old")[-1].action == "entry sent"


def test_a_home_of_a_newer_version_is_left_alone(tmp_path, fresh_database):
    with open_store(tmp_path, database=fresh_database) as store, store.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreTooNew, match="newer version of ripe"):
        open_store(tmp_path, database=fresh_database)


def _store_upload(home: Path) -> str:
    (home / "upload").write_bytes(b"abc")
    return FolderFiles(home / "uploads").put(home / "upload")


def _build(home, database, revision, rows):
    engine = _engine(_address(home, database))
    upgrade(engine, home, revision)
    tables = MetaData()
    tables.reflect(engine)
    with engine.execution_options(ripe_writes=True).begin() as connection:
        for name, values in rows.items():
            connection.execute(insert(tables.tables[name]), _plain(engine, values))
        if engine.dialect.name == "postgresql":
            for name in ("users", "contests", "contest_versions", "teams", "entries"):
                connection.exec_driver_sql(f"SELECT setval('{name}_id_seq', 1)")
    engine.dispose()


def _plain(engine, values):
    """SQLite keeps times without their zone, as UTC."""
    if engine.dialect.name == "postgresql":
        return values
    return {
        name: value.replace(tzinfo=None) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _differences(store):
    def same_type(_context, _column, _metadata_column, _found, declared):
        return False if isinstance(declared, UtcTime) else None

    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": same_type})
        return compare_metadata(context, Base.metadata)
