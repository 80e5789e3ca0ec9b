from dataclasses import replace
from datetime import timedelta

import pytest

from competition.errors import DeadlinePassed, NotAllowed
from competition.store import (
    InvalidInvitation,
    accept_invitation,
    audit_records,
    create_invitation,
    find_invitation,
    find_team,
    get_contest,
    get_team,
    join_contest,
    late_board,
    list_entries,
    list_invitations,
    list_teams,
    merge_teams,
    public_board,
    rename_team,
    revoke_invitation,
    select_final,
    submit_entry,
    update_contest,
    use_invitation,
)


def team_number(store, user):
    return find_team(store, "toy", user).id


def test_an_invitation_lets_into_a_private_contest(store, new_contest, upload, now):
    new_contest(privacy="private")
    secret = create_invitation(store, "toy", actor="host", now=now, uses=1)
    assert find_invitation(store, secret, now).contest == "toy"
    assert accept_invitation(store, secret, "ada", now=now).members == ("ada",)
    assert submit_entry(store, "toy", "ada", upload=upload(), file_name="a", now=now).ref
    with pytest.raises(InvalidInvitation, match="not valid"):
        accept_invitation(store, secret, "bob", now=now)
    assert find_team(store, "toy", "bob") is None


def test_who_is_in_already_spends_no_invitation(store, new_contest, now):
    new_contest()
    join_contest(store, "toy", "ada", now=now)
    secret = create_invitation(store, "toy", actor="host", now=now, uses=1)
    accept_invitation(store, secret, "ada", now=now)
    assert find_invitation(store, secret, now).uses_left == 1


def test_invitations_end(store, new_contest, now):
    new_contest(privacy="private")
    short = create_invitation(store, "toy", actor="host", now=now, expires=now + timedelta(1))
    gone = create_invitation(store, "toy", actor="host", now=now)
    revoke_invitation(store, list_invitations(store, "toy")[0].id, actor="host", now=now)
    for secret, at in ((short, now + timedelta(1)), (gone, now), ("guess", now)):
        with pytest.raises(InvalidInvitation):
            accept_invitation(store, secret, "ada", now=at)
    assert [found.is_revoked for found in list_invitations(store, "toy")] == [True, False]
    assert gone not in str(audit_records(store, "toy"))


def test_an_invitation_to_an_account_is_spent_use_by_use(store, new_contest, now):
    new_contest()
    secret = create_invitation(store, None, actor="host", now=now, uses=2)
    assert use_invitation(store, secret, now=now).uses_left == 1
    assert use_invitation(store, secret, now=now).uses_left == 0
    with pytest.raises(InvalidInvitation):
        use_invitation(store, secret, now=now)
    into_contest = create_invitation(store, "toy", actor="host", now=now)
    with pytest.raises(InvalidInvitation):
        use_invitation(store, into_contest, now=now)
    account = create_invitation(store, None, actor="host", now=now)
    with pytest.raises(InvalidInvitation):
        accept_invitation(store, account, "ada", now=now)


def test_merged_teams_have_one_place_and_all_entries(store, new_contest, enter, now):
    new_contest(max_team_size=2)
    enter("ada", 0.5)
    best = enter("bob", 0.9)
    select_final(store, "toy", "bob", [best], now=now)
    ada, bob = team_number(store, "ada"), team_number(store, "bob")
    merged = merge_teams(store, "toy", ada, bob, actor="ada", now=now)
    assert merged.members == ("ada", "bob")
    (row,) = public_board(store, "toy")
    assert (row.team, row.score, row.entries, row.members) == ("ada", 0.9, 2, ("ada", "bob"))
    assert [entry.ref for entry in list_entries(store, "toy", "bob")] == [best, best - 1]
    assert not list_entries(store, "toy", "bob")[0].selected
    assert team_number(store, "bob") == ada
    assert audit_records(store, "toy")[-1].action == "teams merged"
    with pytest.raises(NotAllowed, match="two different teams"):
        merge_teams(store, "toy", ada, bob, actor="ada", now=now)


def test_mergers_keep_to_size_quota_and_date(store, new_contest, enter, now):
    new_contest(max_daily_submissions=2, deadline=now + timedelta(days=9))
    for user in ("ada", "bob"):
        enter(user, 0.5), enter(user, 0.6)
    ada, bob = team_number(store, "ada"), team_number(store, "bob")

    def merge(at=now):
        return merge_teams(store, "toy", ada, bob, actor="host", now=at)

    with pytest.raises(NotAllowed, match="at most 1 members, the merged one would have 2"):
        merge()
    wider = replace(get_contest(store, "toy"), max_team_size=2)
    update_contest(store, "toy", wider, actor="host", now=now)
    with pytest.raises(NotAllowed, match="have sent 4 entries; one team could have sent 2"):
        merge()
    with pytest.raises(DeadlinePassed, match="could merge until 2026-03-13"):
        merge(now + timedelta(days=10))
    assert merge(now + timedelta(days=1)).members == ("ada", "bob")


def test_hosts_and_baselines_do_not_merge(store, new_contest, enter, now):
    new_contest(max_team_size=9)
    join_contest(store, "toy", "ada", now=now)
    join_contest(store, "toy", "host", now=now)
    with pytest.raises(NotAllowed):
        merge_teams(
            store, "toy", team_number(store, "ada"), team_number(store, "host"), actor="h", now=now
        )


def test_a_team_takes_a_name_that_is_free(store, new_contest, now):
    new_contest()
    join_contest(store, "toy", "ada", now=now)
    join_contest(store, "toy", "bob", now=now)
    number = team_number(store, "ada")
    assert rename_team(store, number, "Guacamole", actor="ada", now=now).name == "Guacamole"
    with pytest.raises(NotAllowed, match="named 'bob'"):
        rename_team(store, number, "bob", actor="ada", now=now)
    assert [team.name for team in list_teams(store, "toy")] == ["Guacamole", "bob"]
    with pytest.raises(LookupError, match="99"):
        get_team(store, 99)


def test_late_entries_stand_apart_with_the_rank_they_would_have_taken(
    store, new_contest, enter, now
):
    new_contest(deadline=now)
    enter("ada", 0.8), enter("bob", 0.6)
    enter("ada", 0.7, after=60)
    enter("bob", 0.9, after=61)
    enter("bob", 0.8, after=62)
    late = [(row.rank, row.team, row.score) for row in late_board(store, "toy")]
    assert late == [(1, "bob", 0.9), (2, "bob", 0.8), (2, "ada", 0.7)]
    assert len(late_board(store, "toy", top=1)) == 1
    assert [row.score for row in public_board(store, "toy")] == [0.8, 0.6]
