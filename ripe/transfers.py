"""How a transfer of bytes moves a progress bar."""

from __future__ import annotations

from collections.abc import Callable

from ripe.console import Advance

__all__ = ["counting"]

MEGABYTE = 1_000_000


def counting(advance: Advance, description: str) -> Callable[[int, int], None]:
    """Return what to call with the bytes done and their total: it tells them in megabytes."""

    def count(done: int, total: int) -> None:
        of_total = f" of {total / MEGABYTE:.1f}" if total else ""
        advance(0, f"{description}: {done / MEGABYTE:.1f}{of_total} MB")

    return count
