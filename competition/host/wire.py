"""The official client's messages, read from and written to JSON.

The message types are those of `kagglesdk`, so what this host sends is what the client reads. Its
own reader takes any value for any field; here each is held to its declared type first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from kagglesdk.kaggle_object import KaggleObject
from starlette.responses import JSONResponse, Response

from competition.host.failures import Failure
from competition.host.names import plain_text

__all__ = ["answer", "naive", "read_message", "read_time"]

Message = TypeVar("Message", bound=KaggleObject)

_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d(?::\d\d)?)(?:\.\d+)?"
    r"(?P<offset>[+-]\d\d:?\d\d)?)?[Zz]?"
)


def read_message(kind: type[Message], body: bytes) -> Message:
    """Return the message of one type that a request's body holds.

    Raises
    ------
    Failure
        With status 400 and the field's name, when the body is no such message.
    """
    try:
        fields = json.loads(body or b"{}", parse_constant=_refuse_constant)
        message: Message = kind.from_dict(_normal(kind, fields))
    except ValueError:
        raise Failure(400, "the request's body must be a JSON object") from None
    except RecursionError:
        raise Failure(400, "the request's body is nested too deeply") from None
    return message


def answer(message: KaggleObject | None) -> Response:
    """Return a message as the JSON answer the official client reads; ``None`` as ``{}``."""
    return JSONResponse({} if message is None else message.to_dict())


def naive(moment: datetime | None) -> datetime | None:
    """Return an aware time as the messages carry it: UTC without offset, in whole seconds."""
    return moment and moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def read_time(text: str) -> datetime:
    """Return the UTC time that a client wrote, in any of the forms clients are seen to write.

    Examples
    --------
    >>> read_time("2027-01-31T23:59:00.000+00:00Z").isoformat()
    '2027-01-31T23:59:00+00:00'
    >>> read_time("2027-01-31T23:59:00.5+02:00").isoformat()
    '2027-01-31T21:59:00+00:00'
    """
    parts = _TIME.fullmatch(text.strip())
    if parts is None:
        raise ValueError(f"a time like 2027-01-31T23:59:00Z is expected, got {text!r}")
    written = f"{parts['date']}T{parts['time'] or '00:00:00'}{parts['offset'] or '+00:00'}"
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"a time from year 1 to 9999 is expected, got {text!r}") from None


def _normal(kind: type[KaggleObject], fields: object) -> dict[str, Any]:
    if not isinstance(fields, dict):
        raise Failure(400, f"{kind.__name__} must be a JSON object, got {_shown(fields)}")
    known = {field.json_name: field for field in kind._fields}
    return {
        name: _normal_field(known[name], value)
        for name, value in fields.items()
        if name in known and value is not None
    }


def _normal_field(field: Any, value: object) -> Any:
    if isinstance(field.default_value, list):
        return [_normal_value(field, item) for item in _of_type(field, value, list)]
    if isinstance(field.default_value, dict):
        entries = _of_type(field, value, dict)
        return {
            plain_text(name, field.json_name): _normal_value(field, item)
            for name, item in entries.items()
        }
    return _normal_value(field, value)


def _normal_value(field: Any, value: object) -> Any:
    kind = field.field_type
    if issubclass(kind, KaggleObject):
        return _normal(kind, value)
    if kind is datetime:
        return _normal_time(field, value)
    if kind is int and isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value):
        value = int(value)  # proto3's JSON form of 64-bit integers
    if kind in (str, int, bool, float):
        return _of_type(field, value, kind)
    return _readable(field, _of_type(field, value, str))


def _normal_time(field: Any, value: object) -> str:
    try:
        moment = read_time(_of_type(field, value, str))
    except ValueError as error:
        raise Failure(400, f"{field.json_name}: {error}") from None
    return moment.replace(tzinfo=None).isoformat()


def _readable(field: Any, value: str) -> str:
    """Enums, durations and masks: what the client's own reader takes."""
    try:
        field.serializer.from_dict_value(field.field_type, value)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        raise Failure(400, f"{field.json_name} has an unknown value: {_shown(value)}") from None
    return value


def _of_type(field: Any, value: object, kind: type[Any]) -> Any:
    fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        fits = True
    if not fits:
        raise Failure(400, f"{field.json_name} must be {_NAMES[kind]}, got {_shown(value)}")
    if isinstance(value, str):
        return plain_text(value, field.json_name)
    if isinstance(value, int | float) and not -_LIMIT <= value < _LIMIT:
        raise Failure(400, f"{field.json_name} must fit 64 bits, got {_shown(value)}")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


_LIMIT = 1 << 63
_NAMES: Mapping[type, str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
