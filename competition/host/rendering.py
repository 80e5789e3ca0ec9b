"""Templates and Markdown, made into HTML with everything from outside escaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from competition.host.failures import Failure
from competition.host.sessions import form_sign, user_of_request, welcome

__all__ = ["ago", "markdown", "page", "render"]

_TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return a template filled with values."""
    return _environment().get_template(template).render(values)


def page(
    request: Request,
    template: str,
    values: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a whole page as an answer, with what every page shows of its reader."""
    shared = {
        "root": request.scope.get("app_root_path", ""),
        "sign": form_sign(request),
        "sign_up": request.app.state.sign_up,
        "user": _reader(request),
    }
    answer = HTMLResponse(
        render(template, {**shared, **values}),
        status_code=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )
    welcome(request, answer)
    return answer


def markdown(text: str) -> Markup:
    """Return Markdown as HTML; HTML inside it is shown, not taken as such."""
    return Markup(_markdown().render(text))


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago something was, roughly.

    Examples
    --------
    >>> now = datetime(2026, 5, 3, 12, tzinfo=UTC)
    >>> ago(datetime(2026, 5, 3, 11, 58, 30, tzinfo=UTC), now)
    '1 minute ago'
    >>> ago(datetime(2026, 4, 30, 12, tzinfo=UTC), now)
    '3 days ago'
    """
    seconds = int((now - moment).total_seconds())
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{_counted(seconds // length, unit)} ago"
    return "just now"


def _reader(request: Request) -> str | None:
    try:
        user = user_of_request(request)
    except Failure:
        return None
    return user.name if user else None


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(ago=ago, bytes=_bytes, counted=_counted, day=_day, moment=_moment)
    return environment


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%-d %B %Y}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _bytes(size: int) -> str:
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError
