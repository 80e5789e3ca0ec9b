from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from competition.board import BoardEntry

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def entry() -> Callable[..., BoardEntry]:
    """Build entries, numbered and a minute apart in the order in which they are built."""
    built = 0

    def build(team: int | str, public: float | None = None, **more: Any) -> BoardEntry:
        nonlocal built
        built += 1
        at = more.pop("submitted_at", NOON + timedelta(minutes=built))
        return BoardEntry(built, team, at, public, **more)

    return build
