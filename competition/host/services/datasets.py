"""Data sets: publishing, finding and fetching them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kagglesdk.datasets.types.dataset_api_service import (
    ApiCreateDatasetRequest,
    ApiCreateDatasetResponse,
    ApiCreateDatasetVersionByIdRequest,
    ApiCreateDatasetVersionRequest,
    ApiCreateDatasetVersionRequestBody,
    ApiDataset,
    ApiDatasetFile,
    ApiDatasetVersion,
    ApiDeleteDatasetRequest,
    ApiDeleteDatasetResponse,
    ApiDownloadDatasetRequest,
    ApiGetDatasetMetadataRequest,
    ApiGetDatasetMetadataResponse,
    ApiGetDatasetRequest,
    ApiGetDatasetStatusRequest,
    ApiGetDatasetStatusResponse,
    ApiListDatasetFilesRequest,
    ApiListDatasetFilesResponse,
    ApiListDatasetsRequest,
    ApiListDatasetsResponse,
    ApiListTreeDatasetFilesRequest,
    ApiUpdateDatasetMetadataRequest,
    ApiUpdateDatasetMetadataResponse,
)
from kagglesdk.datasets.types.dataset_enums import (
    DatabundleVersionStatus,
    DatasetSelectionGroup,
    DatasetSortBy,
)
from kagglesdk.datasets.types.dataset_types import (
    DatasetInfo,
    DatasetSettingsFile,
    SettingsLicense,
)
from starlette.responses import JSONResponse, Response

from competition.host.failures import Failure
from competition.host.listing import page_of
from competition.host.names import slug_of
from competition.host.publishing import (
    archive_of,
    fetch,
    files_of,
    is_owner,
    own,
    require_owner_name,
    send_file,
    sent_files,
    visible,
)
from competition.host.rpc import Call, Method, Methods
from competition.host.wire import naive
from competition.store import (
    Publication,
    PublicationExists,
    StoredFile,
    UnknownPublication,
    add_publication,
    add_publication_version,
    change_publication,
    delete_publication,
    list_publications,
    publication_by_id,
)

__all__ = ["METHODS"]

_MINE = {
    DatasetSelectionGroup.DATASET_SELECTION_GROUP_MY,
    DatasetSelectionGroup.DATASET_SELECTION_GROUP_MY_PRIVATE,
    DatasetSelectionGroup.DATASET_SELECTION_GROUP_MY_PUBLIC,
}


def list_datasets(call: Call, asked: ApiListDatasetsRequest) -> ApiListDatasetsResponse:
    """List the data sets that the caller may see."""
    found = [
        one
        for one in list_publications(call.store, "dataset")
        if visible(call.caller, one) and _is_asked_for(call, one, asked)
    ]
    if asked.sort_by is DatasetSortBy.DATASET_SORT_BY_PUBLISHED:
        found.sort(key=lambda one: one.created_at, reverse=True)
    page = page_of(found, asked.page_size, asked.page_token, number=asked.page)
    told = ApiListDatasetsResponse()
    told.datasets = [_message(call, one) for one in page.items]
    told.next_page_token = page.next_token
    return told


def get_dataset(call: Call, asked: ApiGetDatasetRequest) -> ApiDataset:
    """Describe a data set with its versions and files."""
    found = fetch(call, "dataset", asked.owner_slug, asked.dataset_slug)
    told = _message(call, found)
    told.versions = [_version_message(found, version) for version in found.versions]
    told.files = [_file_message(file) for file in files_of(call, found)]
    return told


def get_status(call: Call, asked: ApiGetDatasetStatusRequest) -> ApiGetDatasetStatusResponse:
    """Say that a data set is ready; one that is not there is an error, as clients expect."""
    fetch(call, "dataset", asked.owner_slug, asked.dataset_slug)
    told = ApiGetDatasetStatusResponse()
    told.status = DatabundleVersionStatus.READY
    return told


def get_metadata(call: Call, asked: ApiGetDatasetMetadataRequest) -> ApiGetDatasetMetadataResponse:
    """Describe a data set in the form that the client writes to a file."""
    found = fetch(call, "dataset", asked.owner_slug, asked.dataset_slug)
    info = DatasetInfo()
    info.dataset_id = found.id
    info.dataset_slug = found.path
    info.owner_user = found.owner
    info.title = found.title
    info.subtitle = found.subtitle
    info.description = found.description
    info.is_private = found.is_private
    info.licenses = [_license(found.license_name or "unknown")]
    info.data = [_settings_file(file) for file in files_of(call, found)]
    told = ApiGetDatasetMetadataResponse()
    told.info = info
    told.error_message = ""
    return told


def update_metadata(
    call: Call, asked: ApiUpdateDatasetMetadataRequest
) -> ApiUpdateDatasetMetadataResponse:
    """Change what is said about a data set."""
    found = own(call, "dataset", asked.owner_slug, asked.dataset_slug)
    wanted = asked.settings
    changes: dict[str, Any] = {"is_private": wanted.is_private} if wanted else {}
    for name in ("title", "subtitle", "description"):
        if wanted and name in wanted:
            changes[name] = getattr(wanted, name)
    if wanted and wanted.licenses:
        changes["license_name"] = wanted.licenses[0].name
    change_publication(call.store, found.id, now=call.now, **changes)
    return ApiUpdateDatasetMetadataResponse()


def list_files(call: Call, asked: ApiListDatasetFilesRequest) -> ApiListDatasetFilesResponse:
    """List the files of a version."""
    found = fetch(call, "dataset", asked.owner_slug, asked.dataset_slug)
    files = files_of(call, found, asked.dataset_version_number)
    page = page_of(files, asked.page_size, asked.page_token)
    told = ApiListDatasetFilesResponse()
    told.dataset_files = [_file_message(file) for file in page.items]
    told.next_page_token = page.next_token
    return told


def list_tree(call: Call, asked: ApiListTreeDatasetFilesRequest) -> Response:
    """List the files and folders directly in one folder of a version."""
    found = fetch(call, "dataset", asked.owner_slug, asked.dataset_slug)
    inside = f"{asked.path.strip('/')}/" if asked.path.strip("/") else ""
    names = [file.name for file in files_of(call, found, asked.dataset_version_number)]
    below = [name.removeprefix(inside) for name in names if name.startswith(inside)]
    if not below:
        raise Failure(404, f"{found.owner}/{found.path} has no folder {asked.path!r}")
    folders = sorted({name.split("/")[0] for name in below if "/" in name})
    files = [name for name in below if "/" not in name]
    page = page_of(files, asked.page_size, asked.page_token)
    return JSONResponse(
        {
            "files": [{"name": name, "relativeUrl": f"{inside}{name}"} for name in page.items],
            "directories": [{"name": name, "relativeUrl": f"{inside}{name}"} for name in folders],
            "nextPageToken": page.next_token,
        }
    )


def download_dataset(call: Call, asked: ApiDownloadDatasetRequest) -> Response:
    """Send the caller to a version's archive, or to one file of it."""
    found = fetch(call, "dataset", asked.owner_slug, asked.dataset_slug)
    number = asked.dataset_version_number
    if asked.file_name:
        return send_file(call, found, asked.file_name, number)
    return archive_of(call, found, found.path, number)


