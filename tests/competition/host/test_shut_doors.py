"""What neither strangers nor pages of other sites can do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.routing import Mount, Route

from competition.host import create_app, open_port, running_app
from competition.host.transport import LARGEST_BODY
from competition.store import add_user, create_token

FOREIGN = "https://evil.example"
LAUNCH = "/api/v1/competitions.CompetitionApiService/LaunchCompetition"
PUBLISHER, OTHER, ADMIN = "ada", "eve", "root"


@pytest.fixture
def browser(house: Any) -> Iterator[httpx.Client]:
    """Grace's browser, signed in to the pages."""
    with httpx.Client(base_url=house.url, timeout=60) as client:
        form = {"name": "grace", "password": "grace likes avocados", "sign": sign(client)}
        assert client.post("/sign-in", data=form).status_code == 303
        yield client


def sign(client: httpx.Client) -> str:
    found = re.search(r'name="sign" value="([0-9a-f]+)"', client.get("/sign-in").text)
    assert found
    return found[1]


def test_a_page_of_another_site_makes_no_calls(house: Any, browser: httpx.Client) -> None:
    body = {"competitionName": house.slug}
    secret = httpx.BasicAuth("grace", house.tokens["grace"])  # as a browser may remember it
    for origin, status in ((FOREIGN, 403), ("null", 403), (house.url, 200)):
        told = browser.post(LAUNCH, json=body, auth=secret, headers={"Origin": origin})
        assert told.status_code == status, origin
    asked = {"uses": 1}
    invitations = f"/api/contests/{house.slug}/invitations"
    for origin, status in ((FOREIGN, 403), (house.url, 200)):
        told = browser.post(invitations, json=asked, headers={"Origin": origin})
        assert told.status_code == status, origin
    plain = {"Content-Type": "text/plain"}  # what a form of another site may send unasked
    assert browser.post(invitations, content='{"uses": 1}', headers=plain).status_code == 422


def test_a_host_known_by_its_public_address_takes_calls_from_its_own_pages(house: Any) -> None:
    app = create_app(house.store, public_url="https://ripe.example", clock=house.clock)
    with open_port("127.0.0.1", 0) as listening, running_app(app, listening):
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        bearer = {"Authorization": f"Bearer {house.tokens['grace']}"}
        for origin, status in (("https://ripe.example", 200), (FOREIGN, 403)):
            headers = {**bearer, "Origin": origin}
            body = {"competitionName": house.slug}
            told = httpx.post(url + LAUNCH, json=body, headers=headers, timeout=60)
            assert told.status_code == status
        cookie = httpx.get(f"{url}/sign-in", timeout=60).headers["set-cookie"]
        assert "; Secure" in cookie


@pytest.mark.parametrize("path", ["/api/contests/pit-or-flesh/selections", "/sign-in", LAUNCH])
@pytest.mark.parametrize("announced", [True, False])
def test_no_message_is_held_in_memory_whole_that_is_too_long(
    house: Any, path: str, announced: bool
) -> None:
    block = b"x" * (1 << 20)
    blocks = LARGEST_BODY // len(block) + 2
    content = block * blocks if announced else (block for _ in range(blocks))
    kind = "application/x-www-form-urlencoded" if path == "/sign-in" else "application/json"
    method = "PUT" if path.endswith("selections") else "POST"
    told = httpx.request(
        method, house.url + path, content=content, headers={"Content-Type": kind}, timeout=60
    )
    is_field = path == "/sign-in" and not announced  # one field of a form may have 1 MB
    assert told.status_code == (400 if is_field else 413)


def test_nesting_without_end_is_refused_and_not_our_mistake(house: Any) -> None:
    nested = b"[" * 200_000
    bearer = {"Authorization": f"Bearer {house.tokens['ada']}", "Content-Type": "application/json"}
    for path in ("/api/contests/pit-or-flesh/mergers", LAUNCH):
        told = httpx.post(house.url + path, content=nested, headers=bearer, timeout=60)
        assert 400 <= told.status_code < 500, path


def test_a_wrong_password_does_not_lose_the_way(house: Any) -> None:
    with httpx.Client(base_url=house.url, timeout=60) as client:
        form = {"name": "ada", "password": "wrong", "sign": sign(client), "next": "/account"}
        told = client.post("/sign-in", data=form)
        assert 'name="next" value="/account"' in told.text
        form |= {"next": "//evil.example"}
        assert "evil" not in client.post("/sign-in", data=form).text


def test_every_route_of_the_host_is_known_here(house: Any) -> None:
    app = create_app(house.store)
    paths = {route.path for route in app.routes if isinstance(route, Route | Mount)}
    pages = {path for path in paths if path.startswith("/competitions")}
    assert paths - pages == {
        "/",
        "/account",
        "/account/tokens",
        "/account/tokens/revoke",
        "/api",
        "/api/v1/{old:path}",
        "/api/v1/{service}/{method}",
        "/files/{token}/{name}",
        "/healthz",
        "/invitations/{secret}",
        "/metrics",
        "/sign-in",
        "/sign-out",
        "/sign-up",
        "/static",
        "/uploads/{token}",
        "/worker/files/{digest}",
    }


