"""A host's upload is taken whole or not at all, and no data file tells the truth."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from competition.definition import MetricChoice, dump_public_contest, load_contest
from competition.host.failures import failure_of
from competition.store import add_contest, get_contest, list_data_files, solution_file


@pytest.fixture
def tables(house: Any) -> Path:
    """The folder of the launched contest's files."""
    return Path(house.store.home.parent / "contest")


def blob(house: Any, content: bytes) -> str:
    fields = {"type": "DATASET", "name": "x", "contentLength": len(content)}
    told = house.call("blobs.BlobApiService/StartBlobUpload", fields, user="grace").json()
    assert httpx.put(told["createUrl"], content=content, timeout=60).status_code == 200
    return str(told["token"])


def send(house: Any, files: dict[str, bytes], slug: str | None = None) -> httpx.Response:
    named = [{"name": name, "token": blob(house, content)} for name, content in files.items()]
    fields = {"competitionName": slug or house.slug, "versionNotes": "x", "files": named}
    return house.call("CreateCompetitionData", fields, user="grace")  # type: ignore[no-any-return]


def send_file(house: Any, method: str, content: bytes) -> httpx.Response:
    fields = {"competitionName": house.slug, "blobToken": blob(house, content)}
    return house.call(method, fields, user="grace")  # type: ignore[no-any-return]


def held(house: Any) -> dict[str, str]:
    """What the contest holds: data and solution by digest."""
    files = {file.name: file.sha256 for file in list_data_files(house.store, house.slug)}
    return {**files, "its solution": solution_file(house.store, house.slug).sha256}


def good(tables: Path) -> dict[str, bytes]:
    names = ("train.csv", "test.csv", "sample_submission.csv")
    return {name: (tables / "data" / name).read_bytes() for name in names}


@pytest.mark.parametrize(
    "spoilt",
    [
        {"test.csv": b"id,hardness\n1,2\n"},
        {"train.csv": b"\x00\x01"},
        {"sample_submission.csv": b"id,nothing\n1,2\n"},
        {"solution.csv": b"a,b\n1,2\n"},
        {"old/Solution.csv": b"a,b\n1,2\n"},
    ],
)
def test_data_that_do_not_fit_change_nothing_of_an_open_contest(
    house: Any, tables: Path, spoilt: dict[str, bytes]
) -> None:
    before = held(house)
    told = send(house, {**good(tables), **spoilt})
    assert told.status_code == 400, told.text
    assert held(house) == before


@pytest.mark.parametrize("name", ["answers.csv", "extra/truth.csv", "test.csv"])
def test_a_table_with_the_targets_of_test_rows_is_refused_by_name(
    house: Any, tables: Path, name: str
) -> None:
    before = held(house)
    told = send(house, {**good(tables), name: (tables / "solution.csv").read_bytes()})
    assert told.status_code == 400
    assert name in told.json()["message"]
    assert held(house) == before


def test_the_truth_is_no_sample_submission(house: Any, tables: Path) -> None:
    before = held(house)
    truth = (tables / "solution.csv").read_bytes()
    told = send_file(house, "CreateCompetitionSampleSubmission", truth)
    assert told.status_code == 400
    assert "sample_submission.csv" in told.json()["message"]
    assert held(house) == before


@pytest.mark.parametrize("text", [b"id,is_pit,Usage\n1,2,Public\n", b"\x00\x01\x02", b""])
def test_a_broken_solution_leaves_the_good_one_in_its_place(house: Any, text: bytes) -> None:
    before = held(house)
    told = send_file(house, "CreateCompetitionSolution", text)
    assert told.status_code == 400, told.text
    assert "/tmp" not in told.json()["message"]
    assert held(house) == before


def test_a_message_calls_a_file_by_its_own_name(house: Any, tables: Path) -> None:
    told = send(house, {**good(tables), "test.csv": b"id,hardness\n1,2\n"})
    message = told.json()["message"]
    assert "test.csv" in message
    assert "ripe-" not in message


