"""The environment of the child process keeps the credentials of two worlds apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from submissions import Server, kaggle_server
from submissions.client import ask, child_environment
from submissions.errors import ServerRefused, UnknownName

HOST = Server("http://127.0.0.1:7777", "ripe-token")
KAGGLE = Server("https://api.kaggle.com", is_kaggle=True)
SHELL = {
    "PATH": "/bin",
    "HOME": "/home/ada",
    "RIPE_TOKEN": "ripe-token",
    "KAGGLE_API_TOKEN": "kaggle-token",
    "KAGGLE_USERNAME": "ada",
    "KAGGLE_KEY": "kaggle-key",
    "KAGGLE_CONFIG_DIR": "/home/ada/.kaggle",
    "http_proxy": "http://proxy:3128",
    "PYTHONPATH": "/somewhere",
    "AWS_SECRET_ACCESS_KEY": "another secret",
}


def test_a_host_gets_our_token_and_its_place_together(tmp_path: Path) -> None:
    environment = child_environment(HOST, tmp_path, SHELL)
    assert environment["KAGGLE_API_TOKEN"] == "ripe-token"
    assert environment["KAGGLE_API_ENVIRONMENT"] == "LOCALHOST"
    assert environment["HOME"] == environment["KAGGLE_CONFIG_DIR"] == str(tmp_path)


def test_a_host_gets_nothing_of_kaggles(tmp_path: Path) -> None:
    told = str(child_environment(HOST, tmp_path, SHELL))
    assert "kaggle-token" not in told
    assert "kaggle-key" not in told
    assert "/home/ada" not in told
    anonymous = child_environment(Server(HOST.url), tmp_path, SHELL)
    assert "KAGGLE_API_TOKEN" not in anonymous


def test_kaggle_gets_the_users_credentials_and_not_ours(tmp_path: Path) -> None:
    environment = child_environment(KAGGLE, tmp_path, SHELL)
    assert environment["KAGGLE_API_TOKEN"] == "kaggle-token"
    assert environment["HOME"] == "/home/ada"
    assert "KAGGLE_API_ENVIRONMENT" not in environment
    assert "ripe-token" not in str(environment)


@pytest.mark.parametrize("place", ["LOCALHOST", "TEST", "localhost"])
def test_a_token_set_for_another_place_never_goes_to_kaggle(tmp_path: Path, place: str) -> None:
    shell = {**SHELL, "KAGGLE_API_ENVIRONMENT": place}
    told = str(child_environment(KAGGLE, tmp_path, shell))
    assert "kaggle-token" not in told
    assert "kaggle-key" not in told


def test_our_token_in_kaggles_variable_never_goes_to_kaggle(tmp_path: Path) -> None:
    shell = {**SHELL, "KAGGLE_API_TOKEN": "ripe-token"}
    assert "ripe-token" not in str(child_environment(KAGGLE, tmp_path, shell))


def test_other_secrets_and_search_paths_stay_here(tmp_path: Path) -> None:
    for server in (HOST, KAGGLE):
        environment = child_environment(server, tmp_path, SHELL)
        assert "PYTHONPATH" not in environment
        assert "another secret" not in environment.values()


def test_a_proxy_is_used_beyond_this_machine_only(tmp_path: Path) -> None:
    assert "http_proxy" not in child_environment(HOST, tmp_path, SHELL)
    far = Server("http://host.example:7777", "t")
    assert child_environment(far, tmp_path, SHELL)["http_proxy"] == "http://proxy:3128"


def test_a_child_works_beside_folders_that_carry_our_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_line: Callable[..., Any]
) -> None:
    for name in ("submissions", "experiments", "kaggle"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('the wrong package')")
    monkeypatch.chdir(tmp_path)
    line = make_line()
    line.answer("GetSubmissionLimits", {"numToday": 1, "numTotal": 2, "numAllowedNow": 4})
    answer = ask(Server(line.url, "t"), "quota", subject="fruit", slug="fruit")
    assert answer == {"today": 1, "total": 2, "left": 4}


def test_a_child_that_says_nothing_for_too_long_is_ended(make_line: Callable[..., Any]) -> None:
    with pytest.raises(ServerRefused, match="ended"):
        ask(Server(make_line().url), "quota", subject="x", slug="x", limit_seconds=0.05)


def test_requests_go_where_the_address_says_with_its_path(
    make_line: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = make_line()
    with pytest.raises(UnknownName):
        ask(Server(f"{line.url}/ripe", "t"), "quota", subject="x", slug="x")
    assert line.seen[-1].path.startswith("/ripe/api/v1/")
    monkeypatch.setenv("KAGGLE_API_TOKEN", "kaggle-token")
    monkeypatch.setenv("RIPE_KAGGLE_URL", line.url)
    line.answer("IntrospectToken", {"active": True, "username": "ada"})
    with pytest.raises(UnknownName):
        ask(kaggle_server(), "quota", subject="x", slug="x")
    assert line.seen[-1].path.startswith("/v1/")
    assert line.seen[-1].headers["Authorization"] == "Bearer kaggle-token"
