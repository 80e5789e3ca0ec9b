from dataclasses import replace
from datetime import timedelta

import pytest

from competition.errors import (
    DeadlinePassed,
    NotAllowed,
    QuotaExceeded,
    SubmissionRefused,
    SubmissionsDisabled,
    TooManyPending,
)
from competition.store import (
    Status,
    TeamKind,
    UnknownEntry,
    UnknownFile,
    audit_records,
    cancel_entry,
    create_contest,
    find_team,
    get_contest,
    get_entry,
    get_team,
    join_contest,
    list_contest_entries,
    list_entries,
    list_team_entries,
    submission_limits,
    submit_entry,
    update_contest,
)


@pytest.fixture
def send(store, upload, now):
    """Sends an entry for a user."""

    def entry(user="ada", *, at=now, slug="toy", **options):
        return submit_entry(
            store, slug, user, upload=upload(), file_name="mine.csv", now=at, **options
        )

    return entry


def test_an_entry_waits_and_its_sender_has_a_team(store, new_contest, send, now):
    new_contest()
    entry = send(description="first try")
    assert entry.status is Status.PENDING
    assert (entry.team, entry.user, entry.description) == ("ada", "ada", "first try")
    assert entry.submitted_at == now
    assert get_entry(store, entry.ref) == entry
    assert find_team(store, "toy", "ada").members == ("ada",)
    assert audit_records(store, "toy")[-1].action == "entry sent"


def test_entries_are_listed_newest_first_and_by_team(store, new_contest, send, now):
    new_contest()
    mine = [send(at=now + timedelta(seconds=second)).ref for second in (1, 0, 2)]
    other = send("bob").ref
    expected = [mine[2], mine[0], mine[1]]
    assert [entry.ref for entry in list_entries(store, "toy", "ada")] == expected
    assert [entry.ref for entry in list_entries(store, "toy", "ada", limit=1, offset=1)] == [
        mine[0]
    ]
    team = find_team(store, "toy", "bob").id
    assert [entry.ref for entry in list_team_entries(store, team)] == [other]
    assert len(list_contest_entries(store, "toy")) == 4
    assert list_entries(store, "toy", "host") == []


def test_the_quota_holds_for_a_utc_day(store, new_contest, send, now):
    new_contest(max_daily_submissions=2)
    last_minute = now.replace(hour=23, minute=59)
    send(), send(at=last_minute)
    with pytest.raises(QuotaExceeded, match=r"2 of 2 entries today.*2026-03-05 00:00 UTC"):
        send(at=last_minute)
    send("bob", at=last_minute)
    send(at=last_minute + timedelta(minutes=1))
    limits = submission_limits(store, "toy", "ada", last_minute)
    assert (limits.used_today, limits.total, limits.allowed_now) == (2, 3, 0)
    assert submission_limits(store, "toy", "host", now).allowed_now == 2


def test_cancelled_failed_and_rejected_entries_cost_no_quota(store, new_contest, send, now):
    new_contest(max_daily_submissions=1)
    for status in (Status.FAILED, Status.REJECTED):
        with store.writing() as session:
            _set_status(session, send().ref, status)
    cancel_entry(store, send().ref, actor="ada", now=now)
    send()
    with pytest.raises(QuotaExceeded):
        send()


def test_a_lowered_limit_still_holds(store, new_contest, send, now):
    contest = new_contest(max_daily_submissions=3)
    send(), send(), send()
    update_contest(store, "toy", replace(contest, max_daily_submissions=1), actor="host", now=now)
    with pytest.raises(QuotaExceeded):
        send()
    assert submission_limits(store, "toy", "ada", now).allowed_now == 0


def test_waiting_entries_are_limited(store, new_contest, send, now):
    new_contest(max_pending_submissions_per_team=2)
    first = send()
    send()
    with pytest.raises(TooManyPending, match="2 entries waiting"):
        send()
    cancel_entry(store, first.ref, actor="ada", now=now)
    send()


def test_only_waiting_entries_can_be_withdrawn(store, new_contest, send, now):
    new_contest()
    entry = send()
    assert cancel_entry(store, entry.ref, actor="ada", now=now).status is Status.CANCELLED
    with pytest.raises(NotAllowed, match="is cancelled"):
        cancel_entry(store, entry.ref, actor="ada", now=now)
    with pytest.raises(UnknownEntry, match="77"):
        cancel_entry(store, 77, actor="ada", now=now)


