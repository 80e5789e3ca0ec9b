from datetime import timedelta

import pytest

from competition.errors import UnknownUser
from competition.store import (
    InvalidUserName,
    UserExists,
    add_user,
    audit_records,
    create_token,
    disable_user,
    find_user,
    list_tokens,
    list_users,
    revoke_tokens,
    set_password,
    user_of_password,
    user_of_token,
)
from competition.store.schema import TokenRow


def test_a_token_opens_its_users_account_and_no_other_text_does(store, now):
    user = add_user(store, "ada", now=now)
    token = create_token(store, "ada", label="laptop", now=now)
    assert user_of_token(store, token, now) == user
    assert user_of_token(store, token[:-1], now) is None
    assert user_of_token(store, "", now) is None


def test_only_the_digest_of_a_token_is_stored(store, now):
    add_user(store, "ada", now=now)
    token = create_token(store, "ada", now=now)
    with store.reading() as session:
        row = session.query(TokenRow).one()
        assert token not in {str(value) for value in vars(row).values()}
    assert all(token not in found.details for found in audit_records(store, "host"))


def test_revoked_expired_and_closed_accounts_tokens_open_nothing(store, now):
    add_user(store, "ada", now=now)
    kept, revoked = (create_token(store, "ada", now=now) for _ in range(2))
    short = create_token(store, "ada", now=now, expires=now + timedelta(hours=1))
    number = list_tokens(store, "ada")[1].id
    assert revoke_tokens(store, "ada", token_id=number, now=now) == 1
    assert user_of_token(store, revoked, now) is None
    assert user_of_token(store, short, now) is not None
    assert user_of_token(store, short, now + timedelta(hours=1)) is None
    assert user_of_token(store, kept, now) is not None
    disable_user(store, "ada", now=now)
    assert user_of_token(store, kept, now) is None
    assert find_user(store, "ada").is_disabled


def test_all_tokens_are_revoked_at_once_and_counted_once(store, now):
    add_user(store, "ada", now=now)
    tokens = [create_token(store, "ada", now=now) for _ in range(3)]
    assert revoke_tokens(store, "ada", now=now) == 3
    assert revoke_tokens(store, "ada", now=now) == 0
    assert [user_of_token(store, token, now) for token in tokens] == [None] * 3


def test_the_last_use_of_a_token_is_kept(store, now):
    add_user(store, "ada", now=now)
    token = create_token(store, "ada", now=now)
    assert list_tokens(store, "ada")[0].last_used_at is None
    later = now + timedelta(hours=2)
    user_of_token(store, token, later)
    assert list_tokens(store, "ada")[0].last_used_at == later


def test_a_password_opens_the_account_until_it_is_replaced(store, now):
    add_user(store, "ada", password="first", now=now)
    add_user(store, "bob", now=now)
    assert user_of_password(store, "ada", "first").name == "ada"
    assert user_of_password(store, "ada", "second") is None
    assert user_of_password(store, "bob", "") is None
    assert user_of_password(store, "nobody", "first") is None
    set_password(store, "ada", "second", now=now)
    assert user_of_password(store, "ada", "first") is None
    assert user_of_password(store, "Ada", "second").name == "ada"


def test_a_name_is_taken_in_every_case(store, now):
    add_user(store, "Ada", now=now)
    with pytest.raises(UserExists, match="'ada' is taken"):
        add_user(store, "ada", now=now)
    assert [user.name for user in list_users(store)] == ["Ada"]


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "é", "x" * 51, "a\n"])
def test_a_name_that_an_address_could_not_carry_is_refused(store, now, name):
    with pytest.raises(InvalidUserName):
        add_user(store, name, now=now)


def test_an_unknown_user_is_named_with_a_suggestion(store, now):
    add_user(store, "adalovelace", now=now)
    with pytest.raises(UnknownUser, match="did you mean 'adalovelace'"):
        find_user(store, "adalovelac")


def test_naive_times_are_refused(store, now):
    with pytest.raises(Exception, match="time zone"):
        add_user(store, "ada", now=now.replace(tzinfo=None))
