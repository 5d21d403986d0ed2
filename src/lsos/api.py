"""create_app(): assembles the routes of all rooms and the request pipeline."""

import asyncio
import gc
import secrets
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from types import FrameType
from typing import Any

import structlog
from litestar import Litestar, Request, Response, Router
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import (
    ASGIApp,
    ExceptionHandlersMap,
    Guard,
    Middleware,
)

from lsos.core.db.database import Database
from lsos.core.errors import LsosError, Unauthenticated
from lsos.core.http.access import Access
from lsos.core.http.described import DescribeStructs
from lsos.core.http.envelope import to_response
from lsos.core.http.faults import KnowParameters
from lsos.core.http.guard import AuthMiddleware, bearer_token, guard
from lsos.core.http.idempotency import Replay
from lsos.core.http.inject import ResolveInOrder
from lsos.core.http.openapi import DescribeRoutes, openapi_config
from lsos.core.http.principal import Principal
from lsos.core.http.request import (
    KeepAnswer,
    RequestMiddleware,
    check_request,
    session_provider,
    sessions_provider,
)
from lsos.core.metrics.metrics import Metrics
from lsos.core.observability import log as logs
from lsos.core.observability.telemetry import Telemetry, trace_sql
from lsos.core.queue.notifier import Notifier
from lsos.core.redis.client import client
from lsos.core.resources import Resources, storage
from lsos.core.settings.environment import replaced_variables
from lsos.core.settings.settings import Settings
from lsos.domains.auth import service as auth
from lsos.domains.auth import sessions
from lsos.domains.health import controller as health
from lsos.embedded.installation import resolve_settings
from lsos.room import Joints
from lsos.rooms import JOINTS

MAX_BODY_BYTES = 1_048_576

log = structlog.get_logger(__name__)


def _replay(_: Request[Any, Any, Any], replay: Replay) -> Response[bytes]:
    stored = replay.stored
    headers = {"Idempotent-Replayed": "true"}
    if stored.location:
        headers["Location"] = stored.location
    return Response(
        stored.body, status_code=stored.status, headers=headers, media_type="application/json"
    )


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    Replay: _replay,
    LsosError: to_response,
    HTTPException: to_response,
    Exception: to_response,
}


def create_app(settings: Settings | None = None, rooms: Joints = JOINTS) -> Litestar:
    """The ASGI application: `uvicorn --factory lsos.api:create_app`."""
    try:
        settings = settings or resolve_settings()
    except LsosError as error:
        raise SystemExit(error.message) from None
    logs.configure(settings.log_level, secrets=settings.secrets)
    for warning in replaced_variables():
        log.warning("setting_replaced", hint=warning)
    redis = client(settings.redis_url)
    queue = client(settings.arq_redis_url)
    db = Database.of(settings, application_name="lsos-api", pusher=Notifier(queue))
    if settings.otel_exporter_endpoint:
        trace_sql(db.engine)
    stopping = asyncio.Event()
    resources = Resources(settings, redis, db)
    metrics = Metrics(is_enabled=settings.metrics_enabled)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        telemetry = Telemetry(settings, service="lsos-api")
        _announce_stop(stopping)
        await rooms.start(resources)
        async with resources, metrics.flushing(db):
            if settings.app_env != "test":  # where one process creates many applications
                # Objects from start-up stay: collecting them again would block requests for 100 ms.
                gc.collect()
                gc.freeze()
            yield
        await db.close()
        await redis.aclose()
        await queue.aclose()
        telemetry.close()

    app = Litestar(
        route_handlers=[
            Router(settings.api_v1_prefix, route_handlers=rooms.controllers()),
            Router("/", route_handlers=[health.scrape], guards=[_may_scrape(settings, db)]),
        ],
        dependencies=_dependencies(resources, stopping, rooms),
        guards=[guard],
        middleware=_middleware(settings, db, rooms.access),
        before_request=check_request,
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[lifespan],
        request_max_body_size=MAX_BODY_BYTES,
        plugins=[KnowParameters(), DescribeRoutes(), DescribeStructs(), ResolveInOrder()],
        openapi_config=openapi_config(settings),
        state=State({"db": db, "redis": redis}),
        logging_config=None,
    )
    # Outside Litestar's own exception handling, so that unknown routes are stamped and logged too.
    app.asgi_handler = RequestMiddleware(
        app.asgi_handler,
        metrics,
        settings.api_v1_prefix,
        is_traced=bool(settings.otel_exporter_endpoint),
    )
    return app


def _dependencies(
    resources: Resources, stopping: asyncio.Event, rooms: Joints
) -> dict[str, Provide]:
    """The dependencies of handlers by name; core.http.inject has the types."""
    db = resources.db
    admitted = partial(sessions.admitted_session, db)
    return {
        "db": _constant(db),
        "settings": _constant(resources.settings),
        "redis": _constant(resources.redis),
        "stopping": _constant(stopping),
        "access": _constant(rooms.access),
        "baseline_steps": _constant(rooms.baseline),
        "storage": _made(resources, storage),
        **{name: _made(resources, make) for name, make in rooms.provides.items()},
        "sessions": Provide(sessions_provider(admitted), sync_to_thread=False),
        "principal": Provide(_principal, sync_to_thread=False),
        "session": Provide(session_provider(admitted)),
    }


def _may_scrape(settings: Settings, db: Database) -> Guard:
    """Readable with METRICS_TOKEN, or with any LSOS token."""

    async def may_scrape(connection: ASGIConnection[Any, Any, Any, Any], _: Any) -> None:
        token, wanted = bearer_token(connection.scope["headers"]), settings.metrics_token
        if wanted and token and secrets.compare_digest(token.encode(), wanted.encode()):
            return
        principal = connection.scope.get("user")
        if not isinstance(principal, Principal):
            raise Unauthenticated("send METRICS_TOKEN, an access token or an API key as a bearer")
        async with sessions.admitted_session(db, principal):
            pass

    return may_scrape


def _middleware(settings: Settings, db: Database, access: Access) -> list[Middleware]:
    async def authenticate(token: str) -> Principal:
        return await auth.authenticate(db, settings, access, token)

    def authenticated(app: ASGIApp) -> ASGIApp:
        return AuthMiddleware(app, authenticate)

    def keeping(app: ASGIApp) -> ASGIApp:
        return KeepAnswer(app, db)

    return [keeping, authenticated]


def _announce_stop(stopping: asyncio.Event) -> None:
    """Set the event at SIGTERM and SIGINT, before uvicorn waits for open streams to end."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(name)
        if not callable(before) or before is signal.default_int_handler:
            continue

        def chained(
            number: int, frame: FrameType | None, before: Callable[..., object] = before
        ) -> None:
            loop.call_soon_threadsafe(stopping.set)
            before(number, frame)

        signal.signal(name, chained)


def _principal(request: Request[Any, Any, Any]) -> Principal:
    principal: Principal = request.user
    return principal


def _constant(value: object) -> Provide:
    def provide() -> Any:
        return value

    return Provide(provide, sync_to_thread=False, use_cache=True)


def _made(resources: Resources, make: Callable[[Resources], object]) -> Provide:
    """A shared object of the process, created when a handler first needs it."""

    def provide() -> Any:
        return resources.get(make)

    return Provide(provide, sync_to_thread=False, use_cache=True)
