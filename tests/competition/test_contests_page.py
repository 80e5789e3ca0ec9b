"""The page on contests names what exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from competition.building import RULES
from competition.definition.sections import SECTIONS
from ripe.commands.contest import SUBCOMMANDS

PAGE = Path(__file__).parents[2] / "docs" / "contests.md"


@pytest.fixture(scope="module")
def text() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_it_names_every_key_of_a_contest_file(text: str) -> None:
    keys = [key for section in SECTIONS.values() for key in section.model_fields]
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_it_names_every_rule_of_the_linter_in_its_words(text: str) -> None:
    assert [rule for rule, words in RULES.items() if f"| `{rule}` | {words}" not in text] == []


def test_it_names_every_subcommand(text: str) -> None:
    assert [name for name in SUBCOMMANDS if f"ripe contest {name}" not in text] == []
