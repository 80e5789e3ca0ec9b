"""A contest's whole life, run by a host with the official command."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from competition.store import get_contest, list_data_files


def create_with_the_command(kaggle: Any, work: Path) -> str:
    assert kaggle("competitions", "init", ".", user="grace").status == 0
    file = work / "competition-metadata.json"
    metadata = json.loads(file.read_text())
    metadata |= {"title": "Stone or seed?", "slug": "stone-or-seed", "briefDescription": "Which?"}
    file.write_text(json.dumps(metadata))
    created = kaggle("competitions", "create", "-p", ".", user="grace")
    assert created.status == 0, created.said
    assert "/competitions/stone-or-seed" in created.out
    return "stone-or-seed"


@pytest.fixture
def drawn_up(house: Any) -> str:
    """A contest that grace has created and not filled yet."""
    fields = {"title": "Stone or seed?", "slug": "stone-or-seed", "briefDescription": "Which?"}
    told = house.call("CreateCompetition", {**fields, "privacy": "PUBLIC"}, user="grace")
    assert told.status_code == 200, told.text
    return str(told.json()["ref"])


@pytest.fixture
def tables(house: Any) -> Path:
    """The folder of a contest's files, as a host has them."""
    return Path(house.store.home.parent / "contest")


def test_a_host_runs_a_contest_from_beginning_to_end(
    kaggle: Any, house: Any, tables: Path, work: Path, submission: Callable[[int], str]
) -> None:
    drawn_up = create_with_the_command(kaggle, work)

    def host(*arguments: str) -> str:
        done = kaggle("competitions", *arguments, user="grace")
        assert done.status == 0, done.said
        return str(done.out)

    (work / "data").mkdir()
    for name in ("train.csv", "test.csv"):
        (work / "data" / name).write_bytes((tables / "data" / name).read_bytes())
    host("data", "update", drawn_up, "-p", "data", "-m", "first data")
    assert "Ready: false" in host("solution", "status", drawn_up)
    host("solution", "create", drawn_up, "-p", str(tables / "solution.csv"))
    status = json.loads(host("solution", "status", drawn_up, "--json"))
    assert status["ready"] is True
    assert status["rowIdColumnName"] == "id"
    assert status["columnMapping"] == {"is_pit": "is_pit"}
    counts = {
        key: status["solutionInfo"][key] for key in ("totalRows", "publicRows", "privateRows")
    }
    assert counts == {"totalRows": 40, "publicRows": 20, "privateRows": 20}

    hidden = kaggle("competitions", "files", drawn_up, user="ada")
    assert hidden.status == 1
    assert "no contest is named" in hidden.said
    host("launch", drawn_up)
    files = kaggle("competitions", "files", drawn_up, "-v", user="ada")
    for name in ("train.csv", "test.csv", "sample_submission.csv", "contest-public.toml"):
        assert name in files.out

    (work / "mine.csv").write_text(submission(0))
    assert kaggle("competitions", "submit", drawn_up, "-f", "mine.csv", "-m", "x").status == 0
    house.score_all()
    assert "1.00000" in kaggle("competitions", "leaderboard", drawn_up, "-s").out
    team = re.search(
        r"^\s*(\d+),ada", kaggle("competitions", "leaderboard", drawn_up, "-s", "-v").out, re.M
    )
    assert team
    shown = kaggle("competitions", "team-submissions", team[1], "-v")
    assert "1.00000" in shown.out, shown.said
    assert (
        kaggle("competitions", "team-submissions", team[1], user="eve").said.count("1.00000") == 0
    )


