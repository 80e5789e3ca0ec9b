"""Options that several contest commands share."""

from __future__ import annotations

from datetime import UTC, datetime

import click

YES = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


def moment(ctx: click.Context, parameter: click.Parameter, text: str | None) -> datetime | None:
    """Read a moment; without a zone it is UTC."""
    if text is None:
        return None
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no time such as 2027-01-31T23:59Z") from None
    return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
