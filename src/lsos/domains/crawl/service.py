"""Use cases of a crawl: schedule, cancel, hand over to the audit, end."""

from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.site import Place, SiteContext
from lsos.core.clock import new_id, now
from lsos.core.db import audit_log
from lsos.core.errors import Conflict, Invalid, NotFound, TooMany
from lsos.core.http.principal import Principal
from lsos.core.http.wording import given
from lsos.core.outbound.policy import OutboundPolicy
from lsos.core.queue.jobs import enqueue
from lsos.core.redis.client import DEFAULT_QUEUE
from lsos.core.settings.settings import Settings
from lsos.domains.auth import queries as auth_queries
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns import service as campaigns
from lsos.domains.crawl import queries
from lsos.domains.crawl.dispatch import wake_dispatcher
from lsos.domains.crawl.models import CrawlPage, CrawlRun
from lsos.domains.crawl.rules import (
    JUDGE,
    MAX_QUEUED_RUNS,
    OPEN_STATES,
    RunSettings,
    end_state,
)
from lsos.domains.crawl.schemas import CrawlSchedule
from lsos.web.urls import (
    Scope,
    host_of,
    is_private_name_or_address,
    normalise,
    registrable_domain,
)

BASELINE_STEP = "crawl"
MAX_PLACES = 5_000


async def schedule(
    session: AsyncSession, settings: Settings, principal: Principal, body: CrawlSchedule
) -> CrawlRun:
    """A queued run within the tenant's caps; it starts when a permit is free."""
    campaign = await campaign_queries.get_campaign(session, principal.tenant_id, body.campaign_id)
    if campaign.setup_state == "Archived":
        raise Conflict("an archived campaign is not crawled", code="campaign_archived")
    tenant = await auth_queries.get_tenant(session, principal.tenant_id)
    cap = tenant.max_pages_per_run or settings.crawl_max_pages_per_run
    if body.max_pages is not None and body.max_pages > cap:
        raise Invalid(
            f"{body.max_pages} is more than the {cap} pages allowed per run",
            field="max_pages",
            detail={"max": cap},
        )
    least = settings.crawl_min_request_interval_seconds
    interval_s = least if body.min_interval_s is None else max(least, body.min_interval_s)
    start_url = check_start_url(
        body.start_url or campaign.site_url,
        OutboundPolicy.from_settings(settings),
        field="start_url",
    )
    run_settings = msgspec.structs.replace(
        default_settings(settings, start_url, cap),
        mode=body.mode,
        max_pages=body.max_pages or cap,
        max_depth=body.max_depth,
        include=body.include,
        exclude=body.exclude,
        subdomains=body.subdomains,
        drop_tracking=body.drop_tracking,
        use_sitemaps=body.use_sitemaps,
        min_interval_s=interval_s,
    )
    return await queue_run(
        session,
        tenant_id=principal.tenant_id,
        campaign_id=campaign.id,
        settings=run_settings,
        requested_by=principal.user_id,
    )


async def schedule_baseline(
    session: AsyncSession, settings: Settings, tenant_id: UUID, campaign_id: UUID
) -> CrawlRun:
    """A deep run of the campaign's site with the installation's settings."""
    campaign = await campaign_queries.get_campaign(session, tenant_id, campaign_id)
    tenant = await auth_queries.get_tenant(session, tenant_id)
    start_url = check_start_url(
        campaign.site_url, OutboundPolicy.from_settings(settings), field="site_url"
    )
    cap = tenant.max_pages_per_run or settings.crawl_max_pages_per_run
    return await queue_run(
        session,
        tenant_id=tenant_id,
        campaign_id=campaign_id,
        settings=default_settings(settings, start_url, cap),
        requested_by=None,
    )


async def fail_baseline(
    session: AsyncSession, tenant_id: UUID, campaign_id: UUID | None, reason_code: str
) -> None:
    """The baseline's crawl could not even be queued."""
    if campaign_id is not None:
        await campaigns.finish_step(session, tenant_id, campaign_id, BASELINE_STEP, reason_code)


def default_settings(settings: Settings, start_url: str, max_pages: int) -> RunSettings:
    """A run as the installation does it."""
    return RunSettings(
        start_url=start_url,
        max_pages=max_pages,
        user_agent=settings.crawl_user_agent,
        min_interval_s=settings.crawl_min_request_interval_seconds,
        timeout_s=settings.crawl_timeout_seconds,
        concurrency=settings.crawl_concurrency,
        batch_size=settings.crawl_frontier_batch_size,
    )


async def queue_run(
    session: AsyncSession,
    *,
    tenant_id: UUID,
    campaign_id: UUID,
    settings: RunSettings,
    requested_by: UUID | None,
    queue: str = DEFAULT_QUEUE,
) -> CrawlRun:
    """Insert the run and wake the dispatcher; TooMany when the backlog is absurd."""
    try:
        Scope.of(settings.start_url, settings.include, settings.exclude, settings.subdomains)
    except ValueError as error:
        raise Invalid(str(error), field="include") from error
    if await queries.count_open_runs(session) >= MAX_QUEUED_RUNS:
        raise TooMany(
            f"{MAX_QUEUED_RUNS} runs are waiting already", code="backlog_full", retry_after_s=60
        )
    previous = await queries.find_latest_scored_run(session, campaign_id)
    run = CrawlRun(
        tenant_id=tenant_id,
        id=new_id(),
        campaign_id=campaign_id,
        settings=msgspec.to_builtins(settings),
        previous_run_id=previous.id if previous else None,
        queue=queue,
        requested_by=requested_by,
    )
    session.add(run)
    await session.flush()
    await session.refresh(run)
    await wake_dispatcher(session, tenant_id, queue)
    return run


