"""The sections of ``contest.toml``, as text from outside is checked against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
)

from competition.definition.contest import Privacy
from competition.errors import did_you_mean


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Identity(_Section):
    slug: StrictStr
    title: StrictStr | None = None
    description: StrictStr = ""
    privacy: Privacy = "public"


class _Data(_Section):
    targets: list[StrictStr]
    id_column: StrictStr = "id"
    labels: list[Any] = []
    group_column: StrictStr | None = None
    time_column: StrictStr | None = None
    public_fraction: StrictFloat = 0.3
    seed: StrictInt = 0


class _Metric(_Section):
    name: StrictStr
    parameters: dict[str, Any] = {}
    beside: list[StrictStr] = []
    file: StrictStr | None = None
    predicts: StrictStr | None = None
    greater_is_better: StrictBool | None = None


class _Dates(_Section):
    launched_at: AwareDatetime | None = None
    deadline: AwareDatetime | None = None
    new_entrant_deadline: AwareDatetime | None = None
    team_merger_deadline: AwareDatetime | None = None
    private_leaderboard_release_date: AwareDatetime | None = None


class _Limits(_Section):
    max_daily_submissions: StrictInt = 5
    num_scored_submissions: StrictInt = 2
    max_team_size: StrictInt = 1
    max_pending_submissions_per_team: StrictInt = 10
    submission_size_limit_mb: StrictInt = 100
    disable_submissions: StrictBool = False


class _Board(_Section):
    decimals: StrictInt = 5
    hold_final_board: StrictBool = False
    ladder: StrictBool = False


class ContestFile(_Section):
    """A whole ``contest.toml``."""

    contest: _Identity
    data: _Data
    metric: _Metric
    dates: _Dates = _Dates()
    limits: _Limits = _Limits()
    board: _Board = _Board()


SECTIONS: Mapping[str, type[BaseModel]] = {
    "contest": _Identity,
    "data": _Data,
    "metric": _Metric,
    "dates": _Dates,
    "limits": _Limits,
    "board": _Board,
}


def sentences(error: ValidationError) -> Iterator[str]:
    """Say each problem in one sentence behind its key path."""
    for problem in error.errors():
        place = [str(part) for part in problem["loc"]]
        yield f"{'.'.join(place)}: {_sentence(problem, place)}"


def _sentence(problem: Any, place: list[str]) -> str:
    kind, got = problem["type"], problem["input"]
    if kind == "extra_forbidden":
        known = list(SECTIONS[place[0]].model_fields) if len(place) > 1 else list(SECTIONS)
        hint = did_you_mean(place[-1], known)
        return f"unknown key{hint or '; known are: ' + ', '.join(known)}"
    if kind == "missing":
        return "is required but missing"
    if kind == "timezone_aware":
        return f"must carry its time zone, such as {got.isoformat()}Z"
    expected = problem["msg"].removeprefix("Input should be ")
    expected = expected.replace("a valid integer", "an integer").replace("a valid ", "a ")
    return f"must be {expected}, but got {got!r}"
