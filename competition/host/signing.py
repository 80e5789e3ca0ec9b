"""Capability tokens: short signed strings that carry a right and the time it ends.

A download address and an upload address work without any further credential, because the official
clients send none with them; what makes them safe is that nobody but the host can write one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

__all__ = ["BadToken", "ExpiredToken", "Signer", "in_stable_window"]

_SIGNATURE_BYTES = 20


class BadToken(ValueError):
    """The token was not written by this host."""


class ExpiredToken(BadToken):
    """The token was written by this host, and its time is over."""


@dataclass(frozen=True)
class Signer:
    """Writes and reads capability tokens with one secret key.

    Parameters
    ----------
    key : bytes
        The host's secret; whoever holds it can write tokens.
    """

    key: bytes

    def sign(self, kind: str, claims: Mapping[str, Any], *, until: datetime) -> str:
        """Return a token of one kind that carries ``claims`` and ends at ``until``."""
        payload = {"k": kind, "e": int(until.timestamp()), "c": dict(claims)}
        body = _encode(json.dumps(payload, separators=(",", ":"), sort_keys=True).encode())
        return f"{body}.{_encode(self._signature(body))}"

    def read(self, kind: str, token: str, *, now: datetime) -> dict[str, Any]:
        """Return the claims of a token of this kind.

        Raises
        ------
        BadToken
            When it is not a token of this host and kind; `ExpiredToken` when it is too old.
        """
        body, _, signature = token.partition(".")
        if not hmac.compare_digest(_decode(signature), self._signature(body)):
            raise BadToken("the token was not written by this host")
        payload = json.loads(_decode(body))
        if payload["k"] != kind:
            raise BadToken(f"the token is for {payload['k']}, not for {kind}")
        if payload["e"] < now.timestamp():
            raise ExpiredToken("the token has expired")
        claims: dict[str, Any] = payload["c"]
        return claims

    def _signature(self, body: str) -> bytes:
        return hmac.new(self.key, body.encode(), hashlib.sha256).digest()[:_SIGNATURE_BYTES]


def in_stable_window(now: datetime, lasts: timedelta) -> datetime:
    """Return an end that stays the same for a while, so that equal rights give equal tokens.

    Examples
    --------
    >>> from datetime import UTC
    >>> hour = timedelta(hours=1)
    >>> in_stable_window(datetime(2026, 5, 1, 12, 10, tzinfo=UTC), hour).isoformat()
    '2026-05-01T14:00:00+00:00'
    >>> in_stable_window(datetime(2026, 5, 1, 12, 50, tzinfo=UTC), hour).isoformat()
    '2026-05-01T14:00:00+00:00'
    """
    seconds = int(lasts.total_seconds())
    window = int(now.timestamp()) // seconds
    return datetime.fromtimestamp((window + 2) * seconds, tz=now.tzinfo)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, UnicodeEncodeError):
        raise BadToken("the token was not written by this host") from None
