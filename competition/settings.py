"""The settings of a host, each with its default and one line of help.

Commands, documentation and pages read this one tuple.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SETTINGS", "Setting", "default_of"]


@dataclass(frozen=True)
class Setting:
    """A setting: ``name``, ``default`` and what it does."""

    name: str
    default: float
    help: str


SETTINGS: tuple[Setting, ...] = (
    Setting("lease_seconds", 60, "A worker that is not heard of for so long loses its entry"),
    Setting("max_attempts", 3, "An entry whose worker died so often is given up"),
    Setting("retry_seconds", 5, "An entry whose worker died waits so long before the next try"),
    Setting("scoring_seconds", 300, "Scoring one entry may take so long"),
    Setting("scoring_memory_mb", 2048, "Scoring one entry may take so much memory"),
    Setting("poll_seconds", 0.2, "An idle worker looks for new entries so often"),
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