def test_late_entries_are_marked(store, new_contest, send, now):
    new_contest(deadline=now)
    assert not send(at=now).late
    assert send(at=now + timedelta(microseconds=1)).late


def test_a_moved_deadline_decides_anew_who_is_late(store, new_contest, send, now):
    contest = new_contest(deadline=now)
    entry = send(at=now + timedelta(hours=1))
    later = replace(contest, deadline=now + timedelta(days=1))
    update_contest(store, "toy", later, actor="host", now=now)
    assert entry.late and not get_entry(store, entry.ref).late
    update_contest(store, "toy", replace(contest, deadline=None), actor="host", now=now)
    assert not get_entry(store, entry.ref).late
    update_contest(store, "toy", contest, actor="host", now=now)
    assert get_entry(store, entry.ref).late


def test_new_entrants_come_until_their_deadline(store, new_contest, send, now):
    new_contest(new_entrant_deadline=now, deadline=now + timedelta(days=9))
    send(at=now)
    after = now + timedelta(seconds=1)
    with pytest.raises(DeadlinePassed, match="new entrants until 2026-03-04 12:00 UTC"):
        send("bob", at=after)
    send(at=after)


def test_a_closed_unlaunched_or_unready_contest_takes_no_entries(store, new_contest, send, now):
    contest = new_contest(disable_submissions=True)
    with pytest.raises(SubmissionsDisabled):
        send()
    new_contest(slug="later", launched_at=now + timedelta(hours=1))
    with pytest.raises(NotAllowed, match="not open yet"):
        send(slug="later")
    create_contest(store, replace(contest, slug="empty"), host="host", now=now)
    with pytest.raises(SubmissionsDisabled, match="no solution"):
        send(slug="empty")
    assert list_contest_entries(store, "toy") == []


def test_a_file_over_the_limit_is_refused(store, new_contest, now, tmp_path):
    new_contest(submission_size_limit_mb=1)
    (tmp_path / "big").write_bytes(b"x" * 1_000_001)
    digest = store.files.put(tmp_path / "big")
    with pytest.raises(SubmissionRefused, match="at most 1 MB"):
        submit_entry(store, "toy", "ada", upload=digest, file_name="big", now=now)


def test_an_upload_that_is_not_stored_is_refused(store, new_contest, now):
    new_contest()
    with pytest.raises(UnknownFile):
        submit_entry(store, "toy", "ada", upload="0" * 64, file_name="a.csv", now=now)


def test_a_private_contest_is_for_those_in_it(store, new_contest, send):
    new_contest(privacy="private")
    with pytest.raises(NotAllowed, match="invitation"):
        send()


def test_hosts_entries_cost_no_quota_and_participants_may_not_send_them(store, new_contest, send):
    new_contest(max_daily_submissions=1)
    baselines = [send("host", baseline=True, description=name) for name in ("Zeros", "Ones")]
    again = send("host", baseline=True, description="Zeros")
    trial = send("host", sandbox=True)
    assert baselines[0].team_id == again.team_id != baselines[1].team_id
    assert get_team(store, again.team_id).kind is TeamKind.BASELINE
    assert get_team(store, trial.team_id).kind is TeamKind.HOST
    for kind in ("sandbox", "baseline"):
        with pytest.raises(NotAllowed, match="only a host"):
            send(**{kind: True})


def test_team_names_of_a_contest_differ(store, new_contest, send, now):
    new_contest()
    send("host", baseline=True, description="ada")
    assert join_contest(store, "toy", "ada", now=now).name == "ada (2)"
    assert join_contest(store, "toy", "ada", now=now).name == "ada (2)"


def test_an_unknown_entry_is_named(store):
    with pytest.raises(UnknownEntry, match="99"):
        get_entry(store, 99)


def test_what_the_definition_says_is_used_from_the_next_entry_on(store, new_contest, send, now):
    contest = new_contest()
    update_contest(store, "toy", replace(contest, disable_submissions=True), actor="host", now=now)
    assert get_contest(store, "toy").disable_submissions
    with pytest.raises(SubmissionsDisabled):
        send()


def _set_status(session, ref, status):
    from competition.store.schema import EntryRow

    session.get_one(EntryRow, ref).status = status.value
