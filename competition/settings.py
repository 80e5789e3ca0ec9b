"""The settings of scoring, each with its default and one line of help.

A variable of the environment changes one: ``RIPE_SCORING_SECONDS=600 ripe worker``. Documentation
and the queue read this one tuple.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from competition.errors import CompetitionError

__all__ = ["SETTINGS", "InvalidSetting", "Setting", "default_of", "settings_from"]


class InvalidSetting(CompetitionError, ValueError):
    """A variable of the environment holds no number that the setting may have."""


@dataclass(frozen=True)
class Setting:
    """A setting: ``name``, ``default``, what it does, and the lowest value it may have."""

    name: str
    default: float
    help: str
    lowest: float = 0.0

    @property
    def variable(self) -> str:
        """The variable of the environment that changes it."""
        return f"RIPE_{self.name.upper()}"


SETTINGS: tuple[Setting, ...] = (
    Setting("lease_seconds", 60, "A worker that is not heard of for so long loses its entry", 1),
    Setting("max_attempts", 3, "An entry whose worker died so often is given up", 1),
    Setting("retry_seconds", 5, "An entry whose worker died waits so long before the next try"),
    Setting("scoring_seconds", 300, "Scoring one entry may take so long", 1),
    Setting("scoring_memory_mb", 2048, "Scoring one entry may take so much memory", 64),
    Setting("poll_seconds", 0.2, "An idle worker looks for new entries so often", 0.01),
    Setting("grace_seconds", 10, "A worker that is asked to stop may finish its entry so long"),
)


def default_of(name: str) -> float:
    """Return the default of a setting.

    Raises
    ------
    KeyError
        When there is no such setting.
    """
    return {setting.name: setting.default for setting in SETTINGS}[name]


def settings_from(environment: Mapping[str, str]) -> dict[str, float]:
    """Return the settings that an environment changes.

    Raises
    ------
    InvalidSetting
        A variable holds no number, or one that is too small.

    Examples
    --------
    >>> settings_from({"RIPE_SCORING_SECONDS": "600", "HOME": "/"})
    {'scoring_seconds': 600.0}
    """
    return {
        setting.name: _value(setting, environment[setting.variable])
        for setting in SETTINGS
        if setting.variable in environment
    }


def _value(setting: Setting, written: str) -> float:
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if not setting.lowest <= value < math.inf:
        raise InvalidSetting(
            f"{setting.variable} must be a number of at least {setting.lowest:g}, got {written!r}"
        )
    return value
