"""Data sets and models: who may see them, what is in them, how they are fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from starlette.responses import Response

from competition.host.archives import unpacked
from competition.host.bundles import Member, make_bundle
from competition.host.downloads import Download, redirect_to
from competition.host.failures import Failure
from competition.host.names import relative_name
from competition.host.rpc import Call
from competition.host.services.blobs import blob_of
from competition.store import (
    Publication,
    StoredFile,
    UnknownPublication,
    User,
    get_publication,
    publication_file,
    publication_files,
)
from competition.store.publications import Kind

__all__ = ["archive_of", "fetch", "files_of", "own", "sent_files", "visible"]

_ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")


def visible(user: User | None, publication: Publication) -> bool:
    """Say whether somebody may see a publication: a private one is its owner's alone."""
    return not publication.is_private or is_owner(user, publication)


def is_owner(user: User | None, publication: Publication) -> bool:
    """Say whether somebody may change a publication; administrators may change all."""
    return user is not None and (user.is_admin or user.name == publication.owner)


def fetch(call: Call, kind: Kind, owner: str, path: str) -> Publication:
    """Return a publication that the caller may see.

    Raises
    ------
    Failure
        With status 404, when there is none.
    """
    try:
        found = get_publication(call.store, kind, owner, path)
    except UnknownPublication:
        found = None
    if found is None or not visible(call.caller, found):
        noun = "dataset" if kind == "dataset" else "model"
        raise Failure(404, f"no {noun} is named {owner}/{path} here")
    return found


def own(call: Call, kind: Kind, owner: str, path: str) -> Publication:
    """Return a publication that the caller may change.

    Raises
    ------
    Failure
        With status 404 or 403, when they may not.
    """
    found = fetch(call, kind, owner, path)
    if not is_owner(call.user, found):
        raise Failure(403, f"only {found.owner} may change {found.owner}/{found.path}")
    return found


def require_owner_name(call: Call, owner: str) -> str:
    """Return the name under which the caller may publish: their own.

    Raises
    ------
    Failure
        With status 403, when it is somebody else's.
    """
    if owner and owner.casefold() != call.user.name.casefold():
        raise Failure(403, f"you are {call.user.name} and may not publish under {owner!r}")
    return call.user.name


def files_of(call: Call, publication: Publication, number: int = 0) -> list[StoredFile]:
    """Return the files of a version; the newest when the number is 0.

    Raises
    ------
    Failure
        With status 404, when there is no such version.
    """
    try:
        return publication_files(call.store, publication, number or None)
    except UnknownPublication as error:
        raise Failure(404, str(error)) from None


def send_file(call: Call, publication: Publication, name: str, number: int = 0) -> Response:
    """Send the caller to one file of a version."""
    try:
        file = publication_file(call.store, publication, name, number or None)
    except UnknownPublication as error:
        raise Failure(404, str(error)) from None
    return redirect_to(call.host, Download(file.name, file.sha256, file.modified), call.now)


def archive_of(call: Call, publication: Publication, name: str, number: int = 0) -> Response:
    """Send the caller to the archive of all files of a version."""
    files = files_of(call, publication, number)
    if not files:
        raise Failure(404, f"{publication.owner}/{publication.path} has no files")
    key = make_bundle(call.host, [Member(f.name, f.sha256, f.modified) for f in files])
    newest = max(file.modified for file in files)
    return redirect_to(call.host, Download(f"{name}.zip", key, newest, bundle=True), call.now)


def sent_files(call: Call, files: Sequence[Any], directories: Sequence[Any]) -> Mapping[str, str]:
    """Return what a publisher has sent: name to digest, archives unpacked.

    An archive that comes alone is unpacked in its place, one among others into a folder of its
    name: so the official clients send folders.

    Raises
    ------
    Failure
        With status 400, when nothing was sent, or two files have the same name.
    """
    sent = list(_walk(call, files, directories, ""))
    if not sent:
        raise Failure(400, "no files were sent")
    names = [name for name, _ in sent]
    if len(set(names)) < len(names):
        raise Failure(400, "two files have the same name")
    alone = len(sent) == 1
    return {
        inner: content
        for name, digest in sent
        for inner, content in _opened(call, name, digest, alone=alone).items()
    }


def _walk(call: Call, files: Sequence[Any], directories: Sequence[Any], folder: str) -> Any:
    for file in files:
        upload = blob_of(call, file.token)
        yield relative_name(f"{folder}{upload.file_name}"), upload.digest or ""
    for directory in directories:
        inside = f"{folder}{relative_name(directory.name)}/"
        yield from _walk(call, directory.files, directory.directories, inside)


def _opened(call: Call, name: str, digest: str, *, alone: bool) -> Mapping[str, str]:
    ending = next((end for end in _ARCHIVES if name.endswith(end)), None)
    if ending is None:
        return {name: digest}
    inside = unpacked(call.store, name, digest)
    if name in inside:
        return inside
    folder = PurePosixPath("." if alone else name.removesuffix(ending))
    return {str(folder / inner): content for inner, content in inside.items()}
