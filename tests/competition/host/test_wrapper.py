"""`ripe kaggle`: the official command at any address, with each side's credentials kept apart."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from competition.store import revoke_tokens


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
            command, env={**base, **env}, cwd=work, capture_output=True, text=True, timeout=300
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


def test_a_bad_or_revoked_token_is_told_in_our_words_not_in_kaggle_s(ripe: Any, house: Any) -> None:
    revoke_tokens(house.store, "eve", now=house.clock())
    for token in ("mistyped", house.tokens["eve"]):
        env = {"RIPE_SERVER": house.url, "RIPE_TOKEN": token}
        done = ripe("kaggle", "competitions", "list", **env)
        assert done.returncode == 1
        assert done.stderr.startswith(f"ripe: the host at {house.url} does not accept this token")
        assert f"{house.url}/account" in done.stderr and "ripe user token NAME" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert "kaggle.com" not in done.stdout + done.stderr


@pytest.fixture
def stranger() -> Iterator[str]:
    """A web server that is no Ripe host."""
    with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "arguments", [("kaggle", "competitions", "list"), ("leaderboard", "x"), ("download", "x")]
)
def test_a_server_that_is_no_ripe_host_is_called_so_in_one_line(
    ripe: Any, stranger: str, arguments: tuple[str, ...]
) -> None:
    done = ripe(*arguments, RIPE_SERVER=stranger, RIPE_TOKEN="a-token")
    assert done.returncode == 1
    assert done.stderr == (
        f"ripe: {stranger} is not a Ripe host: it answered with status 501, as no Ripe host does; "
        "check the address (--server, RIPE_SERVER or client.toml)\n"
    )


def test_a_host_that_is_down_is_told_in_one_line(ripe: Any) -> None:
    env = {"RIPE_SERVER": "http://127.0.0.1:9", "RIPE_TOKEN": "a-token"}
    done = ripe("kaggle", "competitions", "list", **env)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "no host answers at http://127.0.0.1:9" in done.stderr


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
