"""The pages on a phone, in a real browser: nothing that matters lies beside the screen."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from competition.store import submit_entry

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
WIDTH = 390
PATIENCE_MS = 120_000
BESIDE = """() => [document.documentElement, ...document.querySelectorAll(".scroll")]
    .map(part => part.scrollWidth - part.clientWidth)"""


@pytest.fixture
def phone(house: Any) -> Iterator[Any]:
    """A page of a phone's width; ada is signed in."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE_MS
        )
        page = browser.new_page(base_url=house.url, viewport={"width": WIDTH, "height": 844})
        page.set_default_timeout(PATIENCE_MS)
        page.goto("/sign-in")
        page.fill("[name=name]", "ada")
        page.fill("[name=password]", "ada likes avocados")
        page.click("button.primary")
        page.wait_for_url(lambda url: not url.endswith("/sign-in"))  # with the cookie by then
        yield page
        browser.close()


def test_every_page_fits_a_phone_and_the_score_is_in_sight(
    house: Any, phone: Any, submission: Callable[[int], str]
) -> None:
    (house.store.home / "entry.csv").write_text(submission(3))
    digest = house.store.files.put(house.store.home / "entry.csv")
    for user, options in (("ada", {}), ("grace", {"baseline": True, "description": "Majority"})):
        submit_entry(
            house.store, house.slug, user, upload=digest, now=house.clock(),
            file_name="a_file_whose_long_name_has_no_place_to_break_it_anywhere.csv", **options,
        )  # fmt: skip
    house.score_all()
    contest = f"/competitions/{house.slug}"
    for path in ("/", contest, f"{contest}/leaderboard", f"{contest}/entries", "/account", "/x"):
        phone.goto(path)
        assert max(phone.evaluate(BESIDE)) == 0, path
    phone.goto(f"{contest}/leaderboard")
    box = phone.locator("tr.yours .score").bounding_box()
    assert box["x"] > 0 and box["x"] + box["width"] < WIDTH
    badge = phone.locator("tr.baseline .tag").bounding_box()
    assert badge["height"] < 30
