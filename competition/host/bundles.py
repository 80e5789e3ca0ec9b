"""Bundles: many stored files as one zip archive, the same bytes each time.

An archive is made once and kept; its name says what is in it and what its bytes are.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from competition.host.context import Host

__all__ = ["Member", "bundle_path", "make_bundle"]

_LEVEL = 3
_FORM = 2  # of the archives; another form is another key
_WORTH_PACKING = 0.95
_FIRST_DAY = datetime(1980, 1, 1, tzinfo=UTC)  # a zip archive knows no earlier one
_BLOCK = 1 << 20
_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Member:
    """A file of a bundle: its path in the archive, its content, and when that last changed."""

    name: str
    digest: str
    modified: datetime


def make_bundle(host: Host, members: Sequence[Member]) -> str:
    """Return the key of the archive that holds these files; make it where it is not kept."""
    ordered = sorted(members, key=lambda member: member.name)
    key = _key(ordered)
    if not _kept(host, key):
        with _alone(host):
            if not _kept(host, key):
                _write(host, key, ordered)
    return key


def bundle_path(host: Host, key: str) -> Path:
    """Return the archive of a key.

    Raises
    ------
    FileNotFoundError
        When no archive of this key is kept.
    """
    found = _kept(host, key)
    if not found:
        raise FileNotFoundError(key)
    return found[0]


def _key(members: Sequence[Member]) -> str:
    listed = [[m.name, m.digest, int(m.modified.timestamp())] for m in members]
    return hashlib.sha256(json.dumps([_FORM, _LEVEL, listed]).encode()).hexdigest()[:32]


def _kept(host: Host, key: str) -> list[Path]:
    return sorted(host.bundles.glob(f"{key}-*.zip")) if _KEY.fullmatch(key) else []


def _write(host: Host, key: str, members: Sequence[Member]) -> None:
    building = host.bundles / f"{key}.building"
    with zipfile.ZipFile(building, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for member in members:
            _add(archive, member, host.store.files.path(member.digest))
    with building.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    building.replace(host.bundles / f"{key}-{digest[:32]}.zip")


@contextmanager
def _alone(host: Host) -> Iterator[None]:
    """Keep all other threads and processes of this home from making an archive meanwhile."""
    host.bundles.mkdir(parents=True, exist_ok=True)
    with (host.bundles / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _add(archive: zipfile.ZipFile, member: Member, path: Path) -> None:
    moment = max(member.modified.astimezone(UTC), _FIRST_DAY)
    info = zipfile.ZipInfo(member.name, date_time=moment.timetuple()[:6])
    info.compress_type = _way_to_pack(path)
    info.external_attr = 0o100644 << 16
    info.file_size = path.stat().st_size
    with path.open("rb") as source, archive.open(info, "w") as target:
        shutil.copyfileobj(source, target, _BLOCK)


def _way_to_pack(path: Path) -> int:
    """Pack what grows smaller by it, judged by its first megabyte; pictures, for one, do not."""
    with path.open("rb") as file:
        start = file.read(_BLOCK)
    packed = len(zlib.compress(start, _LEVEL))
    return zipfile.ZIP_DEFLATED if packed < _WORTH_PACKING * len(start) else zipfile.ZIP_STORED
