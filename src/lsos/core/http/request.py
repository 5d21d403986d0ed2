"""What every request passes through: its id, its span, its log line, its one session."""

import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from ipaddress import ip_address, ip_network
from typing import Any

import structlog
from litestar import Request, Response
from litestar.enums import ScopeType
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import bind_contextvars, clear_contextvars

from lsos.core.clock import new_id
from lsos.core.db.database import Database, Sessions
from lsos.core.errors import Invalid, Malformed, Unsupported
from lsos.core.http import idempotency
from lsos.core.http.faults import check_query
from lsos.core.http.principal import Principal
from lsos.core.metrics.metrics import API_REQUEST, Metrics, route_class

log = structlog.get_logger(__name__)
tracer = trace.get_tracer("lsos.api")

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_IDEMPOTENCY = "lsos.idempotency"
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]
JSON_TYPES = re.compile(r"application/([\w.-]+\+)?json", re.IGNORECASE)

OpenSession = Callable[[Principal], AbstractAsyncContextManager[AsyncSession]]
"""A tenant session that has checked its principal; raises Unauthenticated."""


class RequestMiddleware:
    """Outermost: gives the request its id, opens its span; stamps, counts and logs the answer.

    Its latency ends with the head of the answer: a stream is no slow request.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, prefix: str, *, is_traced: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._prefix = prefix
        self._is_traced = is_traced

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        given, parent = b"", b""
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                given = value
            elif name == b"traceparent":
                parent = value
        request_id = given if REQUEST_ID.fullmatch(given) else new_id().hex.encode()
        clear_contextvars()
        bind_contextvars(request_id=request_id.decode())
        if not self._is_traced and not parent:  # a span that nobody takes still costs
            await self._answer(scope, receive, send, request_id, trace.INVALID_SPAN)
            return
        with tracer.start_as_current_span(
            f"{scope['method']} {scope['path'][:200]}",
            context=propagate.extract({"traceparent": parent.decode("latin-1")}),
            kind=SpanKind.SERVER,
        ) as span:
            await self._answer(scope, receive, send, request_id, span)

    async def _answer(
        self, scope: HTTPScope, receive: Receive, send: Send, request_id: bytes, span: Span
    ) -> None:
        status = 500
        started = time.perf_counter()

        async def stamped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._count(scope, status, started)
                message["headers"] = [
                    *message["headers"],
                    *SECURITY_HEADERS,
                    (b"x-request-id", request_id),
                ]
            await send(message)

        try:
            await self._app(scope, receive, stamped)
        except Exception:
            self._count(scope, status, started)
            raise
        finally:
            span.set_attribute("http.response.status_code", status)
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"][:500],
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )

    def _count(self, scope: Scope, status: int, started: float) -> None:
        route = route_class(scope.get("path_template"), self._prefix)
        ms = (time.perf_counter() - started) * 1000
        self._metrics.observe(API_REQUEST, f"{route}:{status // 100}xx", ms)


class KeepAnswer:
    """Stores the answer of a request whose Idempotency-Key its session took."""

    def __init__(self, app: ASGIApp, db: Database) -> None:
        self._app = app
        self._db = db

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "POST":  # nothing else takes a key
            await self._app(scope, receive, send)
            return
        answer: dict[str, Any] = {"status": 0, "body": b"", "location": None}

        async def kept(message: Message) -> None:
            taken = scope["state"].get(_IDEMPOTENCY)
            if taken is None:
                pass  # a stream may be endless: only what will be stored is gathered
            elif message["type"] == "http.response.start":
                answer["status"] = message["status"]
                headers = dict(message["headers"])
                answer["location"] = headers.get(b"location", b"").decode("latin-1") or None
            elif message["type"] == "http.response.body":
                answer["body"] += message["body"]
                if not message.get("more_body") and answer["status"] < 300:
                    await self._store(taken, idempotency.Stored(**answer))
            await send(message)

        await self._app(scope, receive, kept)

    async def _store(self, taken: tuple[Principal, bytes], stored: idempotency.Stored) -> None:
        principal, print_ = taken
        try:
            await idempotency.keep_answer(self._db, principal.tenant_id, print_, stored)
        except Exception as error:  # noqa: BLE001 -- the effect stands; a repeat is told so
            log.warning("answer_not_kept", error=type(error).__name__)


def session_provider(
    open_session: OpenSession,
) -> Callable[[Request[Any, Any, Any]], AsyncIterator[AsyncSession]]:
    """The one generator dependency: a tenant session that has checked its principal.

    Litestar resumes it before the answer is sent, so an answer means that the commit succeeded.
    """

    async def provide_session(request: Request[Any, Any, Any]) -> AsyncIterator[AsyncSession]:
        principal: Principal = request.user
        bind_contextvars(tenant=str(principal.tenant_id))
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key is None:
            async with open_session(principal) as session:
                yield session
            return
        body = await request.body()
        async with open_session(principal) as session:
            route = request.scope["path"]
            print_ = idempotency.fingerprint(principal.tenant_id, principal.user_id, route, key)
            is_kept = not request.route_handler.opt.get("shows_secret")
            await idempotency.take(session, principal.tenant_id, print_, body, is_kept=is_kept)
            if is_kept:
                request.scope["state"][_IDEMPOTENCY] = (principal, print_)
            try:
                yield session
            except BaseException:
                request.scope["state"].pop(_IDEMPOTENCY, None)
                raise

    return provide_session


def sessions_provider(open_session: OpenSession) -> Callable[[Request[Any, Any, Any]], Sessions]:
    """Sessions of streams and downloads: each one checks the principal anew."""

    def provide_sessions(request: Request[Any, Any, Any]) -> Sessions:
        principal: Principal = request.user

        def open_checked() -> AbstractAsyncContextManager[AsyncSession]:
            return open_session(principal)

        return open_checked

    return provide_sessions


async def check_request(request: Request[Any, Any, Any]) -> Response[None] | None:
    """Refuse what no handler can use, before anything is read or stored; answer OPTIONS."""
    if request.method == "OPTIONS":
        return Response(None, status_code=204, headers={"Allow": _allowed(request.scope)})
    if b"%00" in request.scope.get("raw_path", b"") or b"%00" in request.scope["query_string"]:
        raise Invalid("a NUL character is not allowed", code="nul_character")
    check_query(request)
    if request.method in ("POST", "PUT", "PATCH") and (body := await request.body()):
        _check_type(request.headers)
        _check_text(body)
    return None


def _check_text(body: bytes) -> None:
    # PostgreSQL stores no NUL.
    if b"\x00" in body or _NUL_ESCAPE.search(body):
        raise Invalid("a NUL character is not allowed", code="nul_character")
    try:
        body.decode()
    except UnicodeDecodeError:
        raise Malformed("the body is no valid UTF-8") from None


def _allowed(scope: Scope) -> str:
    """All methods of the path; Litestar's own answer knows those of one handler only."""
    routes = scope["litestar_app"].routes
    same = [r for r in routes if r.path_format == scope["path_template"]]
    return ", ".join(sorted({m for r in same if isinstance(r, HTTPRoute) for m in r.methods}))


def _check_type(headers: Mapping[str, str]) -> None:
    """RFC 9110 section 15.5.16: a body in another coding or format is refused, not guessed at."""
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Unsupported("send the body without Content-Encoding", code="encoding_unsupported")
    declared = headers.get("content-type", "application/json").partition(";")[0].strip()
    if not JSON_TYPES.fullmatch(declared):
        raise Unsupported("send the body as application/json")


def client_address(scope: Scope, trusted: tuple[str, ...]) -> str:
    """The caller's address; X-Forwarded-For counts only as far as trusted proxies wrote it."""
    client = scope.get("client")
    address = client[0] if client else "unknown"
    forwarded = [
        part.strip()
        for name, value in scope["headers"]
        if name == b"x-forwarded-for"
        for part in value.decode("latin-1").split(",")
    ]
    while forwarded and _is_within(address, trusted):
        candidate = forwarded.pop()
        if not _is_address(candidate):
            break
        address = candidate
    return address


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_within(address: str, networks: tuple[str, ...]) -> bool:
    return _is_address(address) and any(
        ip_address(address) in ip_network(network, strict=False) for network in networks
    )
