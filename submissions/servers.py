"""Which server to talk to, and the token that goes there and nowhere else."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from submissions.errors import InvalidServer

__all__ = ["CLIENT_FILE", "DEFAULT_URL", "Server", "kaggle_server", "resolve_server", "save_server"]

CLIENT_FILE = "client.toml"
DEFAULT_URL = "http://127.0.0.1:7777"
KAGGLE_URL = "https://api.kaggle.com"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Server:
    """An address that speaks Kaggle's protocol.

    Attributes
    ----------
    url : str
        ``http(s)://host[:port]``, without a trailing slash.
    token : str or None
        A Ripe token; None talks anonymously. Kaggle's own credentials are never held here:
        the official client finds them where its users keep them.
    is_kaggle : bool
        True for Kaggle itself (or an address that plays it).
    """

    url: str
    token: str | None = field(default=None, repr=False)
    is_kaggle: bool = False

    @property
    def name(self) -> str:
        """What to call the server in a message."""
        return "Kaggle" if self.is_kaggle else f"the host at {self.url}"

    @property
    def web_url(self) -> str:
        """Where its pages are."""
        return "https://www.kaggle.com" if self.is_kaggle else self.url

    @property
    def is_local(self) -> bool:
        """True when the address is this machine's own."""
        return urlsplit(self.url).hostname in LOOPBACK_NAMES

    @property
    def place(self) -> str:
        """What two addresses of one server have in common: local ports come and go."""
        return "Kaggle" if self.is_kaggle else "this machine" if self.is_local else self.url

    def board_url(self, slug: str) -> str:
        """Address of a contest's leaderboard page."""
        return f"{self.web_url}/competitions/{slug}/leaderboard"


def resolve_server(
    home: Path, given: str | None = None, environ: Mapping[str, str] = os.environ
) -> Server:
    """Return the Ripe host to talk to, with its token.

    The address is the one given, else ``RIPE_SERVER``, else the one in ``client.toml`` of the
    home folder, else ``http://127.0.0.1:7777``. The token is ``RIPE_TOKEN``, else the one that
    ``client.toml`` keeps for exactly that address.

    Raises
    ------
    InvalidServer
        When the address is not ``http(s)://host[:port]`` or ``client.toml`` is unreadable.
    """
    client = _read_client(home / CLIENT_FILE)
    url = checked_url(given or environ.get("RIPE_SERVER") or client.get("server") or DEFAULT_URL)
    tokens = {_same_place(known): token for known, token in client.get("tokens", {}).items()}
    return Server(url, environ.get("RIPE_TOKEN") or tokens.get(_same_place(url)))


def kaggle_server(environ: Mapping[str, str] = os.environ) -> Server:
    """Return Kaggle, or the address in ``RIPE_KAGGLE_URL`` that stands in for it."""
    return Server(checked_url(environ.get("RIPE_KAGGLE_URL") or KAGGLE_URL), is_kaggle=True)


def save_server(home: Path, url: str, token: str | None, *, is_default: bool = True) -> Path:
    """Remember a host and its token in ``client.toml``, readable by its owner alone.

    Tokens of other hosts stay. The host becomes the one used when none is named, unless
    `is_default` is False and there is such a host already.
    """
    path = home / CLIENT_FILE
    client = _read_client(path)
    tokens = dict(client.get("tokens", {}))
    if token is not None:
        tokens[checked_url(url)] = token
    home.mkdir(parents=True, exist_ok=True)
    chosen = url if is_default else client.get("server", url)
    _write_private(path, _client_text(checked_url(chosen), tokens))
    return path


def checked_url(url: str) -> str:
    """Return an address without its trailing slash.

    Raises
    ------
    InvalidServer
        When it is not ``http(s)://host[:port]``, or carries a user name or a query.
    """
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        has_host = False
    if not has_host or parts.scheme not in ("http", "https") or "@" in parts.netloc or parts.query:
        raise InvalidServer(
            f"a server's address must be http(s)://HOST[:PORT], but got {url!r}; "
            f"an example: {DEFAULT_URL}"
        )
    return url.rstrip("/")


def _same_place(url: str) -> str:
    """One spelling for all names of this machine, so that a token is found under any of them."""
    parts = urlsplit(url)
    host = "127.0.0.1" if parts.hostname in LOOPBACK_NAMES else (parts.hostname or "")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{host}:{port}{parts.path.rstrip('/')}"


def _read_client(path: Path) -> dict[str, Any]:
    try:
        client = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidServer(
            f"{path} is not readable as TOML ({error}); mend or delete it"
        ) from error
    tokens = client.get("tokens", {})
    if not isinstance(client.get("server", ""), str) or not _maps_texts(tokens):
        raise InvalidServer(f'{path} must hold server = "URL" and [tokens] "URL" = "TOKEN"')
    return client


def _maps_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _client_text(url: str, tokens: Mapping[str, str]) -> str:
    lines = [f"server = {json.dumps(url)}", "", "[tokens]"]
    lines += [f"{json.dumps(known)} = {json.dumps(token)}" for known, token in tokens.items()]
    return "\n".join(lines) + "\n"


def _write_private(path: Path, text: str) -> None:
    """Write a file that was never readable by anybody else, not even for a moment."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    temporary.replace(path)
