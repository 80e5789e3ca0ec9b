"""The lock files: complete, hashed, and silent about where packages come from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def name_of(requirement: str) -> str:
    return re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def pinned_in(lock: str) -> set[str]:
    return {
        name_of(line)
        for line in (ROOT / lock).read_text().splitlines()
        if re.match(r"[a-z0-9]", line, re.I)
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash_and_none_an_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    for block in re.split(r"\n(?=[a-z0-9])", text, flags=re.I):
        assert "==" in block.splitlines()[0]
        assert "--hash=sha256:" in block
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_holds_every_declared_dependency_and_the_build_backend(lock: str) -> None:
    declared = {name_of(line) for line in PROJECT["project"]["dependencies"]}
    build = {name_of(line) for line in PROJECT["dependency-groups"]["build"]}
    assert declared | build <= pinned_in(lock)


def test_the_test_lock_contains_the_run_lock() -> None:
    assert pinned_in("requirements.txt") <= pinned_in("requirements-dev.txt")


def test_every_dependency_has_its_reason_in_the_docs() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text()
    groups = PROJECT["dependency-groups"]
    optional = PROJECT["project"]["optional-dependencies"]
    declared = [*PROJECT["project"]["dependencies"], *groups["build"], *groups["dev"]]
    declared += [line for extra in optional.values() for line in extra]
    missing = sorted({name_of(line) for line in declared if f"`{name_of(line)}`" not in text})
    assert not missing
