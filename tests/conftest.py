"""Fixtures that every test folder shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real files with known answers; RIPE_TEST_DATA names another place."""
    folder = Path(os.environ.get("RIPE_TEST_DATA", SHARED_DATA))
    if not folder.is_dir():
        pytest.skip(f"no real data files at {folder}; set RIPE_TEST_DATA to a folder holding them")
    return folder
