"""The host's own JSON interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from competition.store import get_contest, submit_entry, update_contest


def ask(
    house: Any, method: str, path: str, *, user: str | None = "ada", **options: Any
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {house.tokens[user]}"} if user else {}
    return httpx.request(method, f"{house.url}/api{path}", headers=headers, **options, timeout=60)


@pytest.fixture
def entered(house: Any, submission: Callable[[int], str]) -> list[int]:
    """Two scored entries of ada's."""
    refs = []
    for wrong in (6, 2):
        (house.store.home / "entry.csv").write_text(submission(wrong))
        digest = house.store.files.put(house.store.home / "entry.csv")
        entry = submit_entry(
            house.store, house.slug, "ada", upload=digest, file_name="entry.csv", now=house.clock()
        )
        refs.append(entry.ref)
    house.score_all()
    return refs


def test_it_describes_itself_and_every_answer(house: Any) -> None:
    told = ask(house, "GET", "/openapi.json").json()
    assert told["info"]["title"] == "Ripe"
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (path, method)
            answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
            assert answer, (path, method)
            assert operation["responses"]["403"]["content"]["application/json"]["schema"][
                "$ref"
            ].endswith("Problem")


def test_who_asks_and_what_is_there(house: Any) -> None:
    assert ask(house, "GET", "/user").json() == {"name": "ada", "is_admin": False}
    (contest,) = ask(house, "GET", "/contests", user=None).json()
    assert (contest["slug"], contest["metric"], contest["hosts"]) == (
        house.slug,
        "accuracy",
        ["grace"],
    )
    assert ask(house, "GET", f"/contests/{house.slug}").json() == contest


def test_a_board_is_given_at_full_precision(house: Any, entered: list[int]) -> None:
    told = ask(house, "GET", f"/contests/{house.slug}/leaderboard", user=None).json()
    (line,) = told["lines"]
    assert (line["rank"], line["team"], line["score"]) == (1, "ada", 0.9)
    hidden = ask(house, "GET", f"/contests/{house.slug}/leaderboard", params={"board": "private"})
    assert hidden.status_code == 403


def test_entries_are_a_team_s_own_and_everyone_s_for_hosts(house: Any, entered: list[int]) -> None:
    path = f"/contests/{house.slug}/entries"
    mine = ask(house, "GET", path).json()
    assert [entry["ref"] for entry in mine] == entered[::-1]
    assert {entry["private_score"] for entry in mine} == {None}
    assert ask(house, "GET", path, user="eve").json() == []
    assert ask(house, "GET", path, params={"everyone": True}).status_code == 403
    seen = ask(house, "GET", path, user="grace", params={"everyone": True}).json()
    assert [entry["private_score"] for entry in seen] == [1.0, 0.9]


def test_a_team_chooses_the_entries_by_which_it_stands(house: Any, entered: list[int]) -> None:
    path = f"/contests/{house.slug}/selections"
    assert {entry["ref"] for entry in ask(house, "GET", path).json()} == set(entered)
    chosen = ask(house, "PUT", path, json={"refs": [entered[0]]})
    assert [entry["ref"] for entry in chosen.json()] == [entered[0]]
    assert ask(house, "PUT", path, json={"refs": [999]}).status_code == 403
    assert ask(house, "PUT", path, json={"refs": "all"}).status_code == 422
    assert ask(house, "PUT", path, user="eve", json={"refs": [entered[0]]}).status_code == 403


def test_a_team_is_renamed_by_its_own(house: Any, entered: list[int]) -> None:
    path = f"/contests/{house.slug}/team"
    assert ask(house, "PATCH", path, json={"name": "The Pits"}).json()["name"] == "The Pits"
    assert ask(house, "GET", path).json()["members"] == ["ada"]
    assert ask(house, "PATCH", path, json={"name": ""}).status_code == 422
    assert ask(house, "PATCH", path, json={"name": "a\x00b"}).status_code == 400
    assert ask(house, "GET", path, user="eve").status_code == 404


def test_an_entry_that_waits_says_why_and_can_be_withdrawn(
    house: Any, submission: Callable[[int], str]
) -> None:
    digest = house.store.files.put(house.store.home / "host.db")
    ref = submit_entry(
        house.store, house.slug, "ada", upload=digest, file_name="x.csv", now=house.clock()
    ).ref
    assert "worker" in ask(house, "GET", f"/entries/{ref}/wait").json()["why"]
    for method, path in (("GET", ""), ("GET", "/wait"), ("DELETE", "")):
        assert ask(house, method, f"/entries/{ref}{path}", user="eve").status_code == 404
    assert ask(house, "DELETE", f"/entries/{ref}").json()["status"] == "cancelled"
    assert ask(house, "DELETE", f"/entries/{ref}").status_code == 403


def test_queue_and_audit_are_for_hosts(house: Any, entered: list[int]) -> None:
    for part in ("queue", "audit"):
        path = f"/contests/{house.slug}/{part}"
        assert ask(house, "GET", path).status_code == 403
        assert ask(house, "GET", path, user=None).status_code == 401
        assert ask(house, "GET", path, user="grace").status_code == 200
    queue = ask(house, "GET", f"/contests/{house.slug}/queue", user="grace").json()
    assert queue == {"waiting": 0, "workers": 0}
    records = ask(house, "GET", f"/contests/{house.slug}/audit", user="grace").json()
    assert "entry sent" in [record["action"] for record in records]


@pytest.mark.parametrize("path", ["/nope", "/contests/nope", "/entries/999", "/contests/x/team"])
def test_every_refusal_has_one_shape(house: Any, path: str) -> None:
    told = ask(house, "GET", path)
    assert told.status_code == 404
    assert set(told.json()) == {"code", "message"}
    assert told.json()["code"] == 404


