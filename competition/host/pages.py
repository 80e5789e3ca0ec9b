"""The web pages: contests, their pages and their leaderboards."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from competition.board import Confidence
from competition.host.context import base_url_of, host_of
from competition.host.doors import Door, open_door
from competition.host.failures import Failure
from competition.host.leaderboards import ShownBoard, shown_board, shown_intervals
from competition.host.rendering import markdown, page
from competition.host.scores import entry_note, shown_score
from competition.host.sessions import user_of_request
from competition.metrics import get_metric
from competition.results import final_medals
from competition.store import (
    BoardRow,
    ContestRecord,
    Entry,
    Status,
    Store,
    contest_record,
    late_board,
    list_contest_entries,
    list_contests,
    list_data_files,
    list_entries,
    submission_limits,
)
from competition.visibility import Sight, final_board_is_out, is_launched

__all__ = ["page_routes", "problem_page"]

_OVERVIEW_PAGES = ("description", "overview", "Description", "Overview")
_PLACES = {1: "first", 2: "second", 3: "third"}
_LOOKED_THROUGH = 1000  # newest entries of all teams, for those whose scoring broke
_MEDALS = {"gold": "first", "silver": "second", "bronze": "third"}


def page_routes() -> list[BaseRoute]:
    """Return the routes of the web pages."""
    return [
        Route("/", _index),
        Route("/competitions", _index),
        Route("/competitions/{slug}", _overview),
        Route("/competitions/{slug}/leaderboard", _leaderboard),
        Route("/competitions/{slug}/pages/{page}", _written_page),
        Route("/competitions/{slug}/entries", _entries),
    ]


def problem_page(request: Request, failure: Failure) -> Response:
    """Return a failure as a page."""
    titles = {401: "Please sign in", 403: "Not for you", 404: "Not found", 500: "Our mistake"}
    title = titles.get(failure.status, "That did not work")
    return page(
        request,
        "problem.html",
        {"title": title, "message": failure.message},
        status=failure.status,
        headers=failure.headers,
    )


def _index(request: Request) -> Response:
    host = host_of(request)
    now = host.clock()
    records = list_contests(host.store, user_of_request(request), now)
    contests = sorted((_facts(record, now) for record in records), key=itemgetter("over"))
    return page(request, "index.html", {"contests": contests})


def _overview(request: Request) -> Response:
    door = _door(request)
    store, slug = host_of(request).store, door.contest.slug
    name = _overview_page(door)
    shows_data = door.shows(Sight.DATA)
    return _contest_page(
        request,
        door,
        "overview.html",
        current="Overview",
        prose=markdown(door.contest.pages[name]) if name else None,
        files=list_data_files(store, slug) if shows_data else None,
        address=base_url_of(request),
        take_part=not _facts(contest_record(store, slug), door.now)["over"],
    )


def _written_page(request: Request) -> Response:
    door = _door(request)
    name = request.path_params["page"]
    if name not in door.contest.pages:
        raise Failure(404, f"{door.contest.title} has no page {name!r}")
    prose = markdown(door.contest.pages[name])
    return _contest_page(
        request, door, "page.html", current=name, prose=prose, page_title=_title(name)
    )


def _leaderboard(request: Request) -> Response:
    door = _door(request)
    out = final_board_is_out(door.contest, door.now)
    asked = request.query_params.get("board")
    private = {"public": False, "private": True}.get(asked or "", out)
    board = shown_board(host_of(request).store, door, private=private)
    lines = _lines(request, door, board)
    return _contest_page(
        request,
        door,
        "leaderboard.html",
        current="Leaderboard",
        board={
            "private": private,
            "choices": _board_choices(door, private),
            "explanation": _explanation(door, private),
            "rows": lines,
            "late": _late(request, door, board),
            "has_intervals": any(line["interval"] for line in lines),
            "empty": "No team has a score yet. The first entry will stand here.",
        },
    )


def _entries(request: Request) -> Response:
    user = user_of_request(request)
    if user is None:
        return RedirectResponse(f"/sign-in?next={quote(request.url.path)}", status_code=303)
    host, door = host_of(request), _door(request)
    slug = door.contest.slug
    found = list_entries(host.store, slug, user.name)
    return _contest_page(
        request,
        door,
        "entries.html",
        current="Your entries",
        entries=[_entry(shown, door) for one in found if (shown := door.entry(one))],
        broken=_broken(host.store, door),
        limits=submission_limits(host.store, slug, user.name, door.now),
    )


def _broken(store: Store, door: Door) -> list[Mapping[str, Any]]:
    """Return for hosts the entries of all teams whose scoring broke, and why."""
    if not door.shows(Sight.HOST_MESSAGES):
        return []
    found = list_contest_entries(store, door.contest.slug, limit=_LOOKED_THROUGH)
    return [_entry(entry, door) for entry in found if entry.status is Status.FAILED]


def _entry(entry: Entry, door: Door) -> Mapping[str, Any]:
    return {
        **vars(entry),
        "status": entry.status.value,
        "note": entry_note(entry),
        "public": shown_score(entry.public_score, door.contest),
        "private": shown_score(entry.private_score, door.contest),
    }


def _board_choices(door: Door, private: bool) -> list[dict[str, Any]]:
    if not door.shows(Sight.PRIVATE_BOARD):
        return []
    path = f"/competitions/{quote(door.contest.slug)}/leaderboard?board="
    return [
        {"name": "Final", "path": f"{path}private", "current": private},
        {"name": "Public", "path": f"{path}public", "current": not private},
    ]


def _explanation(door: Door, private: bool) -> str:
    if private and not final_board_is_out(door.contest, door.now):
        return "Scores on the private part of the test data. Only hosts see this board so far."
    if private:
        return "Scores on the private part of the test data, which no earlier board has used."
    return "Scores on the public part of the test data; the final ranks come from the rest."


def _lines(request: Request, door: Door, board: ShownBoard) -> list[Mapping[str, Any]]:
    marked = request.query_params.get("team")
    intervals = shown_intervals(host_of(request).store, door, board)
    medals = _medals(board)
    return [
        {**_line(door, row, marked, intervals.get(row.team_id)), "medal": medals.get(row.team_id)}
        for row in board.rows
    ]


def _medals(board: ShownBoard) -> dict[int, str]:
    """Return the look of each decorated line: final boards by the medals' rules, else the top."""
    if board.private:
        return {team: _MEDALS[medal] for team, medal in final_medals(board.rows).items()}
    return {row.team_id: _PLACES[row.rank] for row in board.rows if row.rank in _PLACES}


