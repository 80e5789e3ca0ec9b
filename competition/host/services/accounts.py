"""Who a token belongs to, asked in the ways of the official clients."""

from __future__ import annotations

from kagglesdk.kernels.types.kernels_api_service import (
    ApiGetAcceleratorQuotaStatisticsRequest,
    ApiGetAcceleratorQuotaStatisticsResponse,
)
from kagglesdk.models.types.model_api_service import ApiGetModelRequest
from kagglesdk.security.types.oauth_service import IntrospectTokenRequest, IntrospectTokenResponse
from starlette.responses import JSONResponse, Response

from competition.host.rpc import Call, Method, Methods
from competition.store import user_of_token

__all__ = ["METHODS"]


def introspect_token(call: Call, asked: IntrospectTokenRequest) -> IntrospectTokenResponse:
    """Say whether a token is good, and whose. Never an error: clients take one for a crash."""
    user = user_of_token(call.store, asked.token, call.now) if asked.token else None
    told = IntrospectTokenResponse()
    told.active = user is not None
    if user is not None:
        told.username = user.name
        told.user_id = user.id
    return told


def hello(call: Call, _: ApiGetModelRequest) -> Response:
    """Tell kagglehub who it is; that message is its own stand-in for one the SDK lacks."""
    return JSONResponse({"userName": call.user.name, "userId": call.user.id})


def accelerator_quota(
    _: Call, __: ApiGetAcceleratorQuotaStatisticsRequest
) -> ApiGetAcceleratorQuotaStatisticsResponse:
    """Say that nothing is known of accelerators: this host runs no notebooks."""
    return ApiGetAcceleratorQuotaStatisticsResponse()


METHODS: Methods = {
    "kernels.KernelsApiService/GetAcceleratorQuotaStatistics": Method(
        ApiGetAcceleratorQuotaStatisticsRequest, accelerator_quota
    ),
    "security.OAuthService/IntrospectToken": Method(
        IntrospectTokenRequest, introspect_token, anonymous=True, checks_credentials=False
    ),
    "api.v1.DiagnosticsService/Hello": Method(ApiGetModelRequest, hello),
}
