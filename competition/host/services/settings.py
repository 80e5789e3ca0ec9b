"""A contest's settings, in Kaggle's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from kagglesdk.competitions.types.competition_api_service import (
    ApiGetCompetitionSettingsRequest,
    ApiUpdateCompetitionSettingsRequest,
)
from kagglesdk.competitions.types.competition_enums import HostSegment
from kagglesdk.competitions.types.host_service import CompetitionSettings

from competition.definition import Contest
from competition.host.failures import Failure
from competition.host.rpc import Call, Method, Methods
from competition.host.services.hosting import contest_of_host, held_by_host, save_definition
from competition.host.wire import naive

__all__ = ["METHODS"]

_PLAIN: Mapping[str, str] = {
    "title": "title",
    "brief_description": "description",
    "disable_submissions": "disable_submissions",
    "withold_final_leaderboard_until_it_has_been_verified": "hold_final_board",
}
_TIMES: Mapping[str, str] = {
    "deadline": "deadline",
    "team_merger_explicit_deadline": "team_merger_deadline",
    "prohibit_new_entrants_explicit_deadline": "new_entrant_deadline",
}


def get_settings(call: Call, asked: ApiGetCompetitionSettingsRequest) -> CompetitionSettings:
    """Tell a contest's settings."""
    return _settings(contest_of_host(call, asked.competition_name))


def update_settings(call: Call, asked: ApiUpdateCompetitionSettingsRequest) -> CompetitionSettings:
    """Change the settings that the mask names."""
    held = held_by_host(call, asked.competition_name)
    contest = held.contest
    wanted = asked.settings or CompetitionSettings()
    paths = list(asked.update_mask.paths) if asked.update_mask else []
    if not paths:
        raise Failure(400, "updateMask must name the settings to change")
    _refuse_unsupported(contest, wanted, paths)
    changes = dict(_change(wanted, path) for path in paths if path in {**_PLAIN, **_TIMES})
    contest = replace(contest, **_after(contest, wanted, paths, changes))
    save_definition(call, contest, "settings", held.version)
    return _settings(contest)


def _settings(contest: Contest) -> CompetitionSettings:
    told = CompetitionSettings()
    told.competition_name = contest.slug
    told.host_segment = HostSegment.HOST_SEGMENT_COMMUNITY
    told.has_leaderboard = True
    told.final_leaderboard_has_been_verified = not contest.hold_final_board
    for path, name in _PLAIN.items():
        setattr(told, path, getattr(contest, name))
    for path, name in _TIMES.items():
        setattr(told, path, naive(getattr(contest, name)))
    return told


def _change(wanted: CompetitionSettings, path: str) -> tuple[str, Any]:
    value = getattr(wanted, path)
    if path in _TIMES:
        moment: datetime | None = value
        return _TIMES[path], moment.replace(tzinfo=UTC) if moment else None
    return _PLAIN[path], value


def _after(
    contest: Contest, wanted: CompetitionSettings, paths: list[str], changes: dict[str, Any]
) -> dict[str, Any]:
    """Let a board that has been verified no longer be held."""
    if "final_leaderboard_has_been_verified" in paths and "hold_final_board" not in changes:
        held = not wanted.final_leaderboard_has_been_verified
        changes = {**changes, "hold_final_board": held and contest.hold_final_board}
    return changes


def _refuse_unsupported(contest: Contest, wanted: CompetitionSettings, paths: list[str]) -> None:
    """Refuse to set what this host does not have, unless it is set to what holds anyway."""
    supported = {*_PLAIN, *_TIMES, "final_leaderboard_has_been_verified"}
    as_it_is = _settings(contest)
    read: Callable[[CompetitionSettings, str], Any] = getattr
    odd = [
        path
        for path in paths
        if path not in supported and read(wanted, path) != read(as_it_is, path)
    ]
    if odd:
        raise Failure(400, f"the settings {', '.join(odd)} are not supported by this server")


METHODS: Methods = {
    f"competitions.CompetitionApiService/{name}": method
    for name, method in {
        "GetCompetitionSettings": Method(ApiGetCompetitionSettingsRequest, get_settings),
        "UpdateCompetitionSettings": Method(ApiUpdateCompetitionSettingsRequest, update_settings),
    }.items()
}
