"""Capability tokens say what they were made to say, to this host, for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competition.host.signing import BadToken, ExpiredToken, Signer, in_stable_window

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SIGNER = Signer(b"k" * 32)


def test_a_token_gives_back_its_claims() -> None:
    token = SIGNER.sign("file", {"d": "ab", "m": 3}, until=NOW + HOUR)
    assert SIGNER.read("file", token, now=NOW) == {"d": "ab", "m": 3}


def test_a_token_ends() -> None:
    token = SIGNER.sign("file", {}, until=NOW)
    with pytest.raises(ExpiredToken):
        SIGNER.read("file", token, now=NOW + timedelta(seconds=1))


def test_a_token_of_another_kind_or_host_is_refused() -> None:
    token = SIGNER.sign("file", {}, until=NOW + HOUR)
    with pytest.raises(BadToken):
        SIGNER.read("session", token, now=NOW)
    with pytest.raises(BadToken):
        Signer(b"x" * 32).read("file", token, now=NOW)


@given(st.text(max_size=80))
def test_no_other_text_is_a_token(text: str) -> None:
    with pytest.raises(BadToken):
        SIGNER.read("file", text, now=NOW)


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_a_token_with_one_other_letter_is_refused(place: int, letter: str) -> None:
    token = SIGNER.sign("file", {"d": "a" * 64}, until=NOW + HOUR)
    place %= len(token) - 1  # the last letter carries bits that are not used
    if token[place] != letter:
        with pytest.raises(BadToken):
            SIGNER.read("file", token[:place] + letter + token[place + 1 :], now=NOW)


def test_equal_rights_give_equal_addresses_for_a_while() -> None:
    ends = {in_stable_window(NOW + timedelta(minutes=m), HOUR) for m in range(60)}
    assert len(ends) == 1
    assert min(ends) >= NOW + HOUR
