"""Who asks: the user behind a request's credentials."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from competition.host.failures import Failure
from competition.store import Store, User, user_of_token

__all__ = ["signed_in", "user_behind"]

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Ripe", charset="UTF-8", Bearer'}


def user_behind(store: Store, authorization: str | None, now: datetime) -> User | None:
    """Return the user whose token an ``Authorization`` header carries, ``None`` without one.

    A token is good as ``Bearer TOKEN`` and as the password of ``Basic NAME:TOKEN``.

    Raises
    ------
    Failure
        With status 401, when the credentials open nothing here.
    """
    if not authorization:
        return None
    scheme, _, value = authorization.strip().partition(" ")
    name, token = _credentials(scheme.lower(), value.strip())
    user = user_of_token(store, token, now) if token else None
    if user is None:
        raise Failure(
            401,
            "this host does not know the token you sent: it was mistyped, has ended or belongs "
            "to another host. Ask whoever runs this host for a new one.",
            _CHALLENGE,
        )
    if name is not None and name.casefold() != user.name.casefold():
        raise Failure(401, f"the token you sent does not belong to the user {name!r}", _CHALLENGE)
    return user


def signed_in(user: User | None) -> User:
    """Return the user, or refuse who has not said who they are."""
    if user is None:
        raise Failure(401, "this needs your user name and token", _CHALLENGE)
    return user


def _credentials(scheme: str, value: str) -> tuple[str | None, str]:
    if scheme == "bearer":
        return None, value
    if scheme != "basic":
        raise Failure(401, f"credentials come as Basic or Bearer, got {scheme!r}", _CHALLENGE)
    try:
        name, _, token = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Failure(401, "the Basic credentials cannot be read", _CHALLENGE) from None
    return name, token
