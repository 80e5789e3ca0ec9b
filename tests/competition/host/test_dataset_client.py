"""Data sets with the official command."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from competition.store import get_publication, publication_files


@pytest.fixture
def folder(work: Path) -> Path:
    """A folder as `kaggle datasets create` takes it."""
    made = work / "mine"
    (made / "leaves").mkdir(parents=True)
    (made / "fruit.csv").write_text("id,weight_g\n1,200\n")
    (made / "a b.csv").write_text("id\n1\n")
    (made / "leaves" / "green.csv").write_text("id,hue_deg\n1,120\n")
    metadata = {
        "title": "Weights of avocados",
        "id": "ada/avocado-weights",
        "licenses": [{"name": "CC0-1.0"}],
    }
    (made / "dataset-metadata.json").write_text(json.dumps(metadata))
    return made


def names(house: Any, number: int | None = None) -> list[str]:
    found = get_publication(house.store, "dataset", "ada", "avocado-weights")
    return [file.name for file in publication_files(house.store, found, number)]


def test_a_data_set_is_created_shown_fetched_changed_and_removed(
    kaggle: Any, house: Any, folder: Path, work: Path
) -> None:
    def run(*arguments: str, **options: str) -> str:
        done = kaggle("datasets", *arguments, **options)
        assert done.status == 0, done.said
        return str(done.said)

    run("create", "-p", "mine", "-r", "zip", "--public")
    assert names(house) == ["a b.csv", "fruit.csv", "leaves/green.csv"]
    assert "ready" in run("status", "ada/avocado-weights")
    assert "ada/avocado-weights" in run("list", "-m")
    assert "ada/avocado-weights" in run("list", "-s", "weights", user="eve")
    assert "leaves/green.csv" in run("files", "ada/avocado-weights")

    run("download", "ada/avocado-weights", "--unzip", "-p", "got", user="eve")
    assert (work / "got" / "leaves" / "green.csv").read_text() == "id,hue_deg\n1,120\n"
    run("download", "ada/avocado-weights", "-f", "fruit.csv", "-p", "one")
    assert (work / "one" / "fruit.csv").read_text() == "id,weight_g\n1,200\n"

    (folder / "fruit.csv").write_text("id,weight_g\n1,200\n2,190\n")
    run("version", "-p", "mine", "-m", "one more", "-r", "zip")
    assert get_publication(house.store, "dataset", "ada", "avocado-weights").newest == 2
    run("download", "ada/avocado-weights/1", "-f", "fruit.csv", "-p", "old")
    assert (work / "old" / "fruit.csv").read_text() == "id,weight_g\n1,200\n"

    run("metadata", "ada/avocado-weights", "-p", "meta")
    written = json.loads((work / "meta" / "dataset-metadata.json").read_text())
    assert "Weights of avocados" in json.dumps(written)
    run("delete", "ada/avocado-weights", "-y")
    assert "no dataset is named" in kaggle("datasets", "files", "ada/avocado-weights").said


def test_a_second_creation_says_that_it_exists(kaggle: Any, house: Any, folder: Path) -> None:
    publish(house, "ada", "avocado-weights", {"x.csv": b"1"}, public=True)
    done = kaggle("datasets", "create", "-p", "mine")
    assert "already in use" in done.said


def publish(
    house: Any, user: str, slug: str, files: dict[str, bytes], *, public: bool = False
) -> httpx.Response:
    tokens = [{"token": send(house, user, name, content)} for name, content in files.items()]
    fields = {
        "ownerSlug": user,
        "slug": slug,
        "title": slug,
        "files": tokens,
        "isPrivate": not public,
    }
    told: httpx.Response = house.call("datasets.DatasetApiService/CreateDataset", fields, user=user)
    return told


def send(house: Any, user: str, name: str, content: bytes) -> str:
    fields = {"type": "DATASET", "name": name, "contentLength": len(content)}
    told = house.call("blobs.BlobApiService/StartBlobUpload", fields, user=user).json()
    assert httpx.put(told["createUrl"], content=content, timeout=60).status_code == 200
    return str(told["token"])


def test_a_private_data_set_is_its_owner_s_alone(house: Any) -> None:
    publish(house, "ada", "avocado-weights", {"x.csv": b"1"})
    name = {"ownerSlug": "ada", "datasetSlug": "avocado-weights"}
    for method in (
        "GetDataset", "GetDatasetStatus", "GetDatasetMetadata", "ListDatasetFiles",
        "ListTreeDatasetFiles", "DownloadDataset", "DeleteDataset",
    ):  # fmt: skip
        told = house.call(f"datasets.DatasetApiService/{method}", name, user="eve")
        assert told.status_code == 404, method
    listed = house.call("datasets.DatasetApiService/ListDatasets", {}, user="eve").json()
    assert listed.get("datasets", []) == []
    assert house.call("datasets.DatasetApiService/GetDataset", name).status_code == 200
    assert house.call("datasets.DatasetApiService/GetDataset", name, user=None).status_code == 404


def test_a_public_data_set_can_be_fetched_by_anybody_and_changed_by_its_owner(house: Any) -> None:
    publish(house, "ada", "avocado-weights", {"x.csv": b"1"}, public=True)
    name = {"ownerSlug": "ada", "datasetSlug": "avocado-weights"}
    told = house.call("datasets.DatasetApiService/DownloadDataset", name, user=None)
    assert told.status_code == 302
    assert told.headers["Location"].endswith("/avocado-weights.zip")
    for method, more in (
        ("DeleteDataset", {}),
        ("UpdateDatasetMetadata", {"settings": {"title": "Mine now"}}),
        ("CreateDatasetVersion", {"body": {"files": [{"token": send(house, "eve", "a", b"1")}]}}),
    ):
        refused = house.call(f"datasets.DatasetApiService/{method}", {**name, **more}, user="eve")
        assert refused.status_code == 403, method


def test_nobody_publishes_under_another_s_name(house: Any) -> None:
    token = send(house, "eve", "a.csv", b"1")
    fields = {"ownerSlug": "ada", "slug": "avocado-weights", "files": [{"token": token}]}
    told = house.call("datasets.DatasetApiService/CreateDataset", fields, user="eve")
    assert told.status_code == 403


def test_an_archive_alone_is_unpacked_in_place(house: Any, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        for number in range(3):
            archive.writestr(f"part/{number}.csv", "1")
    publish(
        house, "ada", "avocado-weights", {"archive.zip": (tmp_path / "archive.zip").read_bytes()}
    )
    assert names(house) == ["part/0.csv", "part/1.csv", "part/2.csv"]


@pytest.mark.parametrize("name", ["../evil.csv", "/etc/evil.csv", "a/../../evil.csv"])
def test_an_archive_that_leads_out_of_itself_is_refused(
    house: Any, tmp_path: Path, name: str
) -> None:
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr(name, "1")
    content = (tmp_path / "archive.zip").read_bytes()
    assert publish(house, "ada", "avocado-weights", {"archive.zip": content}).status_code == 400


def test_an_archive_that_grows_without_end_is_refused(
    house: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("competition.host.archives.LARGEST_UNPACKED", 1 << 20)
    with zipfile.ZipFile(tmp_path / "archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(2 << 20))
    content = (tmp_path / "archive.zip").read_bytes()
    told = publish(house, "ada", "avocado-weights", {"archive.zip": content})
    assert told.status_code == 400
    assert "more than may be stored" in told.json()["message"]


def test_a_folder_of_a_data_set_is_listed(house: Any, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("top.csv", "in/a.csv", "in/deep/b.csv"):
            archive.writestr(name, "1")
    publish(house, "ada", "avocado-weights", {"a.zip": (tmp_path / "a.zip").read_bytes()})
    fields = {"ownerSlug": "ada", "datasetSlug": "avocado-weights", "path": "in"}
    told = house.call("datasets.DatasetApiService/ListTreeDatasetFiles", fields).json()
    assert [file["relativeUrl"] for file in told["files"]] == ["in/a.csv"]
    assert [folder["relativeUrl"] for folder in told["directories"]] == ["in/deep"]
