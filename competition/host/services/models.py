"""Models: what `kagglehub` needs to keep trained networks here, in versions."""

from __future__ import annotations

from typing import Any

from kagglesdk.models.types.model_api_service import (
    ApiCreateModelInstanceRequest,
    ApiCreateModelInstanceVersionRequest,
    ApiCreateModelRequest,
    ApiCreateModelResponse,
    ApiDeleteModelRequest,
    ApiDeleteModelResponse,
    ApiDownloadModelInstanceVersionRequest,
    ApiGetModelInstanceRequest,
    ApiGetModelRequest,
    ApiListModelInstanceVersionFilesRequest,
    ApiListModelInstanceVersionFilesResponse,
    ApiModel,
    ApiModelFile,
    ApiModelInstance,
)
from kagglesdk.models.types.model_enums import ModelFramework
from starlette.responses import Response

from competition.host.failures import Failure
from competition.host.listing import page_of
from competition.host.names import slug_of
from competition.host.publishing import (
    archive_of,
    fetch,
    files_of,
    own,
    require_owner_name,
    send_file,
    sent_files,
)
from competition.host.rpc import Call, Method, Methods
from competition.host.wire import naive
from competition.store import (
    Publication,
    PublicationExists,
    StoredFile,
    add_publication,
    add_publication_version,
    delete_publication,
    list_publications,
)

__all__ = ["METHODS"]

_CONFLICT = 409


def get_model(call: Call, asked: ApiGetModelRequest) -> ApiModel:
    """Describe a model with its variations."""
    found = fetch(call, "model", asked.owner_slug, asked.model_slug)
    told = ApiModel()
    told.id = found.id
    told.ref = f"{found.owner}/{found.path}"
    told.title = found.title
    told.subtitle = found.subtitle
    told.author = found.owner
    told.slug = found.path
    told.is_private = found.is_private
    told.description = found.description
    told.url = f"{call.base_url}/models/{told.ref}"
    told.update_time = naive(found.updated_at)
    told.instances = [_instance(call, one) for one in _variations(call, found)]
    return told


def create_model(call: Call, asked: ApiCreateModelRequest) -> ApiCreateModelResponse:
    """Add a model, as yet without a variation."""
    owner = require_owner_name(call, asked.owner_slug)
    slug = slug_of(asked.slug, "a model's name")
    try:
        made = add_publication(
            call.store,
            "model",
            owner,
            slug,
            title=asked.title or slug,
            subtitle=asked.subtitle,
            description=asked.description,
            is_private=asked.is_private,
            now=call.now,
        )
    except PublicationExists as error:
        return _conflict(error)
    return _created(call, made, made.path)


def delete_model(call: Call, asked: ApiDeleteModelRequest) -> ApiDeleteModelResponse:
    """Remove a model with all its variations."""
    found = own(call, "model", asked.owner_slug, asked.model_slug)
    for one in [*_variations(call, found), found]:
        delete_publication(call.store, one.id, actor=call.user.name, now=call.now)
    return ApiDeleteModelResponse()


def create_variation(call: Call, asked: ApiCreateModelInstanceRequest) -> ApiCreateModelResponse:
    """Add a variation with its first version; that it exists is said inside a good answer."""
    model = own(call, "model", asked.owner_slug, asked.model_slug)
    body = asked.body
    if body is None:
        raise Failure(400, "a variation needs a body with its files")
    path = _path(model.path, body.framework, body.instance_slug)
    try:
        made = add_publication(
            call.store,
            "variation",
            model.owner,
            path,
            title=body.instance_slug,
            description=body.overview,
            license_name=body.license_name,
            is_private=model.is_private,
            files=sent_files(call, body.files, body.directories),
            now=call.now,
        )
    except PublicationExists as error:
        return _conflict(error)
    return _created(call, made, model.path)


def create_version(
    call: Call, asked: ApiCreateModelInstanceVersionRequest
) -> ApiCreateModelResponse:
    """Add a version to a variation."""
    path = _path(asked.model_slug, asked.framework, asked.instance_slug)
    found = own(call, "variation", asked.owner_slug, path)
    if asked.body is None:
        raise Failure(400, "a version needs a body with its files")
    files = sent_files(call, asked.body.files, asked.body.directories)
    changed = add_publication_version(
        call.store, found.id, files, notes=asked.body.version_notes, now=call.now
    )
    return _created(call, changed, asked.model_slug)