def check_start_url(url: str, policy: OutboundPolicy, *, field: str) -> str:
    """The normalised URL; Invalid unless it is http(s) and may be requested."""
    return policy.check(normalise(url) or "", field=field, given=given(url)).url


async def site_context(session: AsyncSession, run: CrawlRun, start_url: str) -> SiteContext:
    """What checks may know of the site and its business."""
    campaign = await campaign_queries.get_campaign(session, run.tenant_id, run.campaign_id)
    locations = await campaign_queries.list_locations(session, run.campaign_id, None, MAX_PLACES)
    host = host_of(start_url)
    return SiteContext(
        start_url=start_url,
        host=host,
        domain=registrable_domain(host),
        is_private_host=is_private_name_or_address(host),
        business_name=campaign.business_name,
        places=tuple(
            Place(
                name=place.name,
                phone=place.phone,
                street=place.street,
                city=place.city,
                postcode=place.postcode,
                region=place.region,
                country=place.country,
                landing_url=normalise(place.landing_url) or "",
            )
            for place in locations
        ),
    )


async def cancel(session: AsyncSession, principal: Principal, run_id: UUID) -> CrawlRun:
    """Stop a run: waiting ones never start, slices of a working one end within a second."""
    run = await _lock_run(session, principal.tenant_id, run_id)
    if run.state == "cancelled":
        return run
    if run.state not in OPEN_STATES:
        raise Conflict(
            f"a run that is {run.state} can't be cancelled",
            code="illegal_transition",
            detail={"from": run.state, "to": "cancelled"},
        )
    await _end(session, run, "cancelled", reason_code="cancelled_by_user")
    audit_log.record(
        session,
        tenant_id=run.tenant_id,
        actor_id=principal.user_id,
        action="crawl.cancelled",
        target=run.id,
    )
    return run


async def fail(session: AsyncSession, tenant_id: UUID, run_id: UUID, reason_code: str) -> None:
    """A job of the run is dead: the run has failed, with what it has measured kept."""
    run = await session.get(CrawlRun, (tenant_id, run_id), with_for_update=True)
    if run is not None and run.state in OPEN_STATES:
        await _end(session, run, "failed", reason_code=reason_code)


async def end_fetching(session: AsyncSession, run: CrawlRun) -> None:
    """The frontier of a run is empty: have it judged. Safe to repeat."""
    await session.execute(
        update(CrawlRun)
        .where(CrawlRun.id == run.id, CrawlRun.state == "running")
        .values(phase="analysing", is_cut_off=await queries.has_unasked_urls(session, run.id))
    )
    await enqueue(
        session,
        JUDGE,
        tenant_id=run.tenant_id,
        campaign_id=run.campaign_id,
        queue=run.queue,
        dedupe_key=str(run.id),
        run_id=run.id,
    )


async def lock_for_verdict(session: AsyncSession, tenant_id: UUID, run_id: UUID) -> CrawlRun | None:
    """The run, locked until the transaction ends; None when it is not waiting to be judged."""
    run = await _lock_run(session, tenant_id, run_id)
    return run if run.state == "running" and run.phase == "analysing" else None


class Verdict(NamedTuple):
    """What the audit says of a run."""

    technical_score: float | None
    score: dict[str, object]
    """Formula, inputs and denominator."""
    issue_counts: dict[str, object]
    """Findings by severity."""


async def complete(session: AsyncSession, run: CrawlRun, verdict: Verdict) -> None:
    """End a locked run with its verdict."""
    run.technical_score, run.score, run.issue_counts = verdict
    responses = await session.scalar(
        select(func.count())
        .select_from(CrawlPage)
        .where(CrawlPage.run_id == run.id, CrawlPage.status > 0)
    )
    state = end_state(responses=responses or 0, unmeasured=run.unmeasured)
    error = None
    if state == "failed":
        error = await session.scalar(
            select(CrawlPage.error).where(CrawlPage.run_id == run.id).limit(1)
        )
    await _end(session, run, state, reason_code=f"start_{error}" if error else None)


async def _end(
    session: AsyncSession, run: CrawlRun, state: str, *, reason_code: str | None
) -> None:
    run.state, run.phase, run.finished_at, run.reason_code = state, "ended", now(), reason_code
    await session.flush()
    await session.execute(
        text("delete from crawl_todo where tenant_id = :t and run_id = :r"),
        {"t": run.tenant_id, "r": run.id},
    )
    if state != "cancelled" or reason_code:
        failed = reason_code if state in ("failed", "cancelled") else None
        await campaigns.finish_step(session, run.tenant_id, run.campaign_id, BASELINE_STEP, failed)
    await wake_dispatcher(session, run.tenant_id, run.queue)


async def _lock_run(session: AsyncSession, tenant_id: UUID, run_id: UUID) -> CrawlRun:
    run = await session.get(
        CrawlRun, (tenant_id, run_id), with_for_update=True, populate_existing=True
    )
    if run is None:
        raise NotFound("no such crawl run", code="crawl_run_not_found")
    return run
