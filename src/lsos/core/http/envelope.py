"""Success and error envelopes, and the one way from an exception to an answer."""

from typing import Any, ClassVar, Generic, TypeVar

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from sqlalchemy.exc import IntegrityError

from lsos.core.db.database import is_bad_value, is_outage
from lsos.core.errors import Invalid, LsosError
from lsos.core.http.faults import shape_faults
from lsos.core.http.schema import Example, Page
from lsos.core.observability.log import request_id
from lsos.core.redis.client import OUTAGE

T = TypeVar("T")
log = structlog.get_logger(__name__)

HTTP_CODES = {
    400: "malformed_request",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    412: "precondition_failed",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "validation_failed",
    429: "rate_limited",
    503: "unavailable",
}


class PageMeta(msgspec.Struct, omit_defaults=False):
    """Where a list goes on."""

    next_cursor: str | None
    """Send it as `cursor` to get the next page; null: this is the last one."""
    limit: int
    """Most rows that a page of this answer holds."""


class Meta(msgspec.Struct, omit_defaults=True):
    """About the answer itself."""

    request_id: str
    """Id of the request, also in the header X-Request-ID; quote it when you ask for help."""
    page: PageMeta | None = None
    """Where the list goes on; left out (null): the answer is no list."""


class Envelope(msgspec.Struct, Generic[T], kw_only=True):
    """A successful answer."""

    data: T
    """What was asked for."""
    meta: Meta
    """About the answer itself."""
    success: bool = True
    """Always true."""


class ErrorItem(msgspec.Struct, omit_defaults=True):
    """One thing that is wrong."""

    code: str
    """What is wrong, as a stable word, such as campaign_not_found."""
    message: str
    """What is wrong, in words for people."""
    field: str | None = None
    """Field or parameter that is meant, as it was sent; left out (null): none."""
    detail: Any = None
    """More about it; its names depend on `code`. Left out (null): nothing."""


class ErrorEnvelope(msgspec.Struct, kw_only=True):
    """An answer that is no success."""

    errors: list[ErrorItem]
    """What is wrong; at least one."""
    meta: Meta
    """About the answer itself."""
    success: bool = False
    """Always false."""

    EXAMPLE: ClassVar[Example] = {
        "success": False,
        "errors": [
            {
                "code": "validation_failed",
                "message": "country: 'Deutschland' is not an ISO 3166-1 code, such as DE",
                "field": "country",
                "detail": {"in": "body"},
            }
        ],
        "meta": {"request_id": "9f86d081884c7d65"},
    }


def ok(data: T) -> Envelope[T]:
    return Envelope(data=data, meta=Meta(request_id=request_id()))


def ok_page(page: Page[T]) -> Envelope[list[T]]:
    meta = Meta(
        request_id=request_id(), page=PageMeta(next_cursor=page.next_cursor, limit=page.limit)
    )
    return Envelope(data=list(page.items), meta=meta)


def failures(*statuses: int) -> dict[int, ResponseSpec]:
    """The `responses` of a route: its declared errors, in the one error shape."""
    return {
        status: ResponseSpec(
            data_container=ErrorEnvelope,
            generate_examples=False,
            description=HTTP_CODES.get(status, "error").replace("_", " ").capitalize(),
        )
        for status in statuses
    }


def to_response(request: Request[Any, Any, Any], error: Exception) -> Response[ErrorEnvelope]:
    """The answer to any exception; what is not ours is logged and shown without detail."""
    status, items, headers = _describe(request, error)
    if status >= 500 and not _is_expected(error):
        log.error("request_failed", path=request.scope["path"], exc_info=error)
    body = ErrorEnvelope(errors=items, meta=Meta(request_id=request_id()))
    return Response(body, status_code=status, headers=headers, media_type="application/json")


def _is_expected(error: Exception) -> bool:
    return isinstance(error, LsosError) or _is_away(error)


def _is_away(error: BaseException) -> bool:
    return is_outage(error) or isinstance(error, OUTAGE)


def _describe(
    request: Request[Any, Any, Any], error: Exception
) -> tuple[int, list[ErrorItem], dict[str, str]]:
    if isinstance(error, LsosError):
        headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
        if error.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        message = error.message
        if isinstance(error, Invalid) and error.field and not message.startswith(f"{error.field}:"):
            message = f"{error.field}: {message}"
        item = ErrorItem(error.code, message, error.field, error.detail)
        return error.status, [item], headers
    if isinstance(error, ValidationException):
        return 422, _shape_faults(request), {}
    if isinstance(error, SerializationException | RecursionError):
        return 400, [ErrorItem("malformed_json", "the body is no valid JSON")], {}
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _http(error)
    if isinstance(error, IntegrityError):
        return 409, [ErrorItem("conflict", "this contradicts what is stored")], {}
    if is_bad_value(error):
        return 422, [ErrorItem("validation_failed", "a value is out of range")], {}
    if _is_away(error):
        item = ErrorItem("unavailable", "a store is away; nothing was lost, try again shortly")
        return 503, [item], {"Retry-After": "5"}
    item = ErrorItem("internal_error", "something failed on our side; quote the request id")
    return 500, [item], {}


def _http(error: HTTPException) -> tuple[int, list[ErrorItem], dict[str, str]]:
    status = error.status_code
    code = HTTP_CODES.get(status, "error")
    message = "no such route" if status == 404 else error.detail
    if status == 400 and isinstance(error.__cause__, SerializationException | RecursionError):
        code, message = "malformed_json", "the body is no valid JSON"
    elif status == 400:
        message = "the request is malformed"
    headers = {k: v for k, v in (error.headers or {}).items() if k.lower() == "allow"}
    return status, [ErrorItem(code, message)], headers


def _shape_faults(request: Request[Any, Any, Any]) -> list[ErrorItem]:
    items = [
        ErrorItem("validation_failed", fault.message, field=fault.field or None, detail=detail)
        for fault, detail in shape_faults(request)
    ]
    return items or [ErrorItem("validation_failed", "the request does not fit this route")]