def create_dataset(call: Call, asked: ApiCreateDatasetRequest) -> ApiCreateDatasetResponse:
    """Publish a data set; that it exists already is said inside a good answer, as clients read."""
    owner = require_owner_name(call, asked.owner_slug)
    slug = slug_of(asked.slug, "a dataset's name")
    files = sent_files(call, asked.files, asked.directories)
    try:
        made = add_publication(
            call.store,
            "dataset",
            owner,
            slug,
            title=asked.title or slug,
            subtitle=asked.subtitle,
            description=asked.description,
            license_name=asked.license_name,
            is_private=asked.is_private,
            files=files,
            notes="Initial release",
            now=call.now,
        )
    except PublicationExists as error:
        return _created(call, None, str(error))
    return _created(call, made, "")


def create_version(call: Call, asked: ApiCreateDatasetVersionRequest) -> ApiCreateDatasetResponse:
    """Add a version to a data set."""
    found = own(call, "dataset", asked.owner_slug, asked.dataset_slug)
    return _new_version(call, found, asked.body)


def create_version_by_id(
    call: Call, asked: ApiCreateDatasetVersionByIdRequest
) -> ApiCreateDatasetResponse:
    """Add a version to the data set with a number."""
    try:
        found = publication_by_id(call.store, asked.id)
    except UnknownPublication as error:
        raise Failure(404, str(error)) from None
    if found.kind != "dataset" or not is_owner(call.user, found):
        raise Failure(404, f"you have no dataset with the number {asked.id}")
    return _new_version(call, found, asked.body)


