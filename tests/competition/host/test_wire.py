"""Messages: read with their types held, written as the official client reads them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from kagglesdk.competitions.types.competition_api_service import (
    ApiCreateCompetitionDataRequest,
    ApiLaunchCompetitionRequest,
    ApiListCompetitionsRequest,
    ApiListSubmissionsRequest,
    ApiSubmission,
    ApiUpdateCompetitionSettingsRequest,
)
from kagglesdk.competitions.types.competition_enums import SubmissionGroup

from competition.host.failures import Failure
from competition.host.wire import answer, naive, read_message, read_time


@pytest.mark.parametrize(
    "text",
    [
        "2027-01-31T23:59:00Z",
        "2027-01-31T23:59:00.123Z",
        "2027-01-31T23:59:00.1234567Z",
        "2027-01-31T23:59:00+00:00",
        "2027-01-31T23:59:00.000+00:00Z",
        "2027-02-01T01:59:00.5+02:00",
        "2027-01-31 23:59:00",
        "2027-01-31T23:59",
    ],
)
def test_every_form_of_time_that_clients_write_is_read(text: str) -> None:
    assert read_time(text) == datetime(2027, 1, 31, 23, 59, tzinfo=UTC)


def test_a_day_alone_means_its_beginning() -> None:
    assert read_time("2027-01-31") == datetime(2027, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "31.01.2027", "2027-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|month"):
        read_time(text)


def test_omitted_fields_have_their_defaults_and_unknown_ones_are_ignored() -> None:
    read = read_message(ApiListSubmissionsRequest, b'{"competitionName": "a", "madeUp": [1]}')
    assert (read.competition_name, read.page) == ("a", 0)
    assert read.group is SubmissionGroup.SUBMISSION_GROUP_ALL
    assert read_message(ApiListSubmissionsRequest, b"").competition_name == ""


def test_nested_messages_masks_and_lists_are_read() -> None:
    fields = {"competitionName": "a", "files": [{"name": "x.csv", "token": "t"}]}
    data = read_message(ApiCreateCompetitionDataRequest, json.dumps(fields).encode())
    assert [(file.name, file.token) for file in data.files] == [("x.csv", "t")]
    body = {"settings": {"deadline": "2027-01-31T23:59:00.000+00:00Z"}, "updateMask": "deadline"}
    settings = read_message(ApiUpdateCompetitionSettingsRequest, json.dumps(body).encode())
    assert settings.settings.deadline == datetime(2027, 1, 31, 23, 59)
    assert list(settings.update_mask.paths) == ["deadline"]


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        (ApiListCompetitionsRequest, b"[", "must be a JSON object"),
        (ApiListCompetitionsRequest, b"[]", "must be a JSON object"),
        (ApiListCompetitionsRequest, b'{"page": "x"}', "page must be a whole number, got"),
        (ApiListCompetitionsRequest, b'{"page": true}', "page must be a whole number"),
        (ApiListCompetitionsRequest, b'{"search": {}}', "search must be a string"),
        (ApiListCompetitionsRequest, b'{"group": "NONE"}', "group has an unknown value"),
        (ApiListCompetitionsRequest, b'{"group": 3}', "group must be a string"),
        (ApiLaunchCompetitionRequest, b'{"futureTime": "soon"}', "futureTime: a time like"),
        (ApiCreateCompetitionDataRequest, b'{"files": {}}', "files must be a list"),
        (ApiListCompetitionsRequest, b"[" * 100_000, "nested too deeply"),
        (ApiListCompetitionsRequest, b'{"a":' * 100_000, "nested too deeply"),
        (ApiListCompetitionsRequest, b'{"page": NaN}', "must be a JSON object"),
        (ApiListCompetitionsRequest, b'{"page": 9223372036854775808}', "page must fit 64 bits"),
        (ApiListCompetitionsRequest, b'{"page": "9999999999999999999"}', "page must fit 64 bits"),
        (ApiListCompetitionsRequest, b'{"search": "\\ud83e"}', "half a character"),
        (ApiListCompetitionsRequest, b'{"search": "a\\u0000"}', "zero byte"),
        (ApiLaunchCompetitionRequest, b'{"futureTime": "0001-01-01T00:00:00+23:59"}', "year 1"),
        (ApiCreateCompetitionDataRequest, b'{"files": ["x"]}', "must be a JSON object"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_name_of_the_field(
    kind: type, body: bytes, message: str
) -> None:
    with pytest.raises(Failure, match=message) as caught:
        read_message(kind, body)
    assert caught.value.status == 400


def test_numbers_may_come_as_text_as_proto3_writes_them() -> None:
    assert read_message(ApiListCompetitionsRequest, b'{"page": "3"}').page == 3


def test_times_go_out_in_utc_and_whole_seconds() -> None:
    told = ApiSubmission()
    east = timezone(timedelta(hours=2))
    told.date = naive(datetime(2026, 5, 1, 12, 0, 0, 999, tzinfo=east))
    assert json.loads(answer(told).body) == {"date": "2026-05-01T10:00:00.000Z"}
