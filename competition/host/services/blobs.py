"""Files that a host or a publisher sends before saying what they are for."""

from __future__ import annotations

from kagglesdk.blobs.types.blob_api_service import (
    ApiBlobType,
    ApiStartBlobUploadRequest,
    ApiStartBlobUploadResponse,
)

from competition.host.failures import Failure
from competition.host.names import base_name
from competition.host.rpc import Call, Method, Methods
from competition.host.uploads import announce, whole_upload
from competition.store import Upload

__all__ = ["LARGEST_BLOB", "METHODS", "blob_of"]

LARGEST_BLOB = 50 << 30
_KIND = "blob"


def start_blob_upload(call: Call, asked: ApiStartBlobUploadRequest) -> ApiStartBlobUploadResponse:
    """Announce a file and say where to send it."""
    if asked.type is ApiBlobType.INBOX:
        raise Failure(400, "an inbox is not supported by this server")
    token = announce(
        call.host,
        call.user.name,
        kind=_KIND,
        file_name=base_name(asked.name),
        size=asked.content_length,
        limit=LARGEST_BLOB,
        now=call.now,
    )
    told = ApiStartBlobUploadResponse()
    told.token = token
    told.create_url = f"{call.base_url}/uploads/{token}"
    return told


def blob_of(call: Call, token: str) -> Upload:
    """Return a file that the caller has sent.

    Raises
    ------
    Failure
        When they have sent no such file, or not all of it.
    """
    return whole_upload(call.host, call.user.name, token, kind=_KIND, now=call.now)


METHODS: Methods = {
    "blobs.BlobApiService/StartBlobUpload": Method(ApiStartBlobUploadRequest, start_blob_upload),
}
