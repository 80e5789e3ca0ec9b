"""Submissions: sending them, following them, and what may still be sent."""

from __future__ import annotations

from kagglesdk.competitions.types.competition_api_service import (
    ApiCreateSubmissionRequest,
    ApiCreateSubmissionResponse,
    ApiDownloadSubmissionRequest,
    ApiGetSubmissionLimitsRequest,
    ApiGetSubmissionRequest,
    ApiListSubmissionsRequest,
    ApiListSubmissionsResponse,
    ApiListTeamPublicSubmissionsRequest,
    ApiListTeamPublicSubmissionsResponse,
    ApiPublicSubmission,
    ApiStartSubmissionUploadRequest,
    ApiStartSubmissionUploadResponse,
    ApiSubmission,
    ApiSubmissionLimits,
)
from kagglesdk.competitions.types.competition_enums import SubmissionGroup, SubmissionSortBy
from kagglesdk.competitions.types.submission_status import SubmissionStatus
from starlette.responses import Response

from competition.definition import Contest
from competition.host.doors import entry_door, open_door, require
from competition.host.downloads import Download, redirect_to
from competition.host.failures import Failure
from competition.host.listing import page_of
from competition.host.rpc import Call, Method, Methods
from competition.host.scores import entry_note, shown_score
from competition.host.uploads import announce, whole_upload
from competition.host.wire import naive
from competition.store import (
    Entry,
    Status,
    get_team,
    list_entries,
    list_team_entries,
    submission_limits,
    submit_entry,
)
from competition.visibility import Sight

__all__ = ["METHODS"]

_BYTES_PER_MB = 1_000_000
_KIND = "submission"
_LARGEST_NAME = 200
_LARGEST_DESCRIPTION = 500


def start_submission_upload(
    call: Call, asked: ApiStartSubmissionUploadRequest
) -> ApiStartSubmissionUploadResponse:
    """Announce a submission file and say where to send it."""
    door = open_door(call.store, asked.competition_name, call.user, call.now)
    token = announce(
        call.host,
        call.user.name,
        kind=_KIND,
        file_name=asked.file_name[-_LARGEST_NAME:],
        size=asked.content_length,
        limit=door.contest.submission_size_limit_mb * _BYTES_PER_MB,
        now=call.now,
    )
    told = ApiStartSubmissionUploadResponse()
    told.token = token
    told.create_url = f"{call.base_url}/uploads/{token}"
    return told


def create_submission(call: Call, asked: ApiCreateSubmissionRequest) -> ApiCreateSubmissionResponse:
    """Take a submission whose file has arrived; its score comes later."""
    door = open_door(call.store, asked.competition_name, call.user, call.now)
    upload = whole_upload(
        call.host,
        call.user.name,
        asked.blob_file_tokens,
        kind=_KIND,
        now=call.now,
    )
    entry = submit_entry(
        call.store,
        door.contest.slug,
        call.user.name,
        upload=upload.digest or "",
        file_name=upload.file_name,
        description=asked.submission_description[:_LARGEST_DESCRIPTION],
        now=call.now,
        sandbox=asked.sandbox,
        token=asked.blob_file_tokens,
    )
    told = ApiCreateSubmissionResponse()
    told.ref = entry.ref
    told.message = f"Successfully submitted to {door.contest.title}"
    return told


def list_submissions(call: Call, asked: ApiListSubmissionsRequest) -> ApiListSubmissionsResponse:
    """List the submissions of the caller's team."""
    door = open_door(call.store, asked.competition_name, call.user, call.now)
    entries = list_entries(call.store, door.contest.slug, call.user.name)
    shown = [seen for entry in entries if (seen := door.entry(entry)) and _in_group(seen, asked)]
    page = page_of(
        _sorted(shown, asked.sort_by), asked.page_size, asked.page_token, number=asked.page
    )
    told = ApiListSubmissionsResponse()
    told.submissions = [submission_message(call, entry, door.contest) for entry in page.items]
    told.next_page_token = page.next_token
    return told


def get_submission(call: Call, asked: ApiGetSubmissionRequest) -> ApiSubmission:
    """Describe one submission of the caller's team."""
    door, entry = entry_door(call.store, asked.ref, call.user, call.now)
    return submission_message(call, entry, door.contest)


def download_submission(call: Call, asked: ApiDownloadSubmissionRequest) -> Response:
    """Send the caller to a file that their team has sent."""
    door, entry = entry_door(call.store, asked.submission_id, call.user, call.now)
    require(door, Sight.ENTRY_FILE, team_id=entry.team_id)
    download = Download(entry.file_name, entry.upload, entry.submitted_at)
    return redirect_to(call.host, download, call.now)