def test_what_does_not_fit_is_said_by_name(house: Any) -> None:
    told = ask(house, "GET", f"/contests/{house.slug}/entries", params={"limit": 0})
    assert told.status_code == 422
    assert told.json()["message"].startswith("limit: ")


def test_hosts_invite_into_a_private_contest_and_who_follows_the_link_is_in(house: Any) -> None:
    import re
    from dataclasses import replace

    from competition.store import get_contest, update_contest

    hidden = replace(get_contest(house.store, house.slug), privacy="private")
    update_contest(house.store, house.slug, hidden, actor="grace", now=house.clock())
    path = f"/contests/{house.slug}/invitations"
    assert ask(house, "POST", path, json={}).status_code == 404
    url = ask(house, "POST", path, user="grace", json={"uses": 1}).json()["url"]
    assert url.startswith(f"{house.url}/invitations/")
    with httpx.Client(base_url=house.url, headers={"Accept": "text/html"}, timeout=60) as browser:
        assert "Sign in" in browser.get(url).text
        sign = re.findall(r'name="sign" value="([0-9a-f]+)"', browser.get("/sign-in").text)[0]
        browser.post(
            "/sign-in", data={"sign": sign, "name": "eve", "password": "eve likes avocados"}
        )
        sign = re.findall(r'name="sign" value="([0-9a-f]+)"', browser.get(url).text)[0]
        joined = browser.post(url, data={"sign": sign})
        assert joined.headers["Location"] == f"/competitions/{house.slug}"
        assert browser.get(f"/competitions/{house.slug}").status_code == 200
        assert browser.get(url).status_code == 404  # its one use is spent
    assert ask(house, "GET", f"/contests/{house.slug}").status_code == 404


def test_hosts_invite_participants_only_to_what_is_theirs(house: Any) -> None:
    path = f"/contests/{house.slug}/invitations"
    assert ask(house, "POST", path, json={}).status_code == 403
    assert ask(house, "POST", path, user="grace", json={"uses": 10**30}).status_code == 422
    assert ask(house, "POST", "/invitations", user="grace", json={}).status_code == 403
    assert (
        ask(
            house, "POST", f"/contests/{house.slug}/mergers", json={"into": 1, "other": 2}
        ).status_code
        == 403
    )


def test_everybody_sees_how_sure_the_public_board_is(house: Any, entered: list[int]) -> None:
    path = f"/contests/{house.slug}/leaderboard"
    (line,) = ask(house, "GET", path, user=None).json()["lines"]
    interval = line["interval"]
    assert (interval["rank_low"], interval["rank_high"], interval["tie_group"]) == (1, 1, 1)
    assert interval["score_low"] <= line["score"] == 0.9 <= interval["score_high"]
    with httpx.Client(base_url=house.url, timeout=60) as browser:
        shown = browser.get(f"/competitions/{house.slug}/leaderboard?board=public").text
    assert f">{interval['rank_low']}</td>" in shown and "95 %" in shown


def test_under_the_ladder_only_the_host_sees_intervals(house: Any, entered: list[int]) -> None:
    ladder = replace(get_contest(house.store, house.slug), ladder=True)
    update_contest(house.store, house.slug, ladder, actor="grace", now=house.clock())
    path = f"/contests/{house.slug}/leaderboard"
    assert ask(house, "GET", path).json()["lines"][0]["interval"] is None
    assert ask(house, "GET", path, user="grace").json()["lines"][0]["interval"] is not None


def test_only_hosts_read_why_scoring_broke(house: Any) -> None:
    from competition.queue import finish_entry, lease_entry
    from competition.scoring import ScoringOutcome

    (house.store.home / "mine.csv").write_text("id,is_pit\n")
    digest = house.store.files.put(house.store.home / "mine.csv")
    ref = submit_entry(
        house.store, house.slug, "ada", upload=digest, file_name="mine.csv", now=house.clock()
    ).ref
    lease = lease_entry(house.store, "worker", house.clock())
    assert lease is not None
    broke = ScoringOutcome("failed", None, "ZeroDivisionError in metric.py")
    assert finish_entry(house.store, lease, broke, house.clock())
    told = {}
    for user in ("ada", "grace"):
        headers = {"Authorization": f"Bearer {house.tokens[user]}"}
        entry = httpx.get(f"{house.url}/api/entries/{ref}", headers=headers, timeout=60)
        page = httpx.get(
            f"{house.url}/competitions/{house.slug}/entries", headers=headers, timeout=60
        )
        told[user] = (entry.json()["host_message"], "ZeroDivisionError" in page.text)
    assert told == {"ada": ("", False), "grace": ("ZeroDivisionError in metric.py", True)}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "entries/99999999999999999999", None),
        ("GET", "contests/pit-or-flesh/entries?offset=99999999999999999999", None),
        ("PUT", "contests/pit-or-flesh/selections", b'{"refs": [99999999999999999999]}'),
        ("PUT", "contests/pit-or-flesh/selections", b"[" * 100_000),
        ("PATCH", "contests/pit-or-flesh/team", b'{"name": "\\ud83e"}'),
        ("GET", "contests/%00", None),
    ],
)
def test_what_no_database_can_hold_is_refused(
    house: Any, method: str, path: str, body: bytes | None
) -> None:
    headers = {
        "Authorization": f"Bearer {house.tokens['ada']}",
        "Content-Type": "application/json",
    }
    told = httpx.request(
        method, f"{house.url}/api/{path}", content=body, headers=headers, timeout=60
    )
    assert told.status_code in {400, 404, 422}
