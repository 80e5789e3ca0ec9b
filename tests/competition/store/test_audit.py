import pytest
from sqlalchemy import delete, update

from competition.store import add_user, audit_head, audit_records, record_view, verify_audit
from competition.store.schema import AuditRow


@pytest.fixture
def chain(store, now):
    for name in ("ada", "bob", "eve", "dan"):
        add_user(store, name, now=now)
    assert verify_audit(store, "host") == []
    return "host"


def test_records_continue_one_another(store, chain):
    records = audit_records(store, chain)
    assert [found.number for found in records] == [1, 2, 3, 4]
    assert records[2].previous == records[1].digest
    assert audit_head(store, chain) == (4, records[-1].digest)
    assert [found.number for found in audit_records(store, chain, after=1, limit=2)] == [2, 3]
    assert audit_head(store, "empty") == (0, "0" * 64)


@pytest.mark.parametrize("column", ["at", "actor", "action", "details"])
def test_a_changed_record_is_found(store, chain, column):
    _execute(store, update(AuditRow).where(AuditRow.number == 2).values({column: "forged"}))
    assert verify_audit(store, chain) == ["record 2 was changed after it was written"]


def test_a_removed_record_is_found(store, chain):
    _execute(store, delete(AuditRow).where(AuditRow.number == 2))
    assert verify_audit(store, chain) == ["record 2 is missing before record 3"]


def test_a_cut_off_end_is_found(store, chain):
    _execute(store, delete(AuditRow).where(AuditRow.number > 2))
    assert verify_audit(store, chain) == ["the chain should end with record 4, but ends with 2"]


def test_a_forged_record_with_its_own_seal_is_found(store, chain):
    from dataclasses import replace

    from competition.store.audit import _seal

    forged = replace(audit_records(store, chain)[1], actor="eve")
    values = {"actor": "eve", "digest": _seal(forged)}
    _execute(store, update(AuditRow).where(AuditRow.number == 2).values(values))
    assert verify_audit(store, chain) == ["record 3 does not continue record 2"]


def test_views_of_private_data_are_on_record(store, now):
    record_view(store, "toy", "host", "solution.csv", now=now)
    (found,) = audit_records(store, "toy")
    assert (found.actor, found.action) == ("host", "private data viewed")
    assert "solution.csv" in found.details


def _execute(store, statement):
    with store.writing() as session:
        session.execute(statement)
