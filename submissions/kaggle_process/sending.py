"""A file becomes one entry, never two."""

from __future__ import annotations

import time
from pathlib import Path

from submissions.kaggle_process.looking import newest, quota_or_none
from submissions.kaggle_process.session import (
    ATTEMPTS,
    Arguments,
    Session,
    Unclear,
    again,
    may_pass,
    never_arrived,
    status_of,
)

__all__ = ["find", "send"]

LOOK_AGAIN_AFTER_SECONDS = (0, 0.5, 1, 2, 4)


def send(session: Session, arguments: Arguments) -> Arguments:
    """Upload a file, make an entry of it, and find that entry again."""
    session.require_credentials()
    slug, file = arguments["slug"], Path(arguments["file"])
    known = [entry["ref"] for entry in newest(session, slug)]
    session.channel.event("known", refs=known, quota=quota_or_none(session, slug))
    token = _upload(session, slug, file)
    session.channel.event("making")
    made = _make_entry(session, token, arguments)
    return find(session, {**arguments, "known": known, "name": file.name, **made})


def find(session: Session, arguments: Arguments) -> Arguments:
    """Look for the entry of a send, by its number or as the only new one that fits."""
    wanted, slug = arguments.get("ref"), arguments["slug"]
    for pause in LOOK_AGAIN_AFTER_SECONDS:
        time.sleep(pause)
        for entry in newest(session, slug):
            if entry["ref"] == wanted or (wanted is None and _is_ours(entry, arguments)):
                return {"entry": entry, "quota": quota_or_none(session, slug)}
    raise Unclear(arguments.get("reason", "the connection broke"))


def _is_ours(entry: Arguments, arguments: Arguments) -> bool:
    """Whether an entry is new and carries our file and words; servers cut what is long."""
    name, words = entry["file_name"] or "", entry["description"] or ""
    return (
        entry["ref"] not in arguments["known"]
        and bool(name)
        and arguments["name"].endswith(name)
        and arguments["message"].startswith(words)
        and bool(words) == bool(arguments["message"])
    )


def _upload(session: Session, slug: str, file: Path) -> str:
    """Upload, again after a failure that passes: an upload alone is no entry."""
    from kaggle.models.kaggle_models_extended import ResumableUploadResult
    from kagglesdk.competitions.types.competition_api_service import ApiStartSubmissionUploadRequest

    request = ApiStartSubmissionUploadRequest()
    request.competition_name, request.file_name = slug, file.name
    request.content_length = file.stat().st_size
    request.last_modified_epoch_seconds = int(file.stat().st_mtime)
    for attempt in range(ATTEMPTS):
        place = again(lambda: session.competitions().start_submission_upload(request), may_pass)
        outcome = session.kaggle.upload_complete(str(file), place.create_url, quiet=True)
        if outcome == ResumableUploadResult.COMPLETE:
            return str(place.token)
        time.sleep(2**attempt)
    raise ConnectionError(f"the upload of {file.name} did not go through in {ATTEMPTS} tries")


def _make_entry(session: Session, token: str, arguments: Arguments) -> Arguments:
    """Ask for the entry: its number, or why there is no answer though it may have been made."""
    from kagglesdk.competitions.types.competition_api_service import ApiCreateSubmissionRequest

    request = ApiCreateSubmissionRequest()
    request.competition_name, request.blob_file_tokens = arguments["slug"], token
    request.submission_description = arguments["message"]
    if arguments.get("sandbox"):
        request.sandbox = True
    try:
        answer = again(lambda: session.competitions().create_submission(request), never_arrived)
    except Exception as error:
        if status_of(error) in range(400, 500) or never_arrived(error):
            raise
        return {"reason": str(error)}
    return {"ref": int(answer.ref) or None}
