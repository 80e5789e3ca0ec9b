"""What went wrong with a request, in the few kinds that the parent process tells apart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests

__all__ = ["failure_of", "greeting_failure"]

GREETING_SECONDS = 60
FAILING = frozenset({500, 502, 503, 504, 507})


def failure_of(error: Exception, *, is_kaggle: bool = False) -> dict[str, Any]:
    """Return the kind of a failed request, its message and, for a refusal, its HTTP status.

    ``stranger`` is a server that answers, but not as a Ripe host would; Kaggle is never one.
    """
    import requests

    message = f"{type(error).__name__}: {error}"
    if isinstance(error, requests.exceptions.SSLError):
        untrusted = "CERTIFICATE_VERIFY_FAILED" in message
        return {"kind": "untrusted" if untrusted else "no https", "message": _reason(message)}
    if isinstance(error, json.JSONDecodeError) and not is_kaggle:
        return {"kind": "stranger", "message": "with something that is not JSON"}
    response = getattr(error, "response", None)
    if response is not None and not is_kaggle and _is_of_a_stranger(response):
        return {"kind": "stranger", "message": f"with status {response.status_code}"}
    if "RemoteDisconnected" in message or "ConnectionResetError" in message:
        return {"kind": "hung up", "message": message}
    if isinstance(error, requests.ConnectionError | requests.Timeout | ConnectionError):
        return {"kind": "unreachable", "message": message}
    return {"kind": "client", "message": message}


def greeting_failure(url: str, token: str) -> dict[str, Any] | None:
    """Show a token to a host; return what is wrong, ``None`` when it is good there."""
    import requests

    address = f"{url}/api/v1/security.OAuthService/IntrospectToken"
    try:
        answer = requests.post(address, json={"token": token}, timeout=GREETING_SECONDS)
        if answer.status_code in FAILING:
            return {"kind": "refused", "status": answer.status_code, "message": answer.reason}
        answer.raise_for_status()
        told = answer.json()
    except Exception as error:  # noqa: BLE001 - every failure is told, in one sentence
        return failure_of(error)
    if not isinstance(told, dict):
        return {"kind": "stranger", "message": "with something else"}
    return None if told.get("active") else {"kind": "refused", "status": 401, "message": ""}


def _is_of_a_stranger(response: requests.Response) -> bool:
    """Say whether an error looks unlike those of a Ripe host, or of a proxy that stands before."""
    if response.status_code in FAILING:
        return False
    try:
        return "code" not in response.json()
    except (ValueError, TypeError):
        return True


def _reason(message: str) -> str:
    """Return what OpenSSL has against a certificate, without the names of Python's classes."""
    return message.partition("certificate verify failed: ")[2].partition(" (_ssl.c")[0] or message