def get_variation(call: Call, asked: ApiGetModelInstanceRequest) -> ApiModelInstance:
    """Describe a variation, with the number of its newest version."""
    return _instance(call, _variation(call, asked))


def list_files(
    call: Call, asked: ApiListModelInstanceVersionFilesRequest
) -> ApiListModelInstanceVersionFilesResponse:
    """List the files of a version of a variation."""
    files = files_of(call, _variation(call, asked), asked.version_number)
    page = page_of(files, asked.page_size, asked.page_token)
    told = ApiListModelInstanceVersionFilesResponse()
    told.files = [_file_message(file) for file in page.items]
    told.next_page_token = page.next_token
    return told


def download_version(call: Call, asked: ApiDownloadModelInstanceVersionRequest) -> Response:
    """Send the caller to a version's archive, or to one file of it."""
    found = _variation(call, asked)
    if asked.path:
        return send_file(call, found, asked.path, asked.version_number)
    return archive_of(call, found, asked.instance_slug, asked.version_number)


def _variation(call: Call, asked: Any) -> Publication:
    path = _path(asked.model_slug, asked.framework, asked.instance_slug)
    fetch(call, "model", asked.owner_slug, asked.model_slug)
    return fetch(call, "variation", asked.owner_slug, path)


def _variations(call: Call, model: Publication) -> list[Publication]:
    return [
        one
        for one in list_publications(call.store, "variation")
        if one.owner == model.owner and one.path.startswith(f"{model.path}/")
    ]


def _path(model: str, framework: ModelFramework, variation: str) -> str:
    if framework is ModelFramework.MODEL_FRAMEWORK_UNSPECIFIED:
        raise Failure(400, "a variation needs a framework")
    kind = framework.name.removeprefix("MODEL_FRAMEWORK_")
    return f"{model}/{kind}/{slug_of(variation, 'a variation')}"


def _created(call: Call, made: Publication, model: str) -> ApiCreateModelResponse:
    told = ApiCreateModelResponse()
    told.id = made.id
    told.ref = f"{made.owner}/{made.path}"
    told.url = f"{call.base_url}/models/{made.owner}/{model}"
    return told


def _conflict(error: PublicationExists) -> ApiCreateModelResponse:
    told = ApiCreateModelResponse()
    told.error = str(error)
    told.error_code = _CONFLICT
    return told


def _instance(call: Call, one: Publication) -> ApiModelInstance:
    model, framework, slug = one.path.split("/")
    told = ApiModelInstance()
    told.id = one.id
    told.slug = slug
    told.framework = ModelFramework[f"MODEL_FRAMEWORK_{framework}"]
    told.overview = one.description
    told.license_name = one.license_name
    told.version_number = one.newest
    told.total_uncompressed_bytes = one.versions[-1].size if one.versions else 0
    told.url = f"{call.base_url}/models/{one.owner}/{model}"
    return told


def _file_message(file: StoredFile) -> ApiModelFile:
    told = ApiModelFile()
    told.name = file.name
    told.size = file.size
    told.creation_date = naive(file.modified)
    return told


METHODS: Methods = {
    f"models.ModelApiService/{name}": method
    for name, method in {
        "GetModel": Method(ApiGetModelRequest, get_model),
        "CreateModel": Method(ApiCreateModelRequest, create_model),
        "DeleteModel": Method(ApiDeleteModelRequest, delete_model),
        "CreateModelInstance": Method(ApiCreateModelInstanceRequest, create_variation),
        "CreateModelInstanceVersion": Method(ApiCreateModelInstanceVersionRequest, create_version),
        "GetModelInstance": Method(ApiGetModelInstanceRequest, get_variation, anonymous=True),
        "ListModelInstanceVersionFiles": Method(
            ApiListModelInstanceVersionFilesRequest, list_files, anonymous=True
        ),
        "DownloadModelInstanceVersion": Method(
            ApiDownloadModelInstanceVersionRequest, download_version, anonymous=True
        ),
    }.items()
}
