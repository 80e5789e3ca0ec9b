"""The one folder that holds all state of an installation."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["DEFAULT_HOME", "home_folder"]

DEFAULT_HOME = ".ripe"


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
