"""The one folder that holds all state of an installation."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["DEFAULT_HOME", "home_folder", "last_address", "remember_address"]

DEFAULT_HOME = ".ripe"
_ADDRESS_FILE = "served_at"


def home_folder(given: str | None) -> Path:
    """Return the home folder: the one given, else ``RIPE_HOME``, else ``.ripe`` here.

    Parameters
    ----------
    given : str or None
        The value of ``--home``.

    Returns
    -------
    Path
        Absolute; not created.
    """
    return Path(given or os.environ.get("RIPE_HOME") or DEFAULT_HOME).expanduser().absolute()


def remember_address(home: Path, url: str) -> None:
    """Note under which address the host of a home was last served."""
    temporary = home / f".{_ADDRESS_FILE}.{os.getpid()}"
    temporary.write_text(f"{url.rstrip('/')}\n", encoding="utf-8")
    temporary.replace(home / _ADDRESS_FILE)


def last_address(home: Path) -> str | None:
    """Return the address under which the host of a home was last served, if it ever was."""
    try:
        return (home / _ADDRESS_FILE).read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
