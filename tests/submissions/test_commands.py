"""The commands of a participant, typed as a participant types them."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ripe.cli import main
from submissions import save_server


@dataclass(frozen=True)
class Outcome:
    status: int
    output: str
    error: str


@pytest.fixture
def ripe(tmp_path: Path, host: Any, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a command in a home that knows the host and holds its token."""
    home = tmp_path / "home"
    save_server(home, host.url, host.token)

    def run(*arguments: str | Path) -> Outcome:
        with pytest.raises(SystemExit) as end:
            main(["--home", str(home), *map(str, arguments)])
        captured = capsys.readouterr()
        return Outcome(int(end.value.code or 0), captured.out, captured.err)

    return run


@pytest.mark.usefixtures("within_a_day")
def test_download_submit_and_board(ripe: Callable[..., Outcome], tmp_path: Path) -> None:
    first = ripe("download", "fruit")
    assert first.status == 0
    assert str(tmp_path / "home" / "data" / "fruit") in first.output
    assert "is current" in ripe("download", "fruit").output
    told = json.loads(ripe("download", "fruit", "--json").output)
    assert told["new"] is False
    sample = tmp_path / "home" / "data" / "fruit" / "sample_submission.csv"
    sent = ripe("submit", sample, "-c", "fruit", "-m", "first try")
    assert sent.status == 0
    assert "stands in fruit" in sent.output
    assert "Entries left today: 49 (before: 50)" in sent.output
    told = json.loads(ripe("submit", sample, "-c", "fruit", "--json").output)
    assert told["status"] == "pending"
    assert told["quota_after"] == 48
    assert json.loads(ripe("leaderboard", "fruit", "--json").output) == []
    table = list(csv.reader(io.StringIO(ripe("leaderboard", "fruit", "--csv").output)))
    assert table[0][:3] == ["rank", "team_id", "team"]
    assert "Public leaderboard of fruit" in ripe("leaderboard", "fruit").output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("download", "fruity"), "fruity"),
        (("leaderboard", "fruity"), "fruity"),
        (("leaderboard", "fruit", "--private"), "not released"),
        (("submit", "nowhere.csv", "-c", "fruit"), "no file"),
        (("download", "fruit", "--server", "http://127.0.0.1:9"), "ripe up"),
        (("download", "fruit", "--server", "fruit.example"), "must be http"),
        (("download", "titanic", "--from", "kaggle"), "network"),
    ],
)
def test_a_refusal_is_one_line_and_status_1(
    ripe: Callable[..., Outcome], arguments: tuple[str, ...], words: str
) -> None:
    outcome = ripe(*arguments)
    assert outcome.status == 1
    assert words in outcome.error
    assert outcome.error.startswith("ripe: ")
    assert outcome.error.count("\n") == 1
    assert not outcome.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("submit", "-c", "fruit"),
        ("submit", "a.csv", "--run", "b", "-c", "fruit"),
        ("submit", "a.csv"),
        ("leaderboard", "fruit", "--csv", "--json"),
        ("export", "run"),
    ],
)
def test_wrong_usage_is_status_2(ripe: Callable[..., Outcome], arguments: tuple[str, ...]) -> None:
    assert ripe(*arguments).status == 2


def test_without_kaggle_credentials_one_line_says_how_to_get_them(
    ripe: Callable[..., Outcome], make_line: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = make_line()
    monkeypatch.setenv("RIPE_KAGGLE_URL", line.url)
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", "/tmp")
    outcome = ripe("download", "titanic", "--from", "kaggle")
    assert outcome.status == 1
    assert "https://www.kaggle.com/settings/api" in outcome.error
    assert outcome.error.count("\n") == 1
    assert not line.seen


def test_the_installed_command_works_beside_folders_of_our_names(host: Any, tmp_path: Path) -> None:
    for name in ("experiments", "submissions"):
        (tmp_path / name).mkdir()
    environment = {**os.environ, "RIPE_SERVER": host.url, "RIPE_TOKEN": host.token}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ripe")), "leaderboard", "fruit", "--json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert isinstance(json.loads(done.stdout), list)