def test_good_data_are_taken_as_one_version(house: Any, tables: Path) -> None:
    from competition.store import contest_record

    before = contest_record(house.store, house.slug).version
    told = send(house, {**good(tables), "made/x.csv": b"a\n1\n", "data/train.csv": b"a\n1\n"})
    assert told.status_code == 200, told.text
    assert contest_record(house.store, house.slug).version == before + 1
    names = {file.name for file in list_data_files(house.store, house.slug)}
    assert {"made/x.csv", "data/train.csv", "contest-public.toml"} <= names


def test_a_file_cannot_be_a_folder_too(house: Any, tables: Path) -> None:
    told = send(house, {**good(tables), "train.csv/x.csv": b"a\n1\n"})
    assert told.status_code == 400
    assert "both a file and a folder" in told.json()["message"]


@pytest.mark.parametrize("name", ["x" * 61, "a\n", "a\x07"])
def test_a_page_name_is_short_and_plain(house: Any, name: str) -> None:
    fields = {"competitionName": house.slug, "page": {"name": name, "content": "x"}}
    told = house.call("CreateCompetitionPage", fields, user="grace")
    assert told.status_code == 400
    assert "page name" in told.json()["message"]


def test_an_error_of_the_host_s_own_does_not_claim_that_nothing_happened() -> None:
    assert "nothing was changed" not in failure_of(ZeroDivisionError()).message


def test_truth_that_the_metric_cannot_score_is_refused_in_one_sentence(
    house: Any, tables: Path
) -> None:
    before = held(house)
    wanted = replace(get_contest(house.store, house.slug), metric=MetricChoice("mape"), labels=())
    dump_public_contest(wanted, tables / "public.toml")
    told = send(
        house, {**good(tables), "contest-public.toml": (tables / "public.toml").read_bytes()}
    )
    assert told.status_code == 400
    said = told.json()["message"]
    assert said.startswith("the metric mape cannot score its truth: ") and "\n" not in said
    assert held(house) == before


@pytest.mark.parametrize("tells_its_metric", [True, False])
def test_new_data_leave_a_contest_its_host_s_own_metric(
    house: Any, contest_folder: Any, tmp_path: Path, tells_its_metric: bool
) -> None:
    folder = contest_folder(own_metric="pass", slug="own")
    contest = add_contest(house.store, folder, host="grace", now=house.clock(), launch=True)
    files = {path.name: path.read_bytes() for path in (folder / "data").iterdir()}
    files["train.csv"] += b"9,3,1\n"
    if tells_its_metric:
        dump_public_contest(contest, tmp_path / "public.toml")
        files["contest-public.toml"] = (tmp_path / "public.toml").read_bytes()
    told = send(house, files, "own")
    assert told.status_code == 200, told.text
    after = get_contest(house.store, "own")
    assert (after.metric, after.targets) == (contest.metric, contest.targets)
    held = {file.name: file for file in list_data_files(house.store, "own")}
    known = load_contest(house.store.files.path(held["contest-public.toml"].sha256))
    assert known.metric == contest.metric


def test_a_metric_file_that_was_never_sent_is_missed_in_one_sentence(
    house: Any, tables: Path
) -> None:
    own = MetricChoice("mine", file="metric.py", predicts="labels", greater_is_better=True)
    wanted = replace(get_contest(house.store, house.slug), metric=own)
    dump_public_contest(wanted, tables / "public.toml")
    public = (tables / "public.toml").read_bytes()
    told = send(house, {**good(tables), "contest-public.toml": public})
    assert told.status_code == 400
    assert "the metric file metric.py cannot be read: No such file" in told.json()["message"]


def test_of_changes_at_once_none_is_lost_that_was_answered_with_success(house: Any) -> None:
    def write(number: int) -> int:
        page = {"name": f"notes{number}", "content": "x"}
        fields = {"competitionName": house.slug, "page": page}
        told = house.call("CreateCompetitionPage", fields, user="grace")
        if told.status_code != 200:
            assert told.status_code == 409
            assert "changed by somebody else meanwhile" in told.json()["message"]
        return number if told.status_code == 200 else -1

    with ThreadPoolExecutor(6) as threads:
        written = {number for number in threads.map(write, range(12)) if number >= 0}
    pages = get_contest(house.store, house.slug).pages
    assert written
    assert {name for name in pages if name.startswith("notes")} == {f"notes{n}" for n in written}
