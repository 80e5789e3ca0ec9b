"""What changed between two states of a contest, line by line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from competition.definition.contest import Contest, MetricChoice


@dataclass(frozen=True)
class Difference:
    """One thing that differs.

    Parameters
    ----------
    key
        Field of the contest, such as ``deadline`` or ``metric.name``, or ``pages.overview``.
    before, after
        The values; None where there is none.
    """

    key: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if isinstance(self.before, str) and isinstance(self.after, str) and "\n" in self.after:
            return "\n".join([f"{self.key}:", *_line_by_line(self.before, self.after)])
        return f"{self.key}: {_shown(self.before)} -> {_shown(self.after)}"


def contest_differences(before: Contest, after: Contest) -> list[Difference]:
    """List what differs between two states of a contest, in the order of its fields.

    Examples
    --------
    >>> from competition.definition import Contest, MetricChoice
    >>> one = Contest("s", "S", MetricChoice("rmse"), ("y",))
    >>> two = Contest("s", "S", MetricChoice("mae"), ("y",), max_team_size=3)
    >>> [str(difference) for difference in contest_differences(one, two)]
    ['metric.name: rmse -> mae', 'max_team_size: 1 -> 3']
    """
    return list(_differences(before, after))


def _differences(before: Contest, after: Contest) -> Iterator[Difference]:
    for field in fields(Contest):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if field.name == "metric":
            yield from _within("metric", _plain(old), _plain(new))
        elif field.name == "pages":
            yield from _within("pages", old, new)
        elif old != new:
            yield Difference(field.name, old, new)


def _within(key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            yield Difference(f"{key}.{name}", old.get(name), new.get(name))


def _plain(choice: MetricChoice) -> dict[str, Any]:
    return {field.name: getattr(choice, field.name) for field in fields(MetricChoice)}


def _line_by_line(before: str, after: str) -> Iterator[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return (f"  {line}" for line in list(lines)[2:])


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return repr(value) if isinstance(value, str) and (not value or " " in value) else str(value)
