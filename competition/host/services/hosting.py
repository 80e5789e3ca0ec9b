"""What a host asks: making a contest, filling it, opening it, looking after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC

from kagglesdk.competitions.types.competition_api_service import (
    ApiAddCompetitionHostRequest,
    ApiCompetitionPage,
    ApiCompetitionSolutionStatus,
    ApiCreateCompetitionDataRequest,
    ApiCreateCompetitionDataResponse,
    ApiCreateCompetitionPageRequest,
    ApiCreateCompetitionRequest,
    ApiCreateCompetitionResponse,
    ApiCreateCompetitionSampleSubmissionRequest,
    ApiCreateCompetitionSolutionRequest,
    ApiDeleteCompetitionPageRequest,
    ApiGetCompetitionSolutionStatusRequest,
    ApiLaunchCompetitionRequest,
    ApiMetricColumn,
    ApiSolutionFileInfo,
    ApiUpdateCompetitionPageRequest,
)
from kagglesdk.competitions.types.competition_enums import CompetitionPrivacy

from competition.definition import Contest, MetricChoice, Privacy, contest_problems
from competition.errors import CompetitionError, InvalidContest, did_you_mean
from competition.host.archives import unpacked
from competition.host.doors import open_door, require
from competition.host.failures import Failure
from competition.host.leaks import SAMPLE
from competition.host.names import refuse_clashes, relative_name
from competition.host.preparing import USAGE, Uploads, setup_problem, take_uploads, uploads_of
from competition.host.rpc import Call, Method, Methods
from competition.host.services.blobs import blob_of
from competition.host.services.competitions import page_message
from competition.host.wire import naive
from competition.store import (
    ContestRecord,
    add_host,
    contest_record,
    create_contest,
    launch_contest,
    solution_file,
    update_contest,
)
from competition.tables import read_table
from competition.visibility import Sight

__all__ = ["METHODS", "contest_of_host", "held_by_host", "save_definition"]

_PRIVACY: Mapping[CompetitionPrivacy, Privacy] = {
    CompetitionPrivacy.PUBLIC: "public",
    CompetitionPrivacy.LIMITED: "limited",
    CompetitionPrivacy.PRIVATE: "private",
}
_NO_TARGET = "target"


def create_competition(
    call: Call, asked: ApiCreateCompetitionRequest
) -> ApiCreateCompetitionResponse:
    """Make a contest, not yet open, whose host is the caller."""
    if asked.hackathon or asked.clone_competition_id:
        raise Failure(400, "hackathons and cloned contests are not supported by this server")
    contest = Contest(
        slug=asked.slug,
        title=asked.title,
        description=asked.brief_description,
        privacy=_PRIVACY.get(asked.privacy, "public"),
        metric=MetricChoice("rmse"),  # stands in until the solution says what is predicted
        targets=(_NO_TARGET,),
    )
    _refuse_problems(contest)
    create_contest(call.store, contest, host=call.user.name, now=call.now)
    told = ApiCreateCompetitionResponse()
    told.id = contest_record(call.store, contest.slug).id
    told.ref = contest.slug
    told.url = f"{call.base_url}/competitions/{contest.slug}"
    return told


def create_data(
    call: Call, asked: ApiCreateCompetitionDataRequest
) -> ApiCreateCompetitionDataResponse:
    """Replace all files that participants download."""
    contest = contest_of_host(call, asked.competition_name)
    if asked.competition_databundle_type.name.endswith("RERUN"):
        raise Failure(400, "data for reruns are not supported by this server")
    held = uploads_of(call.store, contest.slug)
    wanted = replace(held, data=_uploaded_files(call, asked))
    _take(call, contest.slug, wanted, asked.version_notes)
    told = ApiCreateCompetitionDataResponse()
    record = contest_record(call.store, contest.slug)
    told.url = f"{call.base_url}/competitions/{contest.slug}"
    told.databundle_id = record.id
    told.databundle_version_id = record.version
    return told


def create_solution(call: Call, asked: ApiCreateCompetitionSolutionRequest) -> None:
    """Take the solution, and make the contest ready with it where all else is there."""
    contest = contest_of_host(call, asked.competition_name)
    digest = blob_of(call, asked.blob_token).digest
    wanted = replace(uploads_of(call.store, contest.slug), solution=digest)
    _take(call, contest.slug, wanted, "solution")


def create_sample(call: Call, asked: ApiCreateCompetitionSampleSubmissionRequest) -> None:
    """Put a sample submission among the data."""
    contest = contest_of_host(call, asked.competition_name)
    held = uploads_of(call.store, contest.slug)
    data = {**held.data, SAMPLE: blob_of(call, asked.blob_token).digest or ""}
    refuse_clashes(data)
    _take(call, contest.slug, replace(held, data=data), "sample submission")


def solution_status(
    call: Call, asked: ApiGetCompetitionSolutionStatusRequest
) -> ApiCompetitionSolutionStatus:
    """Say whether the contest can be scored, and if not, why."""
    contest = contest_of_host(call, asked.competition_name)
    told = ApiCompetitionSolutionStatus()
    if not contest_record(call.store, contest.slug).has_solution:
        return told
    problem = setup_problem(call.store, contest.slug)
    told.ready = problem is None
    told.setup_error = problem
    told.solution_info = _solution_info(call, contest.slug)
    if problem is None:
        told.row_id_column_name = contest.id_column
        # The setter of this one field refuses every mapping (kagglesdk 0.1.37).
        told.column_mapping.update({name: name for name in contest.targets})
        told.required_metric_columns = [_metric_column(name, contest) for name in contest.targets]
    return told


def launch_competition(call: Call, asked: ApiLaunchCompetitionRequest) -> None:
    """Open a contest now or at a time."""
    contest = contest_of_host(call, asked.competition_name)
    if not contest_record(call.store, contest.slug).has_solution:
        raise Failure(400, f"{contest.slug} has no solution yet; upload one before you launch it")
    problem = setup_problem(call.store, contest.slug)
    if problem is not None:
        raise Failure(400, f"{contest.slug} is not ready: {problem}")
    at = asked.future_time and asked.future_time.replace(tzinfo=UTC)
    launch_contest(call.store, contest.slug, at=at, actor=call.user.name, now=call.now)


def add_competition_host(call: Call, asked: ApiAddCompetitionHostRequest) -> None:
    """Let another user run a contest too."""
    contest = contest_of_host(call, asked.competition_name)
    add_host(call.store, contest.slug, asked.user_name, actor=call.user.name, now=call.now)


def create_page(call: Call, asked: ApiCreateCompetitionPageRequest) -> ApiCompetitionPage:
    """Add a page; it is published at once."""
    held = held_by_host(call, asked.competition_name)
    name = asked.page.name if asked.page else ""
    if name in held.contest.pages:
        raise Failure(409, f"{held.contest.slug} has a page {name!r} already; update that one")
    return _save_page(call, held, name, asked.page.content, dict(held.contest.pages))


def update_page(call: Call, asked: ApiUpdateCompetitionPageRequest) -> ApiCompetitionPage:
    """Change a page's text or name."""
    held = held_by_host(call, asked.competition_name)
    pages = _pages_with(held.contest, asked.page_name)
    paths = set(asked.update_mask.paths) if asked.update_mask else {"name", "content"}
    text = asked.page.content if "content" in paths else pages[asked.page_name]
    name = (asked.page.name if "name" in paths else "") or asked.page_name
    if name != asked.page_name:
        pages = {old: content for old, content in pages.items() if old != asked.page_name}
    return _save_page(call, held, name, text, pages)


