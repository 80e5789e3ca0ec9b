"""A contest's or a data set's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from submissions.kaggle_process.session import Arguments, Session, again, may_pass

__all__ = ["download"]


def download(session: Session, arguments: Arguments) -> Arguments:
    """Fetch a contest's or a data set's files, unless the copy at hand is the same."""
    if "slug" in arguments:
        session.require_credentials()
    response = again(lambda: _bundle(session, arguments), may_pass)
    version = {name: response.headers.get(name) for name in ("ETag", "Last-Modified")}
    version["Content-Length"] = response.headers.get("Content-Length")
    if any(version.values()) and version == arguments.get("current"):
        response.close()
        return {"file": None, "version": version}
    name = response.url.split("?")[0].rstrip("/").split("/")[-1]
    target = Path(arguments["folder"]) / "bundle"
    client = session.kaggle.build_kaggle_client().http_client()
    session.kaggle.download_file(response, str(target), client, quiet=True, resume=True)
    return {"file": str(target), "name": name, "version": version}


def _bundle(session: Session, arguments: Arguments) -> Any:
    from kagglesdk.competitions.types import competition_api_service as contests

    if "dataset" in arguments:
        return session.datasets().download_dataset(_dataset_request(arguments))
    if arguments.get("file"):
        one = contests.ApiDownloadDataFileRequest()
        one.competition_name, one.file_name = arguments["slug"], arguments["file"]
        return session.competitions().download_data_file(one)
    whole = contests.ApiDownloadDataFilesRequest()
    whole.competition_name = arguments["slug"]
    return session.competitions().download_data_files(whole)


def _dataset_request(arguments: Arguments) -> Any:
    from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest

    request = ApiDownloadDatasetRequest()
    request.owner_slug, request.dataset_slug = arguments["dataset"]
    if arguments.get("dataset_version"):
        request.dataset_version_number = arguments["dataset_version"]
    if arguments.get("file"):
        request.file_name = arguments["file"]
    return request
