"""The tick: starts what schedules are due for, once each, however many workers ask at once."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError

import structlog
from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.cadence import Cadence, next_run
from lsos.core.clock import new_id, now
from lsos.core.db.database import Database
from lsos.core.db.system import system_session
from lsos.core.errors import NotFound
from lsos.domains.auth import queries as auth_queries
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.reports import runs
from lsos.domains.reports.models import Report, ReportDelivery, ReportSchedule

log = structlog.get_logger(__name__)

BATCH = 50
FORGOTTEN_S = 60
RESTING = frozenset({"Paused", "Archived"})
"""Setup states of campaigns whose reports nobody waits for."""


async def tick(db: Database, *, sender: str, at: datetime | None = None) -> dict[str, object]:
    """Start all due schedules, each for one report, and wake deliveries that nobody runs.

    A row that another worker's tick holds is skipped: it is being started there.
    """
    at = at or now()
    found = started = 0
    while True:
        async with system_session(db) as session:
            due = await session.scalars(
                select(ReportSchedule)
                .where(ReportSchedule.is_enabled, ReportSchedule.next_due_at <= at)
                .order_by(ReportSchedule.next_due_at)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            )
            rows = due.all()
            for schedule in rows:
                started += await _start(session, schedule, at, sender)
        found += len(rows)
        if len(rows) < BATCH:
            break
    return {"due": found, "started": started, "woken": await _wake_forgotten(db, at)}


async def _start(
    session: AsyncSession, schedule: ReportSchedule, at: datetime, sender: str
) -> bool:
    due_at = schedule.next_due_at
    assert due_at is not None
    try:
        # From the present time on: what was missed while nobody ticked counts as this one run.
        schedule.next_due_at = next_run(_cadence(schedule), max(at, due_at))
    except (ZoneInfoNotFoundError, ValueError):
        log.exception("report_schedule_unusable", schedule=str(schedule.id))
        schedule.is_enabled, schedule.next_due_at, schedule.last_status = False, None, "failed"
        return False
    schedule.last_due_at = due_at
    if not await _is_at_work(session, schedule):
        return False
    values = {
        "id": new_id(),
        "tenant_id": schedule.tenant_id,
        "campaign_id": schedule.campaign_id,
        "schedule_id": schedule.id,
        "due_at": due_at,
        "state": "queued",
        "sections": schedule.sections,
        "artifacts": {},
        "attempts": 0,
    }
    statement = insert(Report).values(values).on_conflict_do_nothing().returning(Report)
    report = (await session.scalars(statement)).one_or_none()
    if report is None:  # the clock went back, or the schedule was set to the same time again
        return False
    runs.intend(session, report, schedule.recipients, sender)
    await session.flush()
    await runs.start(session, report)
    return True


async def _is_at_work(session: AsyncSession, schedule: ReportSchedule) -> bool:
    tenant_id = schedule.tenant_id
    try:
        campaign = await campaign_queries.get_campaign(session, tenant_id, schedule.campaign_id)
        tenant = await auth_queries.get_tenant(session, tenant_id)
    except NotFound:
        return False
    return tenant.is_active and campaign.setup_state not in RESTING


async def _wake_forgotten(db: Database, at: datetime) -> int:
    """A recipient who was added in the moment in which a delivery ended."""
    async with system_session(db) as session:
        intended = exists().where(
            ReportDelivery.tenant_id == Report.tenant_id,
            ReportDelivery.report_id == Report.id,
            ReportDelivery.state == "intent",
        )
        waiting = await session.scalars(
            select(Report)
            .where(
                intended,
                Report.state == "stored",
                Report.finished_at < at - timedelta(seconds=FORGOTTEN_S),
            )
            .limit(BATCH)
        )
        reports = waiting.all()
        for report in reports:
            await runs.wake_delivery(session, report)
    return len(reports)


def _cadence(schedule: ReportSchedule) -> Cadence:
    return Cadence(
        schedule.cadence,  # type: ignore[arg-type]  # the table's check allows no other
        schedule.local_time,
        schedule.timezone,
        schedule.weekday,
        schedule.day_of_month,
    )