def delete_dataset(call: Call, asked: ApiDeleteDatasetRequest) -> ApiDeleteDatasetResponse:
    """Remove a data set with all its versions."""
    found = own(call, "dataset", asked.owner_slug, asked.dataset_slug)
    delete_publication(call.store, found.id, actor=call.user.name, now=call.now)
    told = ApiDeleteDatasetResponse()
    told.error = ""
    return told


def _new_version(
    call: Call, found: Publication, body: ApiCreateDatasetVersionRequestBody | None
) -> ApiCreateDatasetResponse:
    if body is None:
        raise Failure(400, "a version needs a body with its files")
    files = sent_files(call, body.files, body.directories)
    changed = add_publication_version(
        call.store,
        found.id,
        files,
        notes=body.version_notes,
        keep_old=not body.delete_old_versions,
        now=call.now,
    )
    return _created(call, changed, "")


def _created(call: Call, made: Publication | None, error: str) -> ApiCreateDatasetResponse:
    told = ApiCreateDatasetResponse()
    told.status = "error" if error else "ok"
    told.error = error
    if made is not None:
        told.ref = f"{made.owner}/{made.path}"
        told.url = f"{call.base_url}/datasets/{told.ref}"
    return told


def _is_asked_for(call: Call, one: Publication, asked: ApiListDatasetsRequest) -> bool:
    text = f"{one.owner}/{one.path} {one.title} {one.subtitle}".casefold()
    if asked.search and asked.search.casefold() not in text:
        return False
    if asked.user and asked.user.casefold() != one.owner.casefold():
        return False
    return asked.group not in _MINE or one.owner == call.user.name


def _message(call: Call, one: Publication) -> ApiDataset:
    told = ApiDataset()
    told.id = one.id
    told.ref = f"{one.owner}/{one.path}"
    told.title = one.title
    told.subtitle = one.subtitle
    told.description = one.description
    told.creator_name = one.owner
    told.owner_name = one.owner
    told.owner_ref = one.owner
    told.total_bytes = one.versions[-1].size if one.versions else 0
    told.url = f"{call.base_url}/datasets/{one.owner}/{one.path}"
    told.last_updated = naive(one.updated_at)
    told.is_private = one.is_private
    told.license_name = one.license_name
    told.current_version_number = one.newest
    told.usability_rating = 1.0
    return told


def _version_message(one: Publication, version: Any) -> ApiDatasetVersion:
    told = ApiDatasetVersion()
    told.version_number = version.number
    told.creation_date = naive(version.created_at)
    told.creator_name = one.owner
    told.version_notes = version.notes
    told.status = "Ready"
    return told


def _file_message(file: StoredFile) -> ApiDatasetFile:
    told = ApiDatasetFile()
    told.ref = file.name
    told.name = file.name
    told.total_bytes = file.size
    told.creation_date = naive(file.modified)
    return told


def _settings_file(file: StoredFile) -> DatasetSettingsFile:
    told = DatasetSettingsFile()
    told.name = file.name
    told.total_bytes = file.size
    return told


def _license(name: str) -> SettingsLicense:
    told = SettingsLicense()
    told.name = name
    return told


_OPEN: Mapping[str, Method] = {
    "GetDataset": Method(ApiGetDatasetRequest, get_dataset, anonymous=True),
    "GetDatasetMetadata": Method(ApiGetDatasetMetadataRequest, get_metadata, anonymous=True),
    "GetDatasetStatus": Method(ApiGetDatasetStatusRequest, get_status, anonymous=True),
    "ListDatasetFiles": Method(ApiListDatasetFilesRequest, list_files, anonymous=True),
    "ListTreeDatasetFiles": Method(ApiListTreeDatasetFilesRequest, list_tree, anonymous=True),
    "DownloadDataset": Method(ApiDownloadDatasetRequest, download_dataset, anonymous=True),
}
_SIGNED_IN: Mapping[str, Method] = {
    "ListDatasets": Method(ApiListDatasetsRequest, list_datasets),
    "UpdateDatasetMetadata": Method(ApiUpdateDatasetMetadataRequest, update_metadata),
    "CreateDataset": Method(ApiCreateDatasetRequest, create_dataset),
    "CreateDatasetVersion": Method(ApiCreateDatasetVersionRequest, create_version),
    "CreateDatasetVersionById": Method(ApiCreateDatasetVersionByIdRequest, create_version_by_id),
    "DeleteDataset": Method(ApiDeleteDatasetRequest, delete_dataset),
}
METHODS: Methods = {
    f"datasets.DatasetApiService/{name}": method for name, method in {**_OPEN, **_SIGNED_IN}.items()
}
