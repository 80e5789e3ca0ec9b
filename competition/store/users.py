"""Accounts, their passwords and their tokens."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import or_, select, update

from competition.errors import CompetitionError
from competition.store.audit import HOST_CHAIN, record
from competition.store.opening import Store
from competition.store.rows import name_key, user_row
from competition.store.schema import TokenRow, UserRow
from competition.store.values import Token, User

__all__ = [
    "InvalidUserName",
    "UserExists",
    "add_user",
    "create_token",
    "disable_user",
    "find_user",
    "list_tokens",
    "list_users",
    "revoke_tokens",
    "set_password",
    "user_of_password",
    "user_of_token",
]

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,48}[A-Za-z0-9])?")
_LAST_USE_RESOLUTION = timedelta(minutes=1)
_HASHER = PasswordHasher()


class UserExists(CompetitionError, ValueError):
    """The name is taken."""


class InvalidUserName(CompetitionError, ValueError):
    """The name cannot be used."""


def add_user(
    store: Store, name: str, *, password: str | None = None, is_admin: bool = False, now: datetime
) -> User:
    """Add an account.

    Raises
    ------
    UserExists
        When the name is taken, in whatever case.
    InvalidUserName
        When the name has characters that an address could not carry.
    """
    _check_name(name)
    hashed = _HASHER.hash(password) if password is not None else None
    with store.writing() as session:
        if session.scalar(select(UserRow.id).where(UserRow.name_key == name_key(name))):
            raise UserExists(f"the user name {name!r} is taken; choose another")
        row = UserRow(
            name=name,
            name_key=name_key(name),
            password_hash=hashed,
            is_admin=is_admin,
            created_at=now,
        )
        session.add(row)
        session.flush()
        record(session, HOST_CHAIN, name, "user added", {"user": name, "admin": is_admin}, now)
        return _user(row)


def find_user(store: Store, name: str) -> User:
    """Return an account.

    Raises
    ------
    UnknownUser
        When nobody has this name.
    """
    with store.reading() as session:
        return _user(user_row(session, name))


def list_users(store: Store) -> list[User]:
    """Return all accounts by name."""
    with store.reading() as session:
        return [_user(row) for row in session.scalars(select(UserRow).order_by(UserRow.name_key))]


def disable_user(store: Store, name: str, *, now: datetime) -> None:
    """Close an account: its tokens and password no longer open anything."""
    with store.writing() as session:
        user_row(session, name).disabled_at = now
        record(session, HOST_CHAIN, name, "user disabled", {"user": name}, now)


def set_password(store: Store, name: str, password: str, *, now: datetime) -> None:
    """Set or replace a password."""
    hashed = _HASHER.hash(password)
    with store.writing() as session:
        user_row(session, name).password_hash = hashed
        record(session, HOST_CHAIN, name, "password set", {"user": name}, now)


def user_of_password(store: Store, name: str, password: str) -> User | None:
    """Return the account that this name and password open, or None.

    An unknown name costs the same time as a wrong password.
    """
    with store.reading() as session:
        row = session.scalar(select(UserRow).where(UserRow.name_key == name_key(name)))
    hashed = row.password_hash if row is not None and row.disabled_at is None else None
    try:
        _HASHER.verify(hashed or _unknown_hash(), password)
    except VerificationError:
        return None
    return _user(row) if row is not None and hashed else None


def create_token(
    store: Store, user_name: str, *, label: str = "", now: datetime, expires: datetime | None = None
) -> str:
    """Make a token and return it; it is shown this once, the store keeps its SHA-256 alone."""
    token = secrets.token_hex(32)
    with store.writing() as session:
        user = user_row(session, user_name)
        row = TokenRow(
            user_id=user.id,
            label=label,
            digest=digest_of_token(token),
            created_at=now,
            expires_at=expires,
        )
        session.add(row)
        session.flush()
        details = {"user": user.name, "token": row.id, "label": label}
        record(session, HOST_CHAIN, user.name, "token created", details, now)
    return token


def user_of_token(store: Store, token: str, now: datetime) -> User | None:
    """Return whose token this is, or None when it opens nothing."""
    query = (
        select(TokenRow, UserRow)
        .join(UserRow, UserRow.id == TokenRow.user_id)
        .where(
            TokenRow.digest == digest_of_token(token),
            TokenRow.revoked_at.is_(None),
            or_(TokenRow.expires_at.is_(None), TokenRow.expires_at > now),
            UserRow.disabled_at.is_(None),
        )
    )
    with store.reading() as session:
        found = session.execute(query).one_or_none()
    if found is None:
        return None
    _note_use(store, found[0], now)
    return _user(found[1])


def list_tokens(store: Store, user_name: str) -> list[Token]:
    """Return the tokens of a user, newest first, without their secrets."""
    with store.reading() as session:
        user = user_row(session, user_name)
        query = select(TokenRow).where(TokenRow.user_id == user.id).order_by(TokenRow.id.desc())
        return [_token(row, user.name) for row in session.scalars(query)]


def revoke_tokens(
    store: Store, user_name: str, *, token_id: int | None = None, now: datetime
) -> int:
    """Revoke one token of a user, or all; return how many ended."""
    with store.writing() as session:
        user = user_row(session, user_name)
        open_tokens = (TokenRow.user_id == user.id) & TokenRow.revoked_at.is_(None)
        chosen = open_tokens if token_id is None else open_tokens & (TokenRow.id == token_id)
        revoked = session.scalars(
            update(TokenRow).where(chosen).values(revoked_at=now).returning(TokenRow.id)
        ).all()
        details = {"user": user.name, "tokens": sorted(revoked)}
        record(session, HOST_CHAIN, user.name, "tokens revoked", details, now)
        return len(revoked)


def digest_of_token(token: str) -> str:
    """Return the SHA-256 under which a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidUserName(
            "a user name has 1 to 50 letters, digits, dots, underscores or hyphens and begins and "
            f"ends with a letter or digit, got {name!r}"
        )


def _note_use(store: Store, token: TokenRow, now: datetime) -> None:
    """Keep the time of last use, at most once a minute: reading must stay cheap."""
    if token.last_used_at is not None and now - token.last_used_at < _LAST_USE_RESOLUTION:
        return
    with store.writing(durable=False) as session:
        session.execute(update(TokenRow).where(TokenRow.id == token.id).values(last_used_at=now))


@cache
def _unknown_hash() -> str:
    return _HASHER.hash(secrets.token_hex(8))


def _user(row: UserRow) -> User:
    return User(
        id=row.id,
        name=row.name,
        is_admin=row.is_admin,
        created_at=row.created_at,
        is_disabled=row.disabled_at is not None,
        has_password=row.password_hash is not None,
    )


def _token(row: TokenRow, user: str) -> Token:
    return Token(
        id=row.id,
        user=user,
        label=row.label,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