def delete_page(call: Call, asked: ApiDeleteCompetitionPageRequest) -> None:
    """Remove a page."""
    held = held_by_host(call, asked.competition_name)
    pages = _pages_with(held.contest, asked.page_name)
    del pages[asked.page_name]
    contest = replace(held.contest, pages=pages)
    save_definition(call, contest, "page removed", held.version)


def contest_of_host(call: Call, slug: str) -> Contest:
    """Return a contest that the caller runs.

    Raises
    ------
    Failure
        With status 404 or 403, when they do not.
    """
    door = open_door(call.store, slug, call.user, call.now)
    return require(door, Sight.SOLUTION).contest


def held_by_host(call: Call, slug: str) -> ContestRecord:
    """Return what the store holds of a contest that the caller runs, with its version.

    Raises
    ------
    Failure
        With status 404 or 403, when they do not.
    """
    return contest_record(call.store, contest_of_host(call, slug).slug)


def save_definition(call: Call, contest: Contest, note: str, version: int) -> None:
    """Make a definition, changed from that of a version, the one that holds.

    Raises
    ------
    InvalidContest
        With every rule that it breaks, or when somebody else changed the contest meanwhile.
    """
    _refuse_problems(contest)
    update_contest(
        call.store,
        contest.slug,
        contest,
        actor=call.user.name,
        now=call.now,
        note=note,
        expected_version=version,
    )


