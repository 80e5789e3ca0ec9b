"""How reports on tables count and name things."""

from collections.abc import Sequence

NAMED = 6


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "row"), counted(2, "row")
    ('1 row', '2 rows')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """Name a few things.

    Examples
    --------
    >>> listed(["a", "b"])
    "'a', 'b'"
    """
    shown = ", ".join(map(repr, names[:NAMED]))
    more = len(names) - NAMED
    return f"{shown} and {more} more" if more > 0 else shown