def test_a_contest_opens_at_the_time_that_was_said(
    kaggle: Any, house: Any, drawn_up: str, tables: Path
) -> None:
    fill(house, drawn_up, tables)
    at = (house.clock() + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    launched = kaggle("competitions", "launch", drawn_up, "--at", at, user="grace")
    assert launched.status == 0, launched.said
    assert house.call("ListDataFiles", {"competitionName": drawn_up}).status_code == 404
    house.clock.ahead = timedelta(hours=3)
    assert house.call("ListDataFiles", {"competitionName": drawn_up}).status_code == 200


def fill(house: Any, slug: str, tables: Path, *names: str) -> Any:
    """Upload data and solution as the client does, without starting it for each file."""
    chosen = names or ("train.csv", "test.csv")
    files = [{"name": name, "token": blob(house, tables / "data" / name)} for name in chosen]
    fields = {"competitionName": slug, "versionNotes": "x", "files": files}
    assert house.call("CreateCompetitionData", fields, user="grace").status_code == 200
    fields = {"competitionName": slug, "blobToken": blob(house, tables / "solution.csv")}
    return house.call("CreateCompetitionSolution", fields, user="grace")


def blob(house: Any, path: Path, name: str | None = None) -> str:
    import httpx

    fields = {"type": "DATASET", "name": name or path.name, "contentLength": path.stat().st_size}
    told = house.call("blobs.BlobApiService/StartBlobUpload", fields, user="grace").json()
    assert httpx.put(told["createUrl"], content=path.read_bytes(), timeout=60).status_code == 200
    return str(told["token"])


def test_settings_are_shown_and_changed(kaggle: Any, house: Any, drawn_up: str, work: Path) -> None:
    shown = kaggle("competitions", "settings", "get", drawn_up, "--json", user="grace")
    assert shown.status == 0, shown.said
    assert json.loads(shown.out)["title"] == "Stone or seed?"
    changes = {"deadline": "2027-01-31T23:59:00Z", "disableSubmissions": True, "title": "Seed?"}
    (work / "settings.json").write_text(json.dumps(changes))
    done = kaggle(
        "competitions", "settings", "update", drawn_up, "-f", "settings.json", user="grace"
    )
    assert done.status == 0, done.said
    contest = get_contest(house.store, drawn_up)
    assert (contest.title, contest.disable_submissions) == ("Seed?", True)
    assert contest.deadline is not None
    assert contest.deadline.isoformat() == "2027-01-31T23:59:00+00:00"


def test_a_setting_named_without_a_value_goes_back_to_its_default(house: Any) -> None:
    fields = {
        "competitionName": house.slug,
        "settings": {},
        "updateMask": "briefDescription,deadline",
    }
    assert house.call("UpdateCompetitionSettings", fields, user="grace").status_code == 200
    contest = get_contest(house.store, house.slug)
    assert (contest.description, contest.deadline) == ("", None)


def test_a_setting_that_this_host_lacks_is_refused_by_name(house: Any) -> None:
    fields = {
        "competitionName": house.slug,
        "settings": {"onlyAllowKernelSubmissions": True},
        "updateMask": "onlyAllowKernelSubmissions",
    }
    told = house.call("UpdateCompetitionSettings", fields, user="grace")
    assert told.status_code == 400
    assert "only_allow_kernel_submissions" in told.json()["message"]


def test_pages_are_listed_by_the_command_and_written_through_calls(kaggle: Any, house: Any) -> None:
    page = {"name": "evaluation", "content": "## Accuracy"}
    fields = {"competitionName": house.slug, "page": page}
    assert house.call("CreateCompetitionPage", fields, user="grace").json()["isPublished"] is True
    assert house.call("CreateCompetitionPage", fields, user="grace").status_code == 409
    listed = kaggle(
        "competitions", "pages", "list", "-c", house.slug, "--content", "--page-name", "evaluation"
    )
    assert "## Accuracy" in listed.out, listed.said
    change = {"competitionName": house.slug, "pageName": "evaluation", "updateMask": "name,content"}
    change["page"] = {"name": "scoring", "content": "Again"}  # type: ignore[assignment]
    assert house.call("UpdateCompetitionPage", change, user="grace").json()["content"] == "Again"
    assert get_contest(house.store, house.slug).pages["scoring"] == "Again"
    gone = {"competitionName": house.slug, "pageName": "scoring"}
    assert house.call("DeleteCompetitionPage", gone, user="grace").json() == {}
    assert house.call("DeleteCompetitionPage", gone, user="grace").status_code == 404


def test_hosts_are_listed_and_added(kaggle: Any, house: Any) -> None:
    fields = {"competitionName": house.slug, "userName": "eve"}
    assert house.call("AddCompetitionHost", fields, user="ada").status_code == 403
    assert house.call("AddCompetitionHost", fields, user="grace").json() == {}
    hosts = kaggle("competitions", "hosts", house.slug, "-v").out
    assert "grace" in hosts
    assert "eve" in hosts


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("CreateCompetitionData", {"files": []}),
        ("CreateCompetitionSolution", {"blobToken": "x"}),
        ("CreateCompetitionSampleSubmission", {"blobToken": "x"}),
        ("GetCompetitionSolutionStatus", {}),
        ("LaunchCompetition", {}),
        ("GetCompetitionSettings", {}),
        ("UpdateCompetitionSettings", {"settings": {"title": "Mine"}, "updateMask": "title"}),
        ("CreateCompetitionPage", {"page": {"name": "x", "content": "x"}}),
        ("UpdateCompetitionPage", {"pageName": "rules", "page": {"content": "x"}}),
        ("DeleteCompetitionPage", {"pageName": "rules"}),
        ("AddCompetitionHost", {"userName": "ada"}),
    ],
)
def test_only_hosts_may_change_a_contest(house: Any, method: str, fields: dict[str, Any]) -> None:
    before = get_contest(house.store, house.slug)
    for user, status in (("ada", 403), (None, 401)):
        told = house.call(method, {"competitionName": house.slug, **fields}, user=user)
        assert told.status_code == status
    assert get_contest(house.store, house.slug) == before


