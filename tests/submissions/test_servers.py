"""The address and the token of a server: where they come from, and where they never go."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from submissions import Server, kaggle_server, resolve_server, save_server
from submissions.errors import InvalidServer


def test_the_default_is_this_machine(tmp_path: Path) -> None:
    assert resolve_server(tmp_path, environ={}) == Server("http://127.0.0.1:7777")


def test_the_address_given_beats_the_environment_and_that_beats_the_file(tmp_path: Path) -> None:
    save_server(tmp_path, "http://file:1", "t1")
    environ = {"RIPE_SERVER": "http://environ:2"}
    assert resolve_server(tmp_path, "http://given:3/", environ).url == "http://given:3"
    assert resolve_server(tmp_path, None, environ).url == "http://environ:2"
    assert resolve_server(tmp_path, None, {}).url == "http://file:1"


def test_a_stored_token_goes_to_its_own_address_alone(tmp_path: Path) -> None:
    save_server(tmp_path, "http://one:1", "token of one")
    save_server(tmp_path, "http://two:2", "token of two")
    assert resolve_server(tmp_path, "http://one:1", {}).token == "token of one"
    assert resolve_server(tmp_path, None, {}).token == "token of two"
    assert resolve_server(tmp_path, "http://three:3", {}).token is None
    assert resolve_server(tmp_path, "https://one:1", {}).token is None


def test_a_host_that_is_no_default_leaves_the_one_that_was_there(tmp_path: Path) -> None:
    save_server(tmp_path, "http://127.0.0.1:41563", "a", is_default=False)
    assert resolve_server(tmp_path, None, {}).url == "http://127.0.0.1:41563"
    save_server(tmp_path, "http://127.0.0.1:7777", "b")
    save_server(tmp_path, "http://127.0.0.1:41564", "c", is_default=False)
    assert resolve_server(tmp_path, None, {}) == Server("http://127.0.0.1:7777", "b")
    assert resolve_server(tmp_path, "http://127.0.0.1:41564", {}).token == "c"


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
def test_a_token_is_found_under_every_name_of_this_machine(tmp_path: Path, name: str) -> None:
    save_server(tmp_path, "http://127.0.0.1:7777", "here")
    assert resolve_server(tmp_path, f"http://{name}:7777", {}).token == "here"


def test_the_environments_token_is_taken_first(tmp_path: Path) -> None:
    save_server(tmp_path, "http://one:1", "stored")
    assert resolve_server(tmp_path, None, {"RIPE_TOKEN": "given"}).token == "given"


def test_the_client_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = save_server(tmp_path / "home", "http://one:1", "secret")
    path.chmod(0o644)
    save_server(tmp_path / "home", "http://one:1", "another")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_token_is_never_shown(tmp_path: Path) -> None:
    assert "secret" not in repr(Server("http://one:1", "secret"))


@pytest.mark.parametrize(
    "url", ["", "one:1", "ftp://one", "http://", "http://u:p@one", "http://one:x", "http://a?b=c"]
)
def test_what_is_no_address_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidServer, match="must be http"):
        resolve_server(tmp_path, url or "x", {})


@pytest.mark.parametrize("text", ["server = ", "server = 1", "[tokens]\na = 1", "tokens = 3"])
def test_a_broken_client_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "client.toml").write_text(text)
    with pytest.raises(InvalidServer, match=r"client\.toml"):
        resolve_server(tmp_path, None, {})


def test_kaggle_is_kaggle_unless_an_address_plays_it() -> None:
    assert kaggle_server({}) == Server("https://api.kaggle.com", is_kaggle=True)
    assert kaggle_server({"RIPE_KAGGLE_URL": "http://127.0.0.1:5/"}).url == "http://127.0.0.1:5"
    assert kaggle_server({}).board_url("titanic").startswith("https://www.kaggle.com/")
