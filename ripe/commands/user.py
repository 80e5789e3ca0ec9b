"""``ripe user``: accounts of participants and hosts, and their tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from ripe.console import home_of, print_json, print_table, say

if TYPE_CHECKING:
    from competition.store import Store

__all__ = ["command"]

DEFAULT_SERVER = "http://127.0.0.1:7777"
_WRAPPED = "      ripe kaggle competitions list"

_database = click.option(
    "--database", metavar="URL", envvar="RIPE_DATABASE", help="Database, if not in the home."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
_server = click.option(
    "--server",
    metavar="URL",
    envvar="RIPE_SERVER",
    help="The host's address in the lines to copy (default: where it was last served).",
)


@click.group(name="user")
def command() -> None:
    """Add participants and hand out tokens."""


@command.command()
@click.argument("name")
@click.option("--admin", is_flag=True, help="May do and see everything on this host.")
@click.option("--password", "ask_password", is_flag=True, help="Ask for a password for the pages.")
@_json
@_server
@_database
@click.pass_context
def add(
    ctx: click.Context,
    name: str,
    admin: bool,
    ask_password: bool,
    as_json: bool,
    server: str | None,
    database: str | None,
) -> None:
    """Add a user and print a token for the kaggle command and for ripe, shown this once."""
    from competition.store import add_user

    password = _asked_password() if ask_password else None
    with _store(ctx, database) as store:
        user = add_user(store, name, password=password, is_admin=admin, now=_now())
        _hand_out(store, user.name, "first token", None, as_json, _address(ctx, server))


@command.command()
@click.argument("name")
@click.option("--label", default="", help="What the token is for.")
@click.option(
    "--days", type=click.FloatRange(min=0, min_open=True), help="Ends after so many days."
)
@_json
@_server
@_database
@click.pass_context
def token(
    ctx: click.Context,
    name: str,
    label: str,
    days: float | None,
    as_json: bool,
    server: str | None,
    database: str | None,
) -> None:
    """Make another token for a user and print it, this once."""
    with _store(ctx, database) as store:
        _hand_out(store, name, label, days, as_json, _address(ctx, server))


@command.command()
@click.argument("name")
@click.option("--token", "token_id", type=int, help="Only the token of this number.")
@_database
@click.pass_context
def revoke(ctx: click.Context, name: str, token_id: int | None, database: str | None) -> None:
    """End the tokens of a user; 'ripe user tokens NAME' shows their numbers."""
    from competition.store import revoke_tokens

    with _store(ctx, database) as store:
        count = revoke_tokens(store, name, token_id=token_id, now=_now())
    say(f"{count} token{'' if count == 1 else 's'} of {name} revoked")


@command.command(name="list")
@_json
@_database
@click.pass_context
def list_(ctx: click.Context, as_json: bool, database: str | None) -> None:
    """Show all users."""
    from competition.store import list_users

    with _store(ctx, database) as store:
        users = list_users(store)
    if as_json:
        names = ("name", "is_admin", "is_disabled", "created_at")
        print_json([{name: getattr(user, name) for name in names} for user in users])
        return
    rows = [
        (user.name, _role(user.is_admin, user.is_disabled), user.created_at.date())
        for user in users
    ]
    print_table(["user", "role", "since"], rows)


@command.command()
@click.argument("name")
@_json
@_database
@click.pass_context
def tokens(ctx: click.Context, name: str, as_json: bool, database: str | None) -> None:
    """Show the tokens of a user, without their secrets."""
    from competition.store import list_tokens

    with _store(ctx, database) as store:
        found = list_tokens(store, name)
    if as_json:
        print_json([vars(one) for one in found])
        return
    rows = [
        (one.id, one.label, one.created_at.date(), _day(one.last_used_at), _day(one.revoked_at))
        for one in found
    ]
    print_table([">number", "label", "made", "last used", "revoked"], rows)


def _hand_out(
    store: Store, name: str, label: str, days: float | None, as_json: bool, server: str
) -> None:
    from competition.store import create_token, find_user

    now = _now()
    expires = now + timedelta(days=days) if days is not None else None
    user = find_user(store, name)
    key = create_token(store, user.name, label=label, now=now, expires=expires)
    if as_json:
        print_json({"username": user.name, "key": key})
        return
    for line in _lines(user.name, key, server):
        say(line)


def _address(ctx: click.Context, given: str | None) -> str:
    """Return the address that participants are told."""
    from ripe.home import last_address

    return (given or last_address(home_of(ctx)) or DEFAULT_SERVER).rstrip("/")


def _lines(name: str, key: str, server: str) -> list[str]:
    """Return what a participant needs; the token is never shown again.

    ``KAGGLE_API_TOKEN`` stands beside ``KAGGLE_API_ENVIRONMENT`` in the same line: it outdoes a
    real token in the home folder, which would otherwise be sent to this host, and without the
    environment the kaggle command would send this token to kaggle.com.
    """
    return [
        f"Token of {name}, shown this once. As kaggle.json:",
        f'{{"username": "{name}", "key": "{key}"}}',
        "",
        "The kaggle command against this host:",
        *_kaggle_lines(key, server),
        "",
        "ripe against this host:",
        f"  export RIPE_SERVER={server} RIPE_TOKEN={key}",
    ]


def _kaggle_lines(key: str, server: str) -> list[str]:
    """Return the line for the kaggle command; as a proxy's, it would verify no certificate."""
    if server.startswith("https://"):
        return [f"  env RIPE_SERVER={server} RIPE_TOKEN={key} \\", _WRAPPED]
    return [
        f"  env KAGGLE_API_ENVIRONMENT=LOCALHOST KAGGLE_API_TOKEN={key} \\",
        f"      http_proxy={server} NO_PROXY= no_proxy= kaggle competitions list",
    ]


def _store(ctx: click.Context, database: str | None) -> Store:
    from competition.store import open_store

    return open_store(home_of(ctx), database=database)


def _asked_password() -> str:
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _now() -> datetime:
    return datetime.now(UTC)


def _role(is_admin: bool, is_disabled: bool) -> str:
    return "closed" if is_disabled else "administrator" if is_admin else "participant"


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else ""