def test_a_slug_that_is_taken_or_wrong_is_refused(house: Any) -> None:
    for slug in (house.slug, "No Slug!", ""):
        fields = {"title": "Some title", "slug": slug, "briefDescription": "x", "privacy": "PUBLIC"}
        told = house.call("CreateCompetition", fields, user="grace")
        assert told.status_code == 400
        assert "slug" in told.json()["message"] or "exists already" in told.json()["message"]


def test_a_solution_that_does_not_fit_is_told_by_its_status_and_stops_the_launch(
    house: Any, drawn_up: str, tables: Path
) -> None:
    (tables / "solution.csv").write_text("id,is_pit,Usage\n1,2,Public\n")
    fill(house, drawn_up, tables)
    told = house.call(
        "GetCompetitionSolutionStatus", {"competitionName": drawn_up}, user="grace"
    ).json()
    assert "ready" not in told
    assert len(told["setupError"]) > 20
    launched = house.call("LaunchCompetition", {"competitionName": drawn_up}, user="grace")
    assert launched.status_code == 400
    assert "is not ready" in launched.json()["message"]


def test_without_a_training_table_the_solution_says_targets_and_metric(
    house: Any, drawn_up: str, tables: Path
) -> None:
    fill(house, drawn_up, tables, "test.csv", "sample_submission.csv")
    contest = get_contest(house.store, drawn_up)
    assert (contest.targets, contest.metric.name, contest.labels) == (
        ("is_pit",),
        "accuracy",
        (0, 1),
    )


def test_contest_public_toml_among_the_data_chooses_the_metric(
    house: Any, drawn_up: str, tables: Path
) -> None:
    (tables / "data" / "contest-public.toml").write_text(
        '[contest]\nslug = "x"\ntitle = "x"\n\n[data]\ntargets = ["is_pit"]\nlabels = [0, 1]\n\n[metric]\nname = "auc"\n'
    )
    fill(house, drawn_up, tables, "train.csv", "test.csv", "contest-public.toml")
    contest = get_contest(house.store, drawn_up)
    assert contest.metric.name == "auc"
    assert contest.title == "Stone or seed?"


def test_data_that_come_as_one_archive_are_unpacked(
    house: Any, drawn_up: str, tables: Path, tmp_path: Path
) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tables / "data" / "train.csv", "train.csv")
        archive.write(tables / "data" / "test.csv", "images/test.csv")
    files = [{"name": "all.zip", "token": blob(house, tmp_path / "all.zip")}]
    fields = {"competitionName": drawn_up, "versionNotes": "x", "files": files}
    assert house.call("CreateCompetitionData", fields, user="grace").status_code == 200
    assert [file.name for file in list_data_files(house.store, drawn_up)] == [
        "images/test.csv",
        "train.csv",
    ]


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/passwd", "a/../../b", "", "x\ny", "a\\b"])
def test_no_name_leads_out_of_the_data(house: Any, tables: Path, name: str) -> None:
    files = [{"name": name, "token": blob(house, tables / "solution.csv")}]
    fields = {"competitionName": house.slug, "versionNotes": "x", "files": files}
    assert house.call("CreateCompetitionData", fields, user="grace").status_code == 400
