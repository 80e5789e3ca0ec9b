"""Calls and how they are refused."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

LIST = "competitions.CompetitionApiService/ListCompetitions"


def post(house: Any, method: str, authorization: str | None, **fields: object) -> httpx.Response:
    headers = {"Authorization": authorization} if authorization else {}
    return httpx.post(f"{house.url}/api/v1/{method}", json=fields, headers=headers, timeout=60)


def basic(name: str, token: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{token}".encode()).decode()


def test_a_token_is_good_as_bearer_and_as_basic_password(house: Any) -> None:
    token = house.tokens["ada"]
    for authorization in (f"Bearer {token}", basic("ada", token), basic("ADA", token)):
        assert post(house, LIST, authorization).status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer nonsense", "Digest x", "Basic !!!", "Bearer", "Basic"])
def test_credentials_that_open_nothing_get_401_and_a_sentence(house: Any, scheme: str) -> None:
    told = post(house, LIST, scheme)
    assert told.status_code == 401
    assert told.json()["code"] == 401
    assert len(told.json()["message"]) > 20


def test_a_token_under_another_name_is_refused(house: Any) -> None:
    assert post(house, LIST, basic("eve", house.tokens["ada"])).status_code == 401


def test_a_revoked_token_opens_nothing(house: Any) -> None:
    from competition.store import revoke_tokens

    revoke_tokens(house.store, "ada", now=house.clock())
    assert house.call("ListCompetitions").status_code == 401


def test_who_has_not_said_who_they_are_is_asked_to(house: Any) -> None:
    assert (
        house.call("ListSubmissions", {"competitionName": house.slug}, user=None).status_code == 401
    )


def test_introspection_never_fails_whatever_the_token(house: Any) -> None:
    method = "security.OAuthService/IntrospectToken"
    good = post(house, method, None, token=house.tokens["ada"]).json()
    assert (good["active"], good["username"]) == (True, "ada")
    bad = post(house, method, "Bearer bad", token="bad")
    assert (bad.status_code, bad.json()) == (200, {})
    assert post(house, method, "Bearer bad").status_code == 200


def test_hello_tells_kagglehub_who_it_is(house: Any) -> None:
    method = "api.v1.DiagnosticsService/Hello"
    assert post(house, method, f"Bearer {house.tokens['ada']}").json()["userName"] == "ada"
    assert post(house, method, None).json()["code"] == 401


@pytest.mark.parametrize(
    "method",
    [
        "competitions.CompetitionApiService/Explode",
        "kernels.KernelsApiService/ListKernels",
        "a.Service/b",
    ],
)
def test_an_unknown_call_is_refused_with_400_by_name(house: Any, method: str) -> None:
    told = post(house, method, f"Bearer {house.tokens['ada']}")
    assert told.status_code == 400
    assert told.json() == {"code": 400, "message": f"{method} is not supported by this server"}


def test_a_call_that_is_no_post_is_refused_in_the_same_shape(house: Any) -> None:
    told = httpx.get(f"{house.url}/api/v1/{LIST}", timeout=60)
    assert told.status_code == 405
    assert told.json()["code"] == 405


def test_a_huge_message_is_refused(house: Any) -> None:
    told = house.call("ListCompetitions", {"search": "x" * (5 << 20)})
    assert told.status_code == 413


def test_a_defect_of_the_host_tells_the_outside_nothing_but_a_reference(
    house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    place = house.store.files.path
    house.store.files.path = lambda digest: 1 / 0
    try:
        told = house.call("ListDataFiles", {"competitionName": house.slug})
    finally:
        house.store.files.path = place
    assert told.status_code == 500
    message = told.json()["message"]
    assert "ZeroDivisionError" not in told.text
    assert message.split("reference ")[1][:8] in caplog.text


def test_a_list_comes_in_pages(house: Any) -> None:
    fields = {"competitionName": house.slug, "pageSize": 2}
    first = house.call("ListDataFiles", fields).json()
    second = house.call("ListDataFiles", {**fields, "pageToken": first["nextPageToken"]}).json()
    assert [len(told["files"]) for told in (first, second)] == [2, 1]
    assert not second["nextPageToken"]
    assert house.call("ListDataFiles", {**fields, "pageToken": "x"}).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "competitions/list?search=&page=1"),
        ("GET", "competitions/data/list/pit-or-flesh"),
        ("POST", "competitions/pit-or-flesh/submissions/url/12/1700000000"),
        ("GET", "datasets/list"),
    ],
)
def test_a_client_that_is_too_old_is_told_to_take_a_newer_one(
    house: Any, method: str, path: str
) -> None:
    told = httpx.request(method, f"{house.url}/api/v1/{path}", timeout=60)
    assert told.status_code == told.json()["code"] == 400
    assert "pip install --upgrade kaggle kagglehub" in told.json()["message"]
