"""Every door, tried by everybody: the whole table of who sees what.

A door that is missing from the table fails the test that counts them.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from competition.host.api import api_app
from competition.host.pages import page_routes
from competition.host.services import all_methods
from competition.store import find_team, get_contest, submit_entry, update_contest

VIEWERS: tuple[str | None, ...] = (None, "ada", "eve", "grace")
SERVICE = "competitions.CompetitionApiService"
PRIVATE_SCORE = "0.9000"  # of ada's entry; its public score is 0.8
OPEN, KNOWN, OWN, HOST = (
    (200, 200, 200, 200),
    (401, 200, 200, 200),
    (401, 200, 404, 200),
    (401, 403, 403, 200),
)

# door -> statuses for anonymous, participant, other team, host, in a running public contest
CALLS: dict[str, tuple[dict[str, Any], tuple[int, int, int, int]]] = {
    "ListCompetitions": ({}, KNOWN),
    "GetCompetition": ({"competitionName": "SLUG"}, KNOWN),
    "ListDataFiles": ({"competitionName": "SLUG"}, KNOWN),
    "DownloadDataFiles": ({"competitionName": "SLUG"}, (401, 302, 302, 302)),
    "DownloadDataFile": ({"competitionName": "SLUG", "fileName": "test.csv"}, (401, 302, 302, 302)),
    "GetLeaderboard": ({"competitionName": "SLUG"}, KNOWN),
    "DownloadLeaderboard": ({"competitionName": "SLUG"}, KNOWN),
    "ListCompetitionPages": ({"competitionName": "SLUG"}, KNOWN),
    "ListCompetitionHosts": ({"competitionName": "SLUG"}, KNOWN),
    "ListCompetitionTopics": ({"competitionName": "SLUG"}, KNOWN),
    "StartSubmissionUpload": (
        {"competitionName": "SLUG", "fileName": "a", "contentLength": 1},
        KNOWN,
    ),
    "CreateSubmission": ({"competitionName": "SLUG", "blobFileTokens": "x"}, (401, 404, 404, 404)),
    "ListSubmissions": ({"competitionName": "SLUG"}, KNOWN),
    "GetSubmissionLimits": ({"competitionName": "SLUG"}, KNOWN),
    "GetSubmission": ({"ref": "REF"}, OWN),
    "DownloadSubmission": ({"submissionId": "REF"}, (401, 302, 404, 302)),
    "ListTeamPublicSubmissions": ({"teamId": "TEAM"}, KNOWN),
    "GetCompetitionSettings": ({"competitionName": "SLUG"}, HOST),
    "GetCompetitionSolutionStatus": ({"competitionName": "SLUG"}, HOST),
    "UpdateCompetitionSettings": (
        {"competitionName": "SLUG", "settings": {"title": "Pit or flesh?"}, "updateMask": "title"},
        HOST,
    ),
    "CreateCompetitionData": ({"competitionName": "SLUG"}, (401, 403, 403, 400)),
    "CreateCompetitionSolution": (
        {"competitionName": "SLUG", "blobToken": "x"},
        (401, 403, 403, 404),
    ),
    "CreateCompetitionSampleSubmission": (
        {"competitionName": "SLUG", "blobToken": "x"},
        (401, 403, 403, 404),
    ),
    "CreateCompetitionPage": (
        {"competitionName": "SLUG", "page": {"name": "rules", "content": "x"}},
        (401, 403, 403, 409),
    ),
    "UpdateCompetitionPage": (
        {"competitionName": "SLUG", "pageName": "nope", "page": {"content": "x"}},
        (401, 403, 403, 404),
    ),
    "DeleteCompetitionPage": (
        {"competitionName": "SLUG", "pageName": "nope"},
        (401, 403, 403, 404),
    ),
    "AddCompetitionHost": ({"competitionName": "SLUG", "userName": "grace"}, HOST),
    "LaunchCompetition": ({"competitionName": "SLUG"}, HOST),
    "CreateCompetition": ({"slug": "SLUG", "title": "x"}, (401, 400, 400, 400)),
}
PAGES: dict[str, tuple[int, int, int, int]] = {
    "/": OPEN,
    "/competitions": OPEN,
    "/competitions/SLUG": OPEN,
    "/competitions/SLUG/leaderboard": OPEN,
    "/competitions/SLUG/leaderboard?board=private": (403, 403, 403, 200),
    "/competitions/SLUG/pages/rules": OPEN,
    "/competitions/SLUG/entries": (303, 200, 200, 200),
}
API: dict[tuple[str, str], tuple[int, int, int, int]] = {
    ("GET", "/user"): KNOWN,
    ("GET", "/contests"): OPEN,
    ("GET", "/contests/SLUG"): OPEN,
    ("GET", "/contests/SLUG/leaderboard"): OPEN,
    ("GET", "/contests/SLUG/leaderboard?board=private"): (403, 403, 403, 200),
    ("GET", "/contests/SLUG/entries"): KNOWN,
    ("GET", "/contests/SLUG/entries?everyone=1"): HOST,
    ("GET", "/contests/SLUG/limits"): KNOWN,
    ("GET", "/contests/SLUG/team"): (401, 200, 404, 404),
    ("PATCH", "/contests/SLUG/team"): (422, 422, 422, 422),
    ("GET", "/contests/SLUG/selections"): (401, 200, 404, 404),
    ("PUT", "/contests/SLUG/selections"): (422, 422, 422, 422),
    ("POST", "/contests/SLUG/invitations"): (422, 422, 422, 422),
    ("POST", "/invitations"): (422, 422, 422, 422),
    ("POST", "/contests/SLUG/mergers"): (422, 422, 422, 422),
    ("GET", "/contests/SLUG/queue"): HOST,
    ("GET", "/contests/SLUG/audit"): HOST,
    ("GET", "/entries/REF"): OWN,
    ("GET", "/entries/REF/wait"): OWN,
    ("DELETE", "/entries/REF"): (401, 403, 404, 403),
}


@pytest.fixture
def walk(house: Any, submission: Callable[[int], str]) -> Iterator[Callable[..., httpx.Response]]:
    """Ada has an entry with public score 0.8 and private score 0.9; walk through a door."""
    (house.store.home / "entry.csv").write_text(submission(6))
    digest = house.store.files.put(house.store.home / "entry.csv")
    entry = submit_entry(
        house.store, house.slug, "ada", upload=digest, file_name="entry.csv", now=house.clock()
    )
    house.score_all()
    team = find_team(house.store, house.slug, "ada")
    known = {"SLUG": house.slug, "REF": entry.ref, "TEAM": team.id if team else 0}

    with httpx.Client(base_url=house.url, timeout=60) as client:

        def through(method: str, path: str, user: str | None, fields: Any = None) -> httpx.Response:
            for name, value in known.items():
                path = path.replace(name, str(value))
            headers = {"Authorization": f"Bearer {house.tokens[user]}"} if user else {}
            filled = {
                k: known.get(v, v) if isinstance(v, str) else v for k, v in (fields or {}).items()
            }
            return client.request(method, path, headers=headers, json=filled if fields else None)

        yield through


def doors() -> Iterator[tuple[str, str, Any, tuple[int, int, int, int]]]:
    for name, (fields, statuses) in CALLS.items():
        yield "POST", f"/api/v1/{SERVICE}/{name}", fields or {"x": 1}, statuses
    for path, statuses in PAGES.items():
        yield "GET", path, None, statuses
    for (method, path), statuses in API.items():
        yield method, f"/api{path}", None, statuses


def text_of(told: httpx.Response) -> str:
    if told.content[:2] != b"PK":
        return told.text
    with zipfile.ZipFile(io.BytesIO(told.content)) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist())


def test_no_door_is_missing_from_the_table() -> None:
    served = {name.split("/")[1] for name in all_methods() if name.startswith(SERVICE)}
    assert served == set(CALLS)
    pages = {route.path for route in page_routes()}  # type: ignore[attr-defined]
    walked = {
        path.partition("?")[0].replace("SLUG", "{slug}").replace("rules", "{page}")
        for path in PAGES
    }
    assert pages == walked
    paths = api_app().openapi()["paths"]
    served_api = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert served_api == {
        (method, path.partition("?")[0].replace("SLUG", "{slug}").replace("REF", "{ref}"))
        for method, path in API
    }


def test_in_a_running_contest_everybody_gets_what_the_table_says(house: Any, walk: Any) -> None:
    seen, expected = {}, {}
    for method, path, fields, statuses in doors():
        for user, status in zip(VIEWERS, statuses, strict=True):
            told = walk(method, path, user, fields)
            seen[method, path, user] = told.status_code
            expected[method, path, user] = status
            if user != "grace":
                assert PRIVATE_SCORE not in text_of(told), (path, user)
    assert seen == expected


def test_an_unlaunched_contest_shows_itself_to_its_host_alone(house: Any, walk: Any) -> None:
    contest = get_contest(house.store, house.slug)
    update_contest(
        house.store,
        house.slug,
        replace(contest, launched_at=None),
        actor="grace",
        now=house.clock(),
    )
    for method, path, fields, statuses in doors():
        for user, status in zip(VIEWERS[:3], statuses[:3], strict=True):
            told = walk(method, path, user, fields)
            if "SLUG" in path or "SLUG" in str(fields) or "REF" in path or "REF" in str(fields):
                assert told.status_code in {401, 404, status if status in {303, 400, 422} else 404}
            if "CreateCompetition" not in path:
                assert contest.title not in text_of(told), (path, user)
    assert walk("GET", "/competitions/SLUG", "grace").status_code == 200


def test_private_scores_come_out_with_the_final_board_to_those_who_may(
    house: Any, walk: Any
) -> None:
    contest = get_contest(house.store, house.slug)
    ended = replace(contest, deadline=house.clock() + timedelta(seconds=1))
    update_contest(house.store, house.slug, ended, actor="grace", now=house.clock())
    house.clock.ahead = timedelta(minutes=1)

    def shows(method: str, path: str, user: str | None, fields: Any = None) -> bool:
        return PRIVATE_SCORE[:3] in text_of(walk(method, path, user, fields))

    submissions = f"/api/v1/{SERVICE}/ListSubmissions", {"competitionName": "SLUG"}
    assert shows("POST", submissions[0], "ada", submissions[1])
    assert not shows("POST", submissions[0], "eve", submissions[1])
    for user in VIEWERS:
        assert shows("GET", "/api/contests/SLUG/leaderboard?board=private", user)
        assert shows("GET", "/competitions/SLUG/leaderboard", user)
    held = replace(get_contest(house.store, house.slug), hold_final_board=True)
    update_contest(house.store, house.slug, held, actor="grace", now=house.clock())
    assert not shows("POST", submissions[0], "ada", submissions[1])
    assert walk("GET", "/api/contests/SLUG/leaderboard?board=private", "ada").status_code == 403


def test_a_private_contest_is_unknown_to_who_is_not_in_it(house: Any, walk: Any) -> None:
    hidden = replace(get_contest(house.store, house.slug), privacy="private")
    update_contest(house.store, house.slug, hidden, actor="grace", now=house.clock())
    for user, status in ((None, 404), ("eve", 404), ("ada", 200), ("grace", 200)):
        assert walk("GET", "/competitions/SLUG", user).status_code == status
        listed = walk("GET", "/api/contests", user).json()
        assert bool(listed) is (status == 200)
