"""`ripe kaggle`: the official command at any address, with each side's credentials kept apart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def ripe(house: Any, client_environment: dict[str, str], work: Path) -> Any:
    def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        base = {name: client_environment[name] for name in ("PATH", "HOME", "TMPDIR")}
        command = [
            str(Path(sys.executable).with_name("ripe")),
            "--home",
            str(work / "home"),
            *arguments,
        ]
        return subprocess.run(
            command, env={**base, **env}, cwd=work, capture_output=True, text=True, timeout=120
        )

    return run


def test_the_wrapper_reaches_a_host_at_any_address(ripe: Any, house: Any, work: Path) -> None:
    env = {"RIPE_SERVER": house.url, "RIPE_TOKEN": house.tokens["ada"]}
    done = ripe("kaggle", "competitions", "download", "pit-or-flesh", "-f", "test.csv", **env)
    assert done.returncode == 0, done.stderr
    assert (work / "test.csv").is_file()


def test_the_wrapper_sends_our_token_alone_though_real_ones_lie_about(
    ripe: Any, house: Any
) -> None:
    env = {
        "RIPE_SERVER": house.url,
        "RIPE_TOKEN": house.tokens["ada"],
        "KAGGLE_API_TOKEN": "decoy-from-the-environment",
        "KAGGLE_USERNAME": "real",
        "KAGGLE_KEY": "decoy-key",
    }
    assert ripe("kaggle", "competitions", "list", **env).returncode == 0
    sent = [value for scope in house.requests for _, value in scope["headers"]]
    assert f"Bearer {house.tokens['ada']}".encode() in sent
    assert not any(b"decoy" in value.lower() for value in sent)


def test_without_a_token_nothing_is_sent_and_one_line_says_so(ripe: Any, house: Any) -> None:
    done = ripe("kaggle", "competitions", "list", RIPE_SERVER=house.url)
    assert done.returncode == 1
    assert done.stderr.startswith("ripe: there is no token for http://127.0.0.1:")
    assert len(done.stderr.splitlines()) == 1
    assert not house.requests


def test_the_exit_status_is_the_official_command_s_own(ripe: Any, house: Any) -> None:
    env = {"RIPE_SERVER": house.url, "RIPE_TOKEN": house.tokens["ada"]}
    done = ripe("kaggle", "competitions", "files", "nope", **env)
    assert done.returncode == 1
    assert "no contest is named 'nope' here" in done.stderr


def test_a_folder_named_like_our_packages_does_not_disturb_it(
    ripe: Any, house: Any, work: Path
) -> None:
    for name in ("submissions", "competition", "kaggle"):
        (work / name).mkdir()
        (work / name / "__init__.py").write_text("raise SystemExit('the wrong package')")
    env = {"RIPE_SERVER": house.url, "RIPE_TOKEN": house.tokens["ada"]}
    assert ripe("kaggle", "competitions", "list", **env).returncode == 0