def get_submission_limits(call: Call, asked: ApiGetSubmissionLimitsRequest) -> ApiSubmissionLimits:
    """Say how many submissions the caller's team has sent and may still send today."""
    door = open_door(call.store, asked.competition_name, call.user, call.now)
    limits = submission_limits(call.store, door.contest.slug, call.user.name, call.now)
    told = ApiSubmissionLimits()
    told.num_today = limits.used_today
    told.num_total = limits.total
    told.num_allowed_now = limits.allowed_now
    return told


def list_team_submissions(
    call: Call, asked: ApiListTeamPublicSubmissionsRequest
) -> ApiListTeamPublicSubmissionsResponse:
    """List a team's scored submissions with their public scores."""
    unknown = Failure(404, f"there is no team with the number {asked.team_id} that you may see")
    try:
        team = get_team(call.store, asked.team_id)
        door = open_door(call.store, team.contest, call.user, call.now)
    except (LookupError, Failure):
        raise unknown from None
    seen = [door.entry(entry) for entry in list_team_entries(call.store, team.id)]
    told = ApiListTeamPublicSubmissionsResponse()
    told.submissions = [
        _public_message(entry, door.contest)
        for entry in seen
        if entry and entry.status is Status.SCORED
    ]
    return told


def submission_message(call: Call, entry: Entry, contest: Contest) -> ApiSubmission:
    """Return an entry as the official client reads it; it was made fit for the viewer before."""
    told = ApiSubmission()
    told.ref = entry.ref
    told.total_bytes = entry.size
    told.date = naive(entry.submitted_at)
    told.description = entry.description
    told.file_name = entry.file_name
    told.status = _status(entry)
    told.public_score = shown_score(entry.public_score, contest)
    told.private_score = shown_score(entry.private_score, contest)
    told.error_description = entry_note(entry) or None
    told.submitted_by = entry.user
    told.submitted_by_ref = entry.user
    told.team_name = entry.team
    told.url = f"{call.base_url}/competitions/{contest.slug}"
    return told


def _status(entry: Entry) -> SubmissionStatus:
    if entry.status.is_open:
        return SubmissionStatus.PENDING
    return SubmissionStatus.COMPLETE if entry.status is Status.SCORED else SubmissionStatus.ERROR


def _public_message(entry: Entry, contest: Contest) -> ApiPublicSubmission:
    told = ApiPublicSubmission()
    told.id = entry.ref
    told.date_submitted = naive(entry.submitted_at)
    told.public_score = shown_score(entry.public_score, contest)
    return told


def _in_group(entry: Entry, asked: ApiListSubmissionsRequest) -> bool:
    if asked.group is SubmissionGroup.SUBMISSION_GROUP_SUCCESSFUL:
        return entry.status is Status.SCORED
    return entry.selected or asked.group is not SubmissionGroup.SUBMISSION_GROUP_SELECTED


def _sorted(entries: list[Entry], by: SubmissionSortBy) -> list[Entry]:
    if by is SubmissionSortBy.SUBMISSION_SORT_BY_NAME:
        return sorted(entries, key=lambda entry: entry.file_name)
    if by is SubmissionSortBy.SUBMISSION_SORT_BY_PUBLIC_SCORE:
        return sorted(entries, key=lambda entry: _score_key(entry.public_score))
    if by is SubmissionSortBy.SUBMISSION_SORT_BY_PRIVATE_SCORE:
        return sorted(entries, key=lambda entry: _score_key(entry.private_score))
    return entries


def _score_key(score: float | None) -> tuple[bool, float]:
    return score is None, score or 0.0


METHODS: Methods = {
    f"competitions.CompetitionApiService/{name}": method
    for name, method in {
        "StartSubmissionUpload": Method(ApiStartSubmissionUploadRequest, start_submission_upload),
        "CreateSubmission": Method(ApiCreateSubmissionRequest, create_submission),
        "ListSubmissions": Method(ApiListSubmissionsRequest, list_submissions),
        "GetSubmission": Method(ApiGetSubmissionRequest, get_submission),
        "DownloadSubmission": Method(ApiDownloadSubmissionRequest, download_submission),
        "GetSubmissionLimits": Method(ApiGetSubmissionLimitsRequest, get_submission_limits),
        "ListTeamPublicSubmissions": Method(
            ApiListTeamPublicSubmissionsRequest, list_team_submissions
        ),
    }.items()
}
