"""Use cases of measurements: order a run of any kind, price it, cancel it."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.core.db import audit_log
from lsos.core.errors import Conflict
from lsos.core.http.principal import Principal
from lsos.core.queue.jobs import enqueue
from lsos.core.redis.client import DEFAULT_QUEUE
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.measuring import progress, queries, rules
from lsos.domains.measuring.bodies import Estimate
from lsos.domains.measuring.kind import AnyKind
from lsos.domains.measuring.models import Measurement
from lsos.domains.measuring.rules import Run

ESTIMATE_BATCH = 1_000


class Order(NamedTuple):
    """What is wanted."""

    kind: AnyKind
    campaign_id: UUID
    source: str
    scope: Mapping[str, str] = {}


async def order(session: AsyncSession, principal: Principal, wanted: Order) -> tuple[Run, UUID]:
    """A queued run and its job; Conflict while one of the same scope is open."""
    kind, tenant_id = wanted.kind, principal.tenant_id
    await _admit(session, tenant_id, wanted.campaign_id)
    running = await queries.find_open(session, wanted.campaign_id, kind.name, wanted.scope)
    if running is not None:
        raise kind.under_way(running)
    row = _new(wanted, tenant_id, principal.user_id)
    await kind.refuse(session, queries.run_of(row))
    return await _queue(session, kind, row)


async def estimate(session: AsyncSession, principal: Principal, wanted: Order) -> Estimate:
    """What a run would ask for now; refused where the order would be."""
    kind, source = wanted.kind, wanted.source
    await _admit(session, principal.tenant_id, wanted.campaign_id)
    run = queries.run_of(_new(wanted, principal.tenant_id, None))
    await kind.refuse(session, run)
    count = least = most = 0
    after: str | None = None
    while units := await kind.units(session, run, after, ESTIMATE_BATCH):
        after = kind.key(units[-1])
        prices = [kind.price(unit, source) for unit in units]
        count += len(units)
        least += sum(price.least for price in prices)
        most += sum(price.most for price in prices)
    return Estimate(source=source, units=count, provider_calls=least, provider_calls_at_most=most)


async def start_baseline(
    session: AsyncSession,
    kind: AnyKind,
    tenant_id: UUID,
    campaign_id: UUID,
    source: str,
    queue: str = DEFAULT_QUEUE,
) -> Run | None:
    """The run of a campaign's baseline, or the open one: its end is the end of the step.

    None when there is nothing to measure, which skips the step.
    """
    await campaign_queries.get_locked_campaign(session, tenant_id, campaign_id)
    running = await queries.find_open(session, campaign_id, kind.name, {})
    if running is not None:
        return running
    row = _new(Order(kind, campaign_id, source), tenant_id, None)
    if not await kind.count(session, queries.run_of(row)):
        await progress.finish_step(
            session, kind, tenant_id, campaign_id, kind.nothing, is_skipped=True
        )
        return None
    run, _ = await _queue(session, kind, row, queue)
    return run


async def cancel(session: AsyncSession, principal: Principal, kind: AnyKind, run_id: UUID) -> Run:
    """Stop a run: within a second no other unit is asked for; answers under way are kept."""
    row = await queries.get_row(session, principal.tenant_id, run_id, kind.name, is_locked=True)
    if row.state == "cancelled":
        return queries.run_of(row)
    if row.state not in rules.OPEN_STATES:
        raise Conflict(
            f"a run that is {row.state} can't be cancelled",
            code="illegal_transition",
            detail={"from": row.state, "to": "cancelled"},
        )
    await progress.end(session, kind, row, rules.reason_of(rules.CANCELLED), state="cancelled")
    audit_log.record(
        session,
        tenant_id=row.tenant_id,
        actor_id=principal.user_id,
        action=f"{kind.name}.cancelled",
        target=row.id,
    )
    return queries.run_of(row)


async def _admit(session: AsyncSession, tenant_id: UUID, campaign_id: UUID) -> None:
    """The lock makes two orders for one campaign take turns."""
    campaign = await campaign_queries.get_locked_campaign(session, tenant_id, campaign_id)
    if campaign.setup_state == "Archived":
        raise Conflict("an archived campaign is not measured", code="campaign_archived")


def _new(wanted: Order, tenant_id: UUID, requested_by: UUID | None) -> Measurement:
    at = now()
    return Measurement(
        tenant_id=tenant_id,
        id=new_id(),
        campaign_id=wanted.campaign_id,
        kind=wanted.kind.name,
        scope=dict(wanted.scope),
        state="queued",
        source=wanted.source,
        day=at.date(),
        ahead=[],
        total=0,
        done=0,
        counts={},
        calls=0,
        requested_by=requested_by,
        created_at=at,
    )


async def _queue(
    session: AsyncSession, kind: AnyKind, row: Measurement, queue: str = DEFAULT_QUEUE
) -> tuple[Run, UUID]:
    session.add(row)
    await session.flush()
    job_id = await enqueue(
        session,
        kind.task,
        tenant_id=row.tenant_id,
        campaign_id=row.campaign_id,
        queue=queue,
        run_id=row.id,
    )
    assert job_id is not None  # without a dedupe key
    return queries.run_of(row), job_id
