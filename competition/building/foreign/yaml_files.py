"""YAML from outside, read without running anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import yaml

from competition.errors import InvalidContest

DAY_FORMATS = ("%m-%d-%Y", "%m/%d/%Y", "%m-%d-%Y %H:%M", "%m-%d-%Y %H:%M:%S")


def read_yaml(path: Path) -> Mapping[str, Any]:
    """Read a mapping.

    Raises
    ------
    InvalidContest
        The file is no YAML, or no mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidContest(f"{path.name} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise InvalidContest(f"{path.name} must be a list of keys and values")
    return content


def moment_of(value: Any, key: str) -> datetime | None:
    """Read a day or moment as bundles write it; without a zone it is UTC.

    Raises
    ------
    InvalidContest
        It is none of the forms.
    """
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), tzinfo=UTC)
    for form in (None, *DAY_FORMATS):
        try:
            return _read_moment(str(value), form)
        except ValueError:
            continue
    raise InvalidContest(f"{key}: {value!r} is no date such as 2027-01-31 or 1-31-2027")


def _read_moment(text: str, form: str | None) -> datetime:
    """Read a moment in one form; None stands for ISO 8601."""
    moment = datetime.fromisoformat(text) if form is None else datetime.strptime(text, form)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
