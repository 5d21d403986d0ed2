"""create_app(): the one list of controllers, and how requests reach them."""

import asyncio
import gc
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

import structlog
from arq.connections import ArqRedis
from litestar import Litestar, Request, Response, Router
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import (
    ASGIApp,
    ControllerRouterHandler,
    ExceptionHandlersMap,
    Guard,
    Middleware,
)

from lsos.core.db.database import Database
from lsos.core.errors import LsosError, Unauthenticated
from lsos.core.http.envelope import to_response
from lsos.core.http.guard import AuthMiddleware, bearer_token, guard
from lsos.core.http.idempotency import Replay
from lsos.core.http.openapi import DeclareErrors, openapi_config
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
from lsos.core.settings.environment import replaced_variables
from lsos.core.settings.settings import Settings
from lsos.core.storage import open_storage
from lsos.domains.auth import service as auth
from lsos.domains.auth import sessions
from lsos.domains.auth.controller import signing_in, tenants
from lsos.domains.auth.limiter import LoginLimiter
from lsos.domains.authority import controller as authority
from lsos.domains.campaigns import controller as campaigns
from lsos.domains.crawl import controller as crawl
from lsos.domains.dashboard import controller as dashboard
from lsos.domains.entity import controller as entity
from lsos.domains.health import controller as health
from lsos.domains.health.queries import LastJudged
from lsos.domains.intelligence import controller as intelligence
from lsos.domains.jobs import controller as jobs
from lsos.domains.local import controller as local
from lsos.domains.providers import controller as providers
from lsos.domains.rank import controller as rank
from lsos.domains.reference import controller as reference
from lsos.domains.reference.library import Library
from lsos.domains.reports import controller as reports
from lsos.domains.reviews import controller as reviews
from lsos.embedded.installation import resolve_settings
from lsos.registries import BASELINE_STEPS, KNOWN_CODES

MAX_BODY_BYTES = 1_048_576

CONTROLLERS: Sequence[ControllerRouterHandler] = (
    signing_in.AuthController,
    tenants.TenantController,
    tenants.AuditLogController,
    campaigns.CampaignController,
    campaigns.LocationController,
    campaigns.CompetitorController,
    crawl.CrawlController,
    local.LocalController,
    local.LocalRunController,
    reviews.ReviewController,
    reviews.ReviewRunController,
    authority.AuthorityController,
    authority.AuthorityRunController,
    jobs.JobController,
    providers.ProviderController,
    rank.RankController,
    rank.RankRunController,
    health.HealthController,
    entity.EntityController,
    dashboard.DashboardController,
    reports.ReportController,
    reports.ScheduleController,
    reference.ReferenceLibraryController,
    intelligence.IntelligenceController,
    intelligence.RecommendationSummaryController,
)

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


def create_app(settings: Settings | None = None) -> Litestar:
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
    trace_sql(db.engine)
    stopping = asyncio.Event()
    library = Library(settings, KNOWN_CODES)
    metrics = Metrics(is_enabled=settings.metrics_enabled)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        telemetry = Telemetry(settings, service="lsos-api")
        _announce_stop(stopping)
        await library.start(db)
        async with metrics.flushing(db):
            if settings.app_env != "test":  # where one process makes many applications
                # What start-up made stays: looking at it again would hold up requests for 100 ms.
                gc.collect()
                gc.freeze()
            yield
        await db.close()
        await redis.aclose()
        await queue.aclose()
        telemetry.close()

    app = Litestar(
        route_handlers=[
            Router(settings.api_v1_prefix, route_handlers=list(CONTROLLERS)),
            Router("/", route_handlers=[health.scrape], guards=[_may_scrape(settings, db)]),
        ],
        dependencies=_dependencies(settings, db, redis, stopping, library),
        guards=[guard],
        middleware=_middleware(settings, db),
        before_request=check_request,
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[lifespan],
        request_max_body_size=MAX_BODY_BYTES,
        plugins=[DeclareErrors()],
        openapi_config=openapi_config(settings),
        state=State({"db": db, "redis": redis}),
        logging_config=None,
    )
    # Outside Litestar's own exception handling, so that unknown routes are stamped and logged too.
    app.asgi_handler = RequestMiddleware(app.asgi_handler, metrics, settings.api_v1_prefix)
    return app


def _dependencies(
    settings: Settings, db: Database, redis: ArqRedis, stopping: asyncio.Event, library: Library
) -> dict[str, Provide]:
    """What handlers may ask for by name; core.inject names the types."""
    return {
        "db": _constant(db),
        "settings": _constant(settings),
        "limiter": _constant(LoginLimiter(redis)),
        "redis": _constant(redis),
        "baseline_steps": _constant(BASELINE_STEPS),
        "stopping": _constant(stopping),
        "storage": _constant(open_storage(settings)),
        "library": _constant(library),
        "judged": _constant(LastJudged()),
        "sessions": Provide(sessions_provider(db, sessions.admit), sync_to_thread=False),
        "principal": Provide(_principal, sync_to_thread=False),
        "session": Provide(session_provider(db, sessions.admit)),
    }


def _may_scrape(settings: Settings, db: Database) -> Guard:
    """For METRICS_TOKEN, and for whoever else has a token of ours."""

    async def may_scrape(connection: ASGIConnection[Any, Any, Any, Any], _: Any) -> None:
        token, wanted = bearer_token(connection.scope["headers"]), settings.metrics_token
        if wanted and token and secrets.compare_digest(token.encode(), wanted.encode()):
            return
        principal = connection.scope.get("user")
        if not isinstance(principal, Principal):
            raise Unauthenticated("send METRICS_TOKEN, an access token or an API key as a bearer")
        async with db.tenant_session(principal.tenant_id) as session:
            await sessions.admit(session, principal)

    return may_scrape


def _middleware(settings: Settings, db: Database) -> list[Middleware]:
    async def authenticate(token: str) -> Principal:
        return await auth.authenticate(db, settings, token)

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
