"""What a participant asks about a contest: lists, files, pages, the leaderboard."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kagglesdk.competitions.types.competition_api_service import (
    ApiCompetition,
    ApiCompetitionHost,
    ApiCompetitionPage,
    ApiDataFile,
    ApiDownloadDataFileRequest,
    ApiDownloadDataFilesRequest,
    ApiDownloadLeaderboardRequest,
    ApiGetCompetitionRequest,
    ApiGetLeaderboardRequest,
    ApiGetLeaderboardResponse,
    ApiLeaderboardSubmission,
    ApiListCompetitionHostsRequest,
    ApiListCompetitionHostsResponse,
    ApiListCompetitionPagesRequest,
    ApiListCompetitionPagesResponse,
    ApiListCompetitionsRequest,
    ApiListCompetitionsResponse,
    ApiListCompetitionTopicsRequest,
    ApiListCompetitionTopicsResponse,
    ApiListDataFilesRequest,
    ApiListDataFilesResponse,
)
from kagglesdk.competitions.types.competition_enums import CompetitionListTab, CompetitionSortBy
from starlette.responses import Response

from competition.errors import did_you_mean
from competition.host.bundles import Member, make_bundle
from competition.host.doors import Door, open_door, require
from competition.host.downloads import Download, redirect_to
from competition.host.failures import Failure
from competition.host.leaderboards import board_archive, shown_board
from competition.host.listing import page_of
from competition.host.rpc import Call, Method, Methods
from competition.host.scores import shown_score
from competition.host.wire import naive
from competition.store import (
    ContestRecord,
    StoredFile,
    board_place,
    contest_record,
    find_team,
    find_user,
    is_contest_host,
    list_contests,
    list_data_files,
)
from competition.visibility import Sight, is_launched

__all__ = ["METHODS", "competition_message"]


def list_competitions(call: Call, asked: ApiListCompetitionsRequest) -> ApiListCompetitionsResponse:
    """List the contests the caller may know of."""
    found = [
        record
        for record in list_contests(call.store, call.caller, call.now)
        if _is_asked_for(call, record, asked)
    ]
    page = page_of(
        _sorted(found, asked.sort_by), asked.page_size, asked.page_token, number=asked.page
    )
    told = ApiListCompetitionsResponse()
    told.competitions = [competition_message(call, record) for record in page.items]
    told.next_page_token = page.next_token
    return told


def get_competition(call: Call, asked: ApiGetCompetitionRequest) -> ApiCompetition:
    """Describe one contest."""
    open_door(call.store, asked.competition_name, call.caller, call.now)
    return competition_message(call, contest_record(call.store, asked.competition_name))


def list_data_files_(call: Call, asked: ApiListDataFilesRequest) -> ApiListDataFilesResponse:
    """List the files that participants download."""
    _data_door(call, asked.competition_name)
    files = list_data_files(call.store, asked.competition_name)
    page = page_of(files, asked.page_size, asked.page_token)
    told = ApiListDataFilesResponse()
    told.files = [_file_message(file) for file in page.items]
    told.next_page_token = page.next_token
    return told


def download_data_files(call: Call, asked: ApiDownloadDataFilesRequest) -> Response:
    """Send the caller to the archive of all data files."""
    slug = _data_door(call, asked.competition_name).contest.slug
    files = list_data_files(call.store, slug)
    if not files:
        raise Failure(404, f"{slug} has no data yet")
    members = [Member(file.name, file.sha256, file.modified) for file in files]
    key = make_bundle(call.host, members)
    newest = max(file.modified for file in files)
    return redirect_to(call.host, Download(f"{slug}.zip", key, newest, bundle=True), call.now)


def download_data_file(call: Call, asked: ApiDownloadDataFileRequest) -> Response:
    """Send the caller to one data file."""
    slug = _data_door(call, asked.competition_name).contest.slug
    files = {file.name: file for file in list_data_files(call.store, slug)}
    if asked.file_name not in files:
        hint = did_you_mean(asked.file_name, files)
        raise Failure(404, f"{slug} has no file {asked.file_name!r}{hint}")
    file = files[asked.file_name]
    return redirect_to(call.host, Download(file.name, file.sha256, file.modified), call.now)


def get_leaderboard(call: Call, asked: ApiGetLeaderboardRequest) -> ApiGetLeaderboardResponse:
    """Show the leaderboard, the final one once it is out."""
    door = open_door(call.store, asked.competition_name, call.caller, call.now)
    board = shown_board(call.store, door, private=False if asked.override_public else None)
    page = page_of(board.rows, asked.page_size, asked.page_token)
    told = ApiGetLeaderboardResponse()
    told.submissions = [_line_message(door, row) for row in page.items]
    told.next_page_token = page.next_token
    return told


def download_leaderboard(call: Call, asked: ApiDownloadLeaderboardRequest) -> Response:
    """Send the leaderboard as a CSV file in a zip archive."""
    door = open_door(call.store, asked.competition_name, call.caller, call.now)
    board = shown_board(call.store, door)
    return Response(board_archive(door, board), media_type="application/octet-stream")


def list_pages(
    call: Call, asked: ApiListCompetitionPagesRequest
) -> ApiListCompetitionPagesResponse:
    """List a contest's pages, or give the one asked for."""
    door = open_door(call.store, asked.competition_name, call.caller, call.now)
    told = ApiListCompetitionPagesResponse()
    told.pages = [
        page_message(name, content)
        for name, content in door.contest.pages.items()
        if asked.page_name in {"", name}
    ]
    return told