def _uploaded_files(call: Call, asked: ApiCreateCompetitionDataRequest) -> dict[str, str]:
    if not asked.files:
        raise Failure(400, "no files were sent")
    sent = {
        relative_name(file.name): blob_of(call, file.token).digest or "" for file in asked.files
    }
    if len(sent) < len(asked.files):
        raise Failure(400, "two files have the same name")
    if len(sent) == 1:
        ((name, digest),) = sent.items()
        sent = unpacked(call.store, name, digest)
    refuse_clashes(sent)
    return sent


def _take(call: Call, slug: str, uploads: Uploads, note: str) -> None:
    take_uploads(call.store, slug, uploads, actor=call.user.name, now=call.now, note=note)


def _solution_info(call: Call, slug: str) -> ApiSolutionFileInfo:
    file = solution_file(call.store, slug)
    told = ApiSolutionFileInfo()
    told.file_name = file.name
    told.file_size_bytes = file.size
    told.upload_date = naive(file.modified)
    try:
        frame = read_table(file.path)
    except CompetitionError:
        return told
    told.total_rows = len(frame)
    if USAGE in frame:
        told.public_rows = int((frame[USAGE] == "Public").sum())
        told.private_rows = int((frame[USAGE] == "Private").sum())
    return told


def _metric_column(name: str, contest: Contest) -> ApiMetricColumn:
    told = ApiMetricColumn()
    told.name = name
    told.data_type = "label" if contest.labels else "number"
    return told


def _pages_with(contest: Contest, name: str) -> dict[str, str]:
    if name not in contest.pages:
        hint = did_you_mean(name, contest.pages)
        raise Failure(404, f"{contest.slug} has no page {name!r}{hint}")
    return dict(contest.pages)


def _save_page(
    call: Call, held: ContestRecord, name: str, text: str, pages: dict[str, str]
) -> ApiCompetitionPage:
    pages[name] = text
    save_definition(call, replace(held.contest, pages=pages), f"page {name}", held.version)
    return page_message(name, text)


def _refuse_problems(contest: Contest) -> None:
    problems = contest_problems(contest)
    if problems:
        raise InvalidContest(problems)


METHODS: Methods = {
    f"competitions.CompetitionApiService/{name}": method
    for name, method in {
        "CreateCompetition": Method(ApiCreateCompetitionRequest, create_competition),
        "CreateCompetitionData": Method(ApiCreateCompetitionDataRequest, create_data),
        "CreateCompetitionSolution": Method(ApiCreateCompetitionSolutionRequest, create_solution),
        "CreateCompetitionSampleSubmission": Method(
            ApiCreateCompetitionSampleSubmissionRequest, create_sample
        ),
        "GetCompetitionSolutionStatus": Method(
            ApiGetCompetitionSolutionStatusRequest, solution_status
        ),
        "LaunchCompetition": Method(ApiLaunchCompetitionRequest, launch_competition),
        "AddCompetitionHost": Method(ApiAddCompetitionHostRequest, add_competition_host),
        "CreateCompetitionPage": Method(ApiCreateCompetitionPageRequest, create_page),
        "UpdateCompetitionPage": Method(ApiUpdateCompetitionPageRequest, update_page),
        "DeleteCompetitionPage": Method(ApiDeleteCompetitionPageRequest, delete_page),
    }.items()
}
