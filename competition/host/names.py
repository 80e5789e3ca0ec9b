"""Names of files and things that come from outside, held to what is safe to store and to show."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePosixPath

from competition.host.failures import Failure

__all__ = ["base_name", "plain_text", "refuse_clashes", "relative_name", "slug_of"]

_LONGEST_PART = 200
_LONGEST_NAME = 400
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?")


def base_name(name: str) -> str:
    """Return the last part of a file's name.

    Raises
    ------
    Failure
        With status 400, when it is no name of a file.
    """
    return relative_name(name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1])


def relative_name(name: str) -> str:
    """Return a file's path below some folder, from which it cannot lead out.

    Raises
    ------
    Failure
        With status 400, when it leads elsewhere or cannot be a name everywhere.

    Examples
    --------
    >>> relative_name("images/a b.png")
    'images/a b.png'
    """
    parts = PurePosixPath(name).parts
    bad = not parts or len(name) > _LONGEST_NAME or "\\" in name or not name.isprintable()
    if bad or any(part in {"..", "/"} or len(part) > _LONGEST_PART for part in parts):
        raise Failure(400, f"a file's name must be a short path inside a folder, got {name[:80]!r}")
    return "/".join(parts)


def plain_text(text: str, what: str) -> str:
    """Return text that can be stored and sent: no zero bytes, no halves of characters.

    Raises
    ------
    Failure
        With status 400 and ``what`` it is.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Failure(400, f"{what} holds half a character (a lone surrogate)") from None
    if "\0" in text:
        raise Failure(400, f"{what} holds a zero byte")
    return text


def refuse_clashes(names: Collection[str]) -> None:
    """Refuse names of which one is a file and to another a folder.

    Raises
    ------
    Failure
        With status 400 and such a name.
    """
    for name in names:
        for folder in PurePosixPath(name).parents:
            if str(folder) in names:
                raise Failure(400, f"{str(folder)!r} cannot be both a file and a folder")


def slug_of(text: str, what: str) -> str:
    """Return a name for use in addresses.

    Raises
    ------
    Failure
        With status 400, when it has other characters than such a name may have.
    """
    if not _SLUG.fullmatch(text):
        raise Failure(
            400, f"{what} must be lower-case letters, digits and hyphens, got {text[:80]!r}"
        )
    return text