def list_hosts(
    call: Call, asked: ApiListCompetitionHostsRequest
) -> ApiListCompetitionHostsResponse:
    """List who runs a contest."""
    open_door(call.store, asked.competition_name, call.caller, call.now)
    told = ApiListCompetitionHostsResponse()
    hosts = contest_record(call.store, asked.competition_name).hosts
    told.hosts = [_host_message(call, name) for name in hosts]
    return told


def list_topics(
    call: Call, asked: ApiListCompetitionTopicsRequest
) -> ApiListCompetitionTopicsResponse:
    """List a contest's discussions: this host has none."""
    open_door(call.store, asked.competition_name, call.caller, call.now)
    return ApiListCompetitionTopicsResponse()


def competition_message(call: Call, record: ContestRecord) -> ApiCompetition:
    """Return a contest as the official client reads it."""
    contest = record.contest
    told = ApiCompetition()
    told.id = record.id
    told.ref = contest.slug
    told.title = contest.title
    told.url = f"{call.base_url}/competitions/{contest.slug}"
    told.description = contest.description
    told.category = "Community"
    told.reward = "Knowledge"
    told.organization_name = ""
    told.deadline = naive(contest.deadline)
    told.merger_deadline = naive(contest.team_merger_deadline)
    told.new_entrant_deadline = naive(contest.new_entrant_deadline)
    told.enabled_date = naive(contest.launched_at)
    told.date_created = naive(record.created_at)
    told.team_count = record.teams
    told.max_daily_submissions = contest.max_daily_submissions
    told.max_team_size = contest.max_team_size
    told.evaluation_metric = contest.metric.name
    told.submissions_disabled = contest.disable_submissions
    told.host_name = ", ".join(record.hosts)
    _add_own_place(call, told, contest.slug)
    return told


def page_message(name: str, content: str) -> ApiCompetitionPage:
    """Return a page as the official client reads it."""
    told = ApiCompetitionPage()
    told.name = name
    told.content = content
    told.is_published = True
    told.post_title = name
    told.mime_type = "text/markdown"
    return told


def _data_door(call: Call, slug: str) -> Door:
    return require(open_door(call.store, slug, call.caller, call.now), Sight.DATA)


