"""The web pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from competition.store import (
    add_contest,
    get_contest,
    join_contest,
    rename_team,
    submit_entry,
    update_contest,
)


def page(house: Any, path: str = "") -> str:
    told = httpx.get(house.url + path, headers={"Accept": "text/html"}, timeout=60)
    assert told.status_code == 200, told.text
    assert told.headers["Content-Type"] == "text/html; charset=utf-8"
    return told.text


def enter(house: Any, user: str, text: str, **options: Any) -> None:
    (house.store.home / "entry.csv").write_text(text)
    digest = house.store.files.put(house.store.home / "entry.csv")
    submit_entry(
        house.store,
        house.slug,
        user,
        upload=digest,
        file_name="entry.csv",
        now=house.clock(),
        **options,
    )
    house.score_all()


def test_the_index_lists_the_contest(house: Any) -> None:
    assert '<a href="/competitions/pit-or-flesh">Pit or flesh?</a>' in page(house)


def test_the_overview_shows_the_written_page_and_the_facts(house: Any) -> None:
    text = page(house, "/competitions/pit-or-flesh")
    assert "How <em>hard</em> can it be?" in text
    assert "Accuracy" in text
    assert f"RIPE_SERVER={house.url}" in text
    assert "Be kind." in page(house, "/competitions/pit-or-flesh/pages/rules")


def test_the_leaderboard_shows_ranks_baselines_and_the_row_that_was_asked_for(
    house: Any, submission: Callable[[int], str]
) -> None:
    enter(house, "ada", submission(6))
    enter(house, "eve", submission(0))
    enter(house, "grace", submission(2), baseline=True, description="A rule")
    text = page(house, "/competitions/pit-or-flesh/leaderboard?team=ada")
    rows = re.findall(r"<tr.*?</tr>", text, re.DOTALL)[1:]
    assert [("eve" in row, "A rule" in row, "ada" in row) for row in rows] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert ['class="yours"' in row for row in rows] == [False, False, True]
    assert "0.80000" in rows[2]
    assert ">2</" in rows[2]
    assert 'class="baseline"' in rows[1]


def test_text_from_outside_is_shown_and_not_run(
    house: Any, submission: Callable[[int], str]
) -> None:
    team = join_contest(house.store, house.slug, "eve", now=house.clock())
    rename_team(house.store, team.id, "<script>alert(1)</script>", actor="eve", now=house.clock())
    enter(house, "eve", submission(0))
    text = page(house, '/competitions/pit-or-flesh/leaderboard?team="><script>x</script>')
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>x" not in text


def test_html_in_markdown_is_shown_and_no_script_address_is_linked() -> None:
    from competition.host.rendering import markdown

    made = markdown("<img src=x onerror=alert(1)> [a](javascript:alert(1)) **b**")
    assert "<img" not in made
    assert 'href="javascript' not in made
    assert "<strong>b</strong>" in made


def test_pages_load_nothing_from_elsewhere(house: Any) -> None:
    for path in ("/", "/competitions/pit-or-flesh", "/competitions/pit-or-flesh/leaderboard"):
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page(house, path))
        assert loaded
        assert all(target.startswith(("/", "#")) for target in loaded)


def test_static_files_are_served(house: Any) -> None:
    for name, kind in (
        ("ripe.css", "text/css"),
        ("live.js", "javascript"),
        ("ripe.svg", "image/svg"),
    ):
        told = httpx.get(f"{house.url}/static/{name}", timeout=60)
        assert told.status_code == 200
        assert kind in told.headers["Content-Type"]
    assert httpx.get(f"{house.url}/static/../app.py", timeout=60).status_code == 404


def test_what_is_not_there_gets_a_page_for_people_and_json_for_programs(house: Any) -> None:
    told = httpx.get(f"{house.url}/competitions/nope", headers={"Accept": "text/html"}, timeout=60)
    assert (told.status_code, "no contest is named" in told.text) == (404, True)
    assert "<html" in told.text
    told = httpx.get(f"{house.url}/nope", timeout=60)
    assert told.json() == {"code": 404, "message": "Not Found"}


def test_an_unlaunched_contest_is_on_no_page(
    house: Any, tmp_path: Path, write_contest: Callable[..., Any]
) -> None:
    write_contest(tmp_path / "secret", slug="secret-contest", title="Secret")
    add_contest(house.store, tmp_path / "secret", host="grace", now=house.clock(), launch=False)
    assert "Secret" not in page(house)
    for path in ("", "/leaderboard", "/pages/rules"):
        told = httpx.get(f"{house.url}/competitions/secret-contest{path}", timeout=60)
        assert told.status_code == 404
    near = httpx.get(f"{house.url}/competitions/secret-contst", timeout=60)
    assert "secret-contest" not in near.text


def test_the_final_board_appears_when_it_is_out_and_not_before(
    house: Any, tmp_path: Path, write_contest: Callable[..., Any], submission: Callable[[int], str]
) -> None:
    deadline = house.clock() + timedelta(hours=1)
    write_contest(tmp_path / "ending", slug="ending", deadline=deadline)
    add_contest(house.store, tmp_path / "ending", host="grace", now=house.clock())
    house.slug = "ending"
    enter(house, "ada", submission(3))
    assert "board=private" not in page(house, "/competitions/ending/leaderboard")
    early = httpx.get(f"{house.url}/competitions/ending/leaderboard?board=private", timeout=60)
    assert early.status_code == 403
    house.clock.ahead = timedelta(hours=2)
    assert "Final leaderboard" in page(house, "/competitions/ending/leaderboard")
    assert "Public leaderboard" in page(house, "/competitions/ending/leaderboard?board=public")


def test_the_host_says_that_it_is_well(house: Any) -> None:
    assert httpx.get(f"{house.url}/healthz", timeout=60).json() == {"status": "ok"}


def test_the_final_board_has_medals_and_late_entries_apart(
    house: Any, submission: Callable[[int], str]
) -> None:
    enter(house, "eve", submission(0))
    enter(house, "ada", submission(6))
    ending = replace(
        get_contest(house.store, house.slug), deadline=house.clock() + timedelta(hours=1)
    )
    update_contest(house.store, house.slug, ending, actor="grace", now=house.clock())
    house.clock.ahead = timedelta(hours=2)
    enter(house, "ada", submission(2))
    text = page(house, "/competitions/pit-or-flesh/leaderboard")
    board, late = text.split("After the deadline")
    assert re.findall(r'class="medal (\w+)"', board) == ["first"]
    assert "(2)" in late and "ada" in late and "eve" not in late
