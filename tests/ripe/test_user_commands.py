import json
from datetime import UTC, datetime

import pytest

from competition.store import list_tokens, list_users, open_store, user_of_token
from ripe.cli import main
from ripe.home import remember_address


@pytest.fixture
def ripe(tmp_path, capsys):
    """Runs `ripe --home … user …`; gives status, output and errors."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(tmp_path / "home"), "user", *arguments])
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def now():
    return datetime.now(UTC)


def test_add_prints_a_token_that_works_and_lines_that_keep_it_safe(ripe, home):
    status, output, _ = ripe("add", "ada", "--server", "http://10.0.0.5:7777/")
    assert status == 0
    kaggle_json = next(line for line in output.splitlines() if line.startswith("{"))
    key = json.loads(kaggle_json)["key"]
    with open_store(home) as store:
        assert user_of_token(store, key, now()).name == "ada"
    line = next(line for line in output.splitlines() if "KAGGLE_API_TOKEN" in line)
    assert f"KAGGLE_API_TOKEN={key}" in line and "KAGGLE_API_ENVIRONMENT=LOCALHOST" in line
    assert "http_proxy=http://10.0.0.5:7777 " in output


def test_the_lines_name_the_address_where_the_host_was_last_served(ripe, home, monkeypatch):
    monkeypatch.delenv("RIPE_SERVER", raising=False)
    assert "RIPE_SERVER=http://127.0.0.1:7777 " in ripe("add", "ada")[1]
    remember_address(home, "http://class.example:8000")
    output = ripe("add", "eve")[1]
    assert "http_proxy=http://class.example:8000 " in output
    assert "RIPE_SERVER=http://class.example:8000 " in output
    assert "RIPE_SERVER=http://here " in ripe("token", "eve", "--server", "http://here")[1]


def test_over_https_the_lines_use_the_way_that_verifies_the_certificate(ripe):
    output = ripe("add", "ada", "--server", "https://ripe.example")[1]
    assert "http_proxy" not in output
    assert "RIPE_SERVER=https://ripe.example RIPE_TOKEN=" in output
    assert "ripe kaggle competitions list" in output


def test_add_with_json_prints_that_alone(ripe):
    status, output, errors = ripe("add", "ada", "--json")
    assert (status, errors) == (0, "")
    assert set(json.loads(output)) == {"username", "key"}


def test_a_name_that_is_taken_or_impossible_is_refused_in_one_line(ripe):
    assert ripe("add", "ada")[0] == 0
    for name in ("Ada", "a b"):
        status, output, errors = ripe("add", name)
        assert (status, output) == (1, "")
        assert errors.startswith("ripe: ") and errors.count("\n") == 1


def test_tokens_are_made_listed_and_revoked(ripe, home):
    ripe("add", "ada", "--admin")
    second = json.loads(ripe("token", "ada", "--label", "laptop", "--days", "2", "--json")[1])
    listed = json.loads(ripe("tokens", "ada", "--json")[1])
    assert [token["label"] for token in listed] == ["laptop", "first token"]
    assert second["key"] not in ripe("tokens", "ada")[1]
    assert "1 token of ada revoked" in ripe("revoke", "ada", "--token", str(listed[0]["id"]))[1]
    with open_store(home) as store:
        assert user_of_token(store, second["key"], now()) is None
        assert list_users(store)[0].is_admin
        assert list_tokens(store, "ada")[1].revoked_at is None
    assert ripe("token", "nobody")[0] == 1


def test_users_are_listed_for_people_and_programs(ripe):
    ripe("add", "ada")
    assert "participant" in ripe("list")[1]
    (user,) = json.loads(ripe("list", "--json")[1])
    assert (user["name"], user["is_admin"]) == ("ada", False)
