"""Signing in, signing up and tokens on the pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from competition.host import create_app, open_port, running_app
from competition.store import user_of_token


@pytest.fixture
def browser(house: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=house.url, headers={"Accept": "text/html"}, timeout=60) as client:
        yield client


def sign(browser: httpx.Client, path: str) -> str:
    found = re.search(r'name="sign" value="([0-9a-f]+)"', browser.get(path).text)
    assert found
    return found[1]


def enter(browser: httpx.Client, name: str, password: str, **more: str) -> httpx.Response:
    form = {"sign": sign(browser, "/sign-in"), "name": name, "password": password, **more}
    return browser.post("/sign-in", data=form)


def test_a_name_and_password_open_the_pages_and_sign_out_closes_them(browser: httpx.Client) -> None:
    done = enter(browser, "ada", "ada likes avocados", next="/account")
    assert (done.status_code, done.headers["Location"]) == (303, "/account")
    cookie = done.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert ">ada</a>" in browser.get("/").text
    browser.post("/sign-out", data={"sign": sign(browser, "/")})
    assert ">ada</a>" not in browser.get("/").text


def test_a_copied_cookie_opens_nothing_after_signing_out(browser: httpx.Client, house: Any) -> None:
    enter(browser, "ada", "ada likes avocados")
    copied = browser.cookies["ripe_session"]
    browser.post("/sign-out", data={"sign": sign(browser, "/")})
    with httpx.Client(base_url=house.url, cookies={"ripe_session": copied}, timeout=60) as thief:
        assert thief.get("/account").status_code == 303
    assert user_of_token(house.store, house.tokens["ada"], house.clock()) is not None


def test_a_form_for_one_visitor_is_no_form_for_another(browser: httpx.Client, house: Any) -> None:
    form = {"name": "ada", "password": "ada likes avocados", "sign": sign(browser, "/sign-in")}
    with httpx.Client(base_url=house.url, timeout=60) as other:
        assert sign(other, "/sign-in") != form["sign"]
        assert other.post("/sign-in", data=form).status_code == 403
    assert httpx.post(f"{house.url}/sign-in", data=form, timeout=60).status_code == 403
    assert browser.post("/sign-in", data={**form, "sign": "é"}).status_code == 403
    assert browser.post("/sign-in", data={**form, "name": "a\0"}).status_code == 400
    assert browser.post("/sign-in", data=form).status_code == 303


def test_an_address_made_up_by_the_client_does_not_lift_the_limit(
    browser: httpx.Client, house: Any
) -> None:
    statuses = []
    form = {"sign": sign(browser, "/sign-in"), "password": "wrong"}
    for turn in range(11):
        headers = {"X-Forwarded-For": f"203.0.113.{turn}"}
        told = browser.post("/sign-in", data={**form, "name": f"n{turn}"}, headers=headers)
        statuses.append(told.status_code)
    assert statuses == [403] * 10 + [429]


def test_a_wrong_password_opens_nothing(browser: httpx.Client) -> None:
    done = enter(browser, "ada", "wrong")
    assert done.status_code == 403
    assert "do not fit" in done.text
    assert "ripe_session" not in browser.cookies


def test_many_wrong_passwords_close_the_door_for_a_while(browser: httpx.Client, house: Any) -> None:
    statuses = [enter(browser, "ada", "wrong").status_code for _ in range(11)]
    assert statuses == [403] * 10 + [429]
    assert enter(browser, "ada", "ada likes avocados").status_code == 429
    house.clock.ahead = timedelta(minutes=15)
    assert enter(browser, "ada", "ada likes avocados").status_code == 303


def test_a_session_ends_and_cannot_be_forged(browser: httpx.Client, house: Any) -> None:
    enter(browser, "ada", "ada likes avocados")
    house.clock.ahead = timedelta(days=8)
    assert browser.get("/account").status_code == 303
    browser.cookies.set("ripe_session", "forged.token")
    assert browser.get("/account").status_code == 303


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_nobody_is_sent_elsewhere_after_signing_in(browser: httpx.Client, target: str) -> None:
    assert enter(browser, "ada", "ada likes avocados", next=target).headers["Location"] == "/"


def test_a_form_from_elsewhere_changes_nothing(browser: httpx.Client, house: Any) -> None:
    enter(browser, "ada", "ada likes avocados")
    for path in ("/account/tokens", "/account/tokens/revoke", "/sign-out", "/sign-in"):
        assert browser.post(path, data={"sign": "0" * 64, "token": "1"}).status_code == 403
    assert user_of_token(house.store, house.tokens["ada"], house.clock()) is not None


def test_a_token_is_made_shown_once_and_revoked(browser: httpx.Client, house: Any) -> None:
    enter(browser, "ada", "ada likes avocados")
    form = {"sign": sign(browser, "/account"), "label": "my laptop"}
    shown = browser.post("/account/tokens", data=form).text
    token = re.search(r"RIPE_TOKEN=([0-9a-f]{64})", shown)
    assert token
    assert token[1] not in browser.get("/account").text
    user = user_of_token(house.store, token[1], house.clock())
    assert user is not None
    assert user.name == "ada"
    number = re.findall(r'name="token" value="(\d+)"', shown)[0]
    browser.post("/account/tokens/revoke", data={"sign": form["sign"], "token": number})
    assert user_of_token(house.store, token[1], house.clock()) is None


def test_nobody_revokes_another_s_token(browser: httpx.Client, house: Any) -> None:
    from competition.store import list_tokens

    (other,) = list_tokens(house.store, "eve")
    enter(browser, "ada", "ada likes avocados")
    form = {"sign": sign(browser, "/account"), "token": str(other.id)}
    browser.post("/account/tokens/revoke", data=form)
    assert user_of_token(house.store, house.tokens["eve"], house.clock()) is not None


def test_accounts_are_made_by_the_host_unless_it_opens_its_door(browser: httpx.Client) -> None:
    told = browser.get("/sign-up")
    assert told.status_code == 403
    assert "ask for one" in told.text


def test_an_open_host_lets_people_make_an_account(house: Any) -> None:
    app = create_app(house.store, clock=house.clock, sign_up="open")
    with open_port("127.0.0.1", 0) as listening, running_app(app, listening):
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with httpx.Client(base_url=address, headers={"Accept": "text/html"}, timeout=60) as browser:
            form = {"sign": sign(browser, "/sign-up"), "name": "lin", "password": "short"}
            assert "10 characters" in browser.post("/sign-up", data=form).text
            form["password"] = "long enough, surely"
            assert "is taken" in browser.post("/sign-up", data={**form, "name": "ADA"}).text
            assert browser.post("/sign-up", data=form).status_code == 303
            assert ">lin</a>" in browser.get("/account").text


def test_the_pages_show_a_team_its_own_entries(browser: httpx.Client, house: Any) -> None:
    from competition.store import submit_entry

    (house.store.home / "mine.csv").write_text("id,is_pit\n")
    digest = house.store.files.put(house.store.home / "mine.csv")
    submit_entry(
        house.store, house.slug, "ada", upload=digest, file_name="mine.csv", now=house.clock()
    )
    path = f"/competitions/{house.slug}/entries"
    assert browser.get(path).headers["Location"].startswith("/sign-in?next=")
    enter(browser, "eve", "eve likes avocados")
    assert "mine.csv" not in browser.get(path).text
    enter(browser, "ada", "ada likes avocados")
    assert "mine.csv" in browser.get(path).text


def test_a_host_by_invitation_takes_only_who_was_invited(house: Any) -> None:
    from competition.store import create_invitation

    app = create_app(house.store, clock=house.clock, sign_up="invitation")
    secret = create_invitation(house.store, None, actor="grace", now=house.clock(), uses=1)
    with open_port("127.0.0.1", 0) as listening, running_app(app, listening):
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with httpx.Client(base_url=address, headers={"Accept": "text/html"}, timeout=60) as browser:
            assert browser.get("/sign-up").status_code == 403
            path = f"/sign-up?invitation={secret}"
            assert path in browser.get(f"/invitations/{secret}").text
            form = {"sign": sign(browser, path), "name": "lin", "password": "long enough, surely"}
            assert browser.post("/sign-up", data=form).status_code == 403
            form["invitation"] = secret
            assert browser.post("/sign-up", data=form).status_code == 303
            again = {**form, "sign": sign(browser, "/sign-in"), "name": "kim"}
            assert browser.post("/sign-up", data=again).status_code == 404
