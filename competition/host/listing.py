"""Long lists in pages, by token or by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from competition.host.failures import Failure

__all__ = ["Page", "page_of"]

Item = TypeVar("Item")
USUAL_SIZE = 200
LARGEST_SIZE = 1000


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some items and the token of the page after them, empty when they are the last."""

    items: Sequence[Item]
    next_token: str


def page_of(items: Sequence[Item], size: int, token: str, *, number: int = 1) -> Page[Item]:
    """Return one page of a list.

    Parameters
    ----------
    items : sequence
        The whole list.
    size : int
        Items on a page; 0 for the usual 200. Kaggle's client shows the token of a next page
        among its output, so pages are long.
    token : str
        The token of the page, from the page before; empty for none.
    number : int
        The number of the page, from 1, where no token is given.

    Raises
    ------
    Failure
        With status 400, when the token is none of this host's.
    """
    if token and not (token.isdecimal() and len(token) < 19):
        raise Failure(400, f"{token!r} is no page token of this host")
    length = min(size if size > 0 else USUAL_SIZE, LARGEST_SIZE)
    start = int(token) if token else max(number - 1, 0) * length
    end = start + length
    return Page(items[start:end], str(end) if end < len(items) else "")
