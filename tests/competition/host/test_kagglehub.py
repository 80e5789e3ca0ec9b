"""`kagglehub`, unmodified, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def kagglehub(house: Any, client_environment: dict[str, str], work: Path) -> Any:
    def run(code: str, user: str = "ada") -> dict[str, Any]:
        environment = {
            **client_environment,
            "KAGGLE_API_TOKEN": house.tokens[user],
            "KAGGLEHUB_CACHE": str(work / "cache"),
        }
        script = f"import json, kagglehub\ntold = {{}}\n{textwrap.dedent(code)}\nprint('TOLD', json.dumps(told))"
        done = subprocess.run(
            [sys.executable, "-P", "-c", script],
            env=environment, cwd=work, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        told: dict[str, Any] = json.loads(done.stdout.rsplit("TOLD ", 1)[1])
        return told

    return run


def test_whoami_and_the_data_of_a_contest(kagglehub: Any, work: Path) -> None:
    told = kagglehub(
        """
        told["who"] = kagglehub.whoami()
        told["all"] = kagglehub.competition_download("pit-or-flesh")
        told["one"] = kagglehub.competition_download("pit-or-flesh", path="test.csv", output_dir="out")
        told["again"] = kagglehub.competition_download("pit-or-flesh")
        """
    )
    assert told["who"]["username"] == "ada"
    assert {path.name for path in Path(told["all"]).glob("*.csv")} >= {"train.csv", "test.csv"}
    assert told["again"] == told["all"]
    assert (work / "out" / "test.csv").is_file()


def test_a_data_set_is_uploaded_twice_and_fetched(kagglehub: Any, work: Path) -> None:
    (work / "set" / "deep").mkdir(parents=True)
    (work / "set" / "a.csv").write_text("id\n1\n")
    (work / "set" / "deep" / "b.csv").write_text("id\n2\n")
    told = kagglehub(
        """
        kagglehub.dataset_upload("ada/little-set", "set")
        told["first"] = kagglehub.dataset_download("ada/little-set")
        open("set/c.csv", "w").write("id\\n3\\n")
        kagglehub.dataset_upload("ada/little-set", "set", version_notes="more")
        told["second"] = kagglehub.dataset_download("ada/little-set")
        told["file"] = kagglehub.dataset_download("ada/little-set/versions/1", path="deep/b.csv", output_dir="one")
        """
    )
    assert sorted(p.name for p in Path(told["first"]).rglob("*.csv")) == ["a.csv", "b.csv"]
    assert sorted(p.name for p in Path(told["second"]).rglob("*.csv")) == [
        "a.csv",
        "b.csv",
        "c.csv",
    ]
    assert (Path(told["second"]) / "deep" / "b.csv").read_text() == "id\n2\n"
    assert (work / told["file"]).read_text() == "id\n2\n"


def test_many_files_travel_as_one_archive(kagglehub: Any, work: Path) -> None:
    (work / "many" / "in").mkdir(parents=True)
    for number in range(55):
        (work / "many" / "in" / f"{number}.txt").write_text(str(number))
    told = kagglehub(
        """
        kagglehub.dataset_upload("ada/many-files", "many")
        told["got"] = kagglehub.dataset_download("ada/many-files")
        """
    )
    assert len(list((Path(told["got"]) / "in").glob("*.txt"))) == 55


def test_a_model_is_uploaded_twice_and_fetched(kagglehub: Any, work: Path) -> None:
    (work / "net" / "weights").mkdir(parents=True)
    (work / "net" / "model.json").write_text("{}")
    (work / "net" / "weights" / "layer.bin").write_bytes(bytes(1000))
    told = kagglehub(
        """
        kagglehub.model_upload("ada/ripeness-net/other/small", "net", license_name="MIT")
        told["first"] = kagglehub.model_download("ada/ripeness-net/other/small")
        kagglehub.model_upload("ada/ripeness-net/other/small", "net", version_notes="again")
        told["second"] = kagglehub.model_download("ada/ripeness-net/other/small")
        told["old"] = kagglehub.model_download("ada/ripeness-net/other/small/1", path="model.json", output_dir="old")
        """
    )
    assert (Path(told["first"]) / "weights" / "layer.bin").stat().st_size == 1000
    assert told["second"] != told["first"]
    assert (work / told["old"]).read_text() == "{}"