def _add_own_place(call: Call, told: ApiCompetition, slug: str) -> None:
    team = call.caller and find_team(call.store, slug, call.caller.name)
    if team is None:
        return
    told.user_has_entered = True
    place = board_place(call.store, slug, team.id)
    if place is not None and place.rank is not None:
        told.user_rank = place.rank


def _file_message(file: StoredFile) -> ApiDataFile:
    told = ApiDataFile()
    told.ref = file.name
    told.name = file.name
    told.total_bytes = file.size
    told.creation_date = naive(file.modified)
    return told


def _line_message(door: Door, row: Any) -> ApiLeaderboardSubmission:
    told = ApiLeaderboardSubmission()
    told.team_id = row.team_id
    told.team_name = row.team
    told.submission_date = naive(row.last_entry)
    told.score = shown_score(row.score, door.contest)
    return told


def _host_message(call: Call, name: str) -> ApiCompetitionHost:
    told = ApiCompetitionHost()
    told.id = find_user(call.store, name).id
    told.user_name = name
    told.display_name = name
    return told


_TABS: Mapping[CompetitionListTab, Callable[[Call, ContestRecord], bool]] = {
    CompetitionListTab.COMPETITION_LIST_TAB_ENTERED: lambda call, record: (
        find_team(call.store, record.contest.slug, call.user.name) is not None
    ),
    CompetitionListTab.COMPETITION_LIST_TAB_HOSTED: lambda call, record: is_contest_host(
        call.store, record.contest.slug, call.user
    ),
    CompetitionListTab.COMPETITION_LIST_TAB_UNLAUNCHED: lambda call, record: (
        not is_launched(record.contest, call.now)
    ),
    CompetitionListTab.COMPETITION_LIST_TAB_UNLAUNCHED_COMMUNITY: lambda call, record: (
        not is_launched(record.contest, call.now)
    ),
}


def _is_asked_for(call: Call, record: ContestRecord, asked: ApiListCompetitionsRequest) -> bool:
    contest = record.contest
    text = f"{contest.slug} {contest.title} {contest.description}".casefold()
    if asked.search and asked.search.casefold() not in text:
        return False
    wanted = _TABS.get(asked.group)
    return wanted is None or wanted(call, record)


def _sorted(records: Sequence[ContestRecord], by: CompetitionSortBy) -> Sequence[ContestRecord]:
    if by is CompetitionSortBy.COMPETITION_SORT_BY_NUMBER_OF_TEAMS:
        return sorted(records, key=lambda record: -record.teams)
    if by is CompetitionSortBy.COMPETITION_SORT_BY_EARLIEST_DEADLINE:
        return sorted(records, key=_deadline_key)
    if by is CompetitionSortBy.COMPETITION_SORT_BY_LATEST_DEADLINE:
        return sorted(records, key=_deadline_key, reverse=True)
    return records


def _deadline_key(record: ContestRecord) -> tuple[bool, float]:
    deadline = record.contest.deadline
    return deadline is None, deadline.timestamp() if deadline else 0.0


METHODS: Methods = {
    f"competitions.CompetitionApiService/{name}": method
    for name, method in {
        "ListCompetitions": Method(ApiListCompetitionsRequest, list_competitions),
        "GetCompetition": Method(ApiGetCompetitionRequest, get_competition),
        "ListDataFiles": Method(ApiListDataFilesRequest, list_data_files_),
        "DownloadDataFiles": Method(ApiDownloadDataFilesRequest, download_data_files),
        "DownloadDataFile": Method(ApiDownloadDataFileRequest, download_data_file),
        "GetLeaderboard": Method(ApiGetLeaderboardRequest, get_leaderboard),
        "DownloadLeaderboard": Method(ApiDownloadLeaderboardRequest, download_leaderboard),
        "ListCompetitionPages": Method(ApiListCompetitionPagesRequest, list_pages),
        "ListCompetitionHosts": Method(ApiListCompetitionHostsRequest, list_hosts),
        "ListCompetitionTopics": Method(ApiListCompetitionTopicsRequest, list_topics),
    }.items()
}