def test_the_doors_beside_the_contests_open_to_whom_they_should(house: Any) -> None:
    add_user(house.store, ADMIN, is_admin=True, now=house.clock())
    tokens = {**house.tokens, ADMIN: create_token(house.store, ADMIN, now=house.clock())}
    digest = "0" * 64
    table = {
        ("GET", "/account"): (303, 200, 200),
        ("POST", "/account/tokens"): (403, 403, 403),  # without the sign of a form
        ("POST", "/account/tokens/revoke"): (403, 403, 403),
        ("POST", "/sign-out"): (403, 403, 403),
        ("GET", "/sign-up"): (403, 403, 403),
        ("GET", "/invitations/guessed"): (404, 404, 404),
        ("POST", "/invitations/guessed"): (403, 403, 403),
        ("GET", f"/worker/files/{digest}"): (401, 403, 404),
        ("PUT", f"/worker/files/{digest}"): (401, 403, 400),
        ("GET", "/files/guessed/train.csv"): (403, 403, 403),
        ("HEAD", "/files/guessed/train.csv"): (403, 403, 403),
        ("PUT", "/uploads/guessed"): (404, 404, 404),
        ("GET", "/static/../app.py"): (404, 404, 404),
        ("GET", "/static/%2e%2e/app.py"): (404, 404, 404),
    }
    seen = {}
    for method, path in table:
        seen[method, path] = tuple(
            httpx.request(
                method,
                house.url + path,
                headers={"Authorization": f"Bearer {tokens[user]}"} if user else {},
                timeout=60,
            ).status_code
            for user in (None, "ada", ADMIN)
        )
    assert seen == table


def blob(house: Any, user: str) -> str:
    fields = {"type": "DATASET", "name": "a.csv", "contentLength": 2}
    told = house.call("blobs.BlobApiService/StartBlobUpload", fields, user=user).json()
    assert httpx.put(told["createUrl"], content=b"a\n", timeout=60).status_code == 200
    return str(told["token"])


def test_a_private_publication_is_unknown_at_every_door_to_all_but_its_owner(house: Any) -> None:
    from competition.host.services import all_methods

    data, models = "datasets.DatasetApiService", "models.ModelApiService"
    at = {"ownerSlug": PUBLISHER, "datasetSlug": "secret-set"}
    model = {"ownerSlug": PUBLISHER, "modelSlug": "secret-net"}
    one = {**model, "framework": "MODEL_FRAMEWORK_OTHER", "instanceSlug": "small"}

    def files() -> list[dict[str, str]]:
        return [{"token": blob(house, PUBLISHER)}]

    made = {"slug": "secret-set", "title": "Secret", "isPrivate": True, "files": files()}
    assert house.call(f"{data}/CreateDataset", {"ownerSlug": PUBLISHER, **made}).json()["ref"]
    net = {"ownerSlug": PUBLISHER, "slug": "secret-net", "title": "Secret", "isPrivate": True}
    assert house.call(f"{models}/CreateModel", net).status_code == 200
    body = {"instanceSlug": "small", "framework": "MODEL_FRAMEWORK_OTHER", "files": files()}
    assert house.call(f"{models}/CreateModelInstance", {**model, "body": body}).status_code == 200
    number = house.call(f"{data}/GetDataset", at).json()["id"]
    version = {"versionNotes": "x", "files": []}
    doors: dict[str, dict[str, Any]] = {
        f"{data}/GetDataset": at,
        f"{data}/GetDatasetMetadata": at,
        f"{data}/GetDatasetStatus": at,
        f"{data}/ListDatasetFiles": at,
        f"{data}/ListTreeDatasetFiles": at,
        f"{data}/DownloadDataset": at,
        f"{data}/UpdateDatasetMetadata": {**at, "settings": {"title": "Mine now"}},
        f"{data}/CreateDatasetVersion": {**at, "body": version},
        f"{data}/CreateDatasetVersionById": {"id": number, "body": version},
        f"{data}/DeleteDataset": at,
        f"{models}/GetModel": model,
        f"{models}/DeleteModel": model,
        f"{models}/CreateModelInstance": {**model, "body": {**body, "files": []}},
        f"{models}/CreateModelInstanceVersion": {**one, "body": version},
        f"{models}/GetModelInstance": one,
        f"{models}/ListModelInstanceVersionFiles": {**one, "versionNumber": 1},
        f"{models}/DownloadModelInstanceVersion": {**one, "versionNumber": 1},
    }
    own = {f"{data}/ListDatasets", f"{data}/CreateDataset", f"{models}/CreateModel"}
    served = {name for name in all_methods() if name.startswith((data, models))}
    assert served == set(doors) | own
    for method, fields in doors.items():
        assert house.call(method, fields, user=OTHER).status_code == 404, method
        told = house.call(method, fields, user=None)
        assert told.status_code in {401, 404}, method
        assert "Secret" not in told.text
    assert "secret" not in house.call(f"{data}/ListDatasets", user=OTHER).text
    assert house.call(f"{data}/GetDataset", at).json()["title"] == "Secret"


def test_an_upload_of_somebody_else_is_nobody_else_s_to_use(house: Any) -> None:
    token = blob(house, PUBLISHER)
    made = {"ownerSlug": OTHER, "slug": "stolen-set", "title": "x", "files": [{"token": token}]}
    told = house.call("datasets.DatasetApiService/CreateDataset", made, user=OTHER)
    assert told.status_code == 400
    assert "unknown or too old" in told.json()["message"]
