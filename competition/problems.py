"""One broken rule of a submission."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Problem"]


@dataclass(frozen=True)
class Problem:
    """One broken rule of a submission.

    Parameters
    ----------
    rule : str
        A key of `competition.checks.RULES`.
    message : str
        The rule, what was got, what to do.
    row : int, optional
        First row concerned, counted from 1 with the header as row 1.
    column : str, optional
        The column concerned.
    """

    rule: str
    message: str
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        return self.message