def _late(request: Request, door: Door, board: ShownBoard) -> list[Mapping[str, Any]]:
    """Return the late entries, which stand apart from the final board."""
    if not board.private:
        return []
    found = late_board(host_of(request).store, door.contest.slug)
    return [_line(door, row, None, None) for row in found]


def _line(
    door: Door, row: BoardRow, marked: str | None, sure: Confidence | None
) -> Mapping[str, Any]:
    yours = row.team_id == door.viewer.team_id or (marked is not None and row.team == marked)
    return {
        "rank": row.rank,
        "team": row.team,
        "members": row.members if row.members != (row.team,) else (),
        "score": shown_score(row.score, door.contest),
        "interval": None if sure is None else _interval(door, sure),
        "entries": row.entries,
        "last_entry": row.last_entry,
        "is_baseline": row.is_baseline,
        "yours": yours,
    }


def _interval(door: Door, sure: Confidence) -> Mapping[str, Any]:
    low, high = (shown_score(end, door.contest) for end in (sure.score_low, sure.score_high))
    ranks = {sure.rank_low, sure.rank_high}
    return {
        "scores": f"{low} – {high}",
        "ranks": " – ".join(map(str, sorted(ranks))),
        "tie_group": sure.tie_group,
    }


def _contest_page(
    request: Request, door: Door, template: str, *, current: str, **values: Any
) -> Response:
    record = contest_record(host_of(request).store, door.contest.slug)
    shared = {"contest": _facts(record, door.now), "tabs": _tabs(door, current), "now": door.now}
    return page(request, template, {**shared, **values})


def _tabs(door: Door, current: str) -> list[dict[str, Any]]:
    root = f"/competitions/{quote(door.contest.slug)}"
    shown = {"Overview": root, "Leaderboard": f"{root}/leaderboard"}
    if door.viewer.team_id is not None or door.shows(Sight.HOST_MESSAGES):
        shown["Your entries"] = f"{root}/entries"
    first = _overview_page(door)
    for name in door.contest.pages:
        if name != first:
            shown[name] = f"{root}/pages/{quote(name, safe='')}"
    return [
        {"name": _title(name), "path": path, "current": name == current}
        for name, path in shown.items()
    ]


def _overview_page(door: Door) -> str | None:
    pages = door.contest.pages
    return next((name for name in _OVERVIEW_PAGES if name in pages), None)


def _title(name: str) -> str:
    text = name.replace("-", " ").replace("_", " ")
    return text[:1].upper() + text[1:]


def _facts(record: ContestRecord, now: Any) -> dict[str, Any]:
    contest = record.contest
    return {
        "slug": contest.slug,
        "title": contest.title,
        "description": contest.description,
        "metric": _metric_title(record),
        "greater_is_better": record.greater_is_better,
        "targets": contest.targets,
        "teams": record.teams,
        "launched": is_launched(contest, now),
        "deadline": contest.deadline,
        "over": contest.deadline is not None and contest.deadline < now,
        "max_daily_submissions": contest.max_daily_submissions,
        "num_scored_submissions": contest.num_scored_submissions,
        "max_team_size": contest.max_team_size,
    }


def _metric_title(record: ContestRecord) -> str:
    chosen = record.contest.metric
    if chosen.file is not None:
        return chosen.name
    return get_metric(chosen.name, **chosen.parameters).title


def _door(request: Request) -> Door:
    host = host_of(request)
    return open_door(
        host.store, request.path_params["slug"], user_of_request(request), host.clock()
    )
