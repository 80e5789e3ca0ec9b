"""One request: who asks whom, and when; and the forms that every part of the interface shares."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel, Field

from competition.host.context import Host, host_address, host_of
from competition.host.doors import Door, open_door
from competition.host.identity import signed_in
from competition.host.sessions import user_of_request
from competition.store import Store, User

__all__ = ["ERRORS", "MOST", "Asker", "Number", "Problem", "Question"]

MOST = 1000
Number = Annotated[int, Field(ge=0, lt=1 << 63)]  # what a database can hold


class Problem(BaseModel):
    """What went wrong: the HTTP status again, and one sentence."""

    code: int
    message: str


class Question:
    """One request: the host, the time and who asks."""

    def __init__(self, request: Request) -> None:
        self.host: Host = host_of(request)
        self.now: datetime = self.host.clock()
        self.user: User | None = user_of_request(request)
        self.base_url = host_address(request)

    @property
    def store(self) -> Store:
        """The host's store."""
        return self.host.store

    @property
    def known(self) -> User:
        """Who asks, who must have said so."""
        return signed_in(self.user)

    def door(self, slug: str) -> Door:
        """Return the door to a contest, as the asker finds it."""
        return open_door(self.store, slug, self.user, self.now)


Asker = Annotated[Question, Depends(Question)]
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 422)
}
