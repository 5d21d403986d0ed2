"""Reads of reports, their deliveries and schedules; row-level security chooses the tenant."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.errors import NotFound
from lsos.core.schema import TimeKey
from lsos.domains.reports.models import Report, ReportDelivery, ReportSchedule
from lsos.domains.reports.policy import ReportState


async def find_report(
    session: AsyncSession, tenant_id: UUID, report_id: UUID, *, is_locked: bool = False
) -> Report | None:
    return await session.get(
        Report,
        (tenant_id, report_id),
        with_for_update={"key_share": True} if is_locked else None,
        populate_existing=is_locked,
    )


async def get_report(
    session: AsyncSession, tenant_id: UUID, report_id: UUID, *, is_locked: bool = False
) -> Report:
    report = await find_report(session, tenant_id, report_id, is_locked=is_locked)
    if report is None:
        raise NotFound("no such report", code="report_not_found")
    return report


async def list_reports(
    session: AsyncSession,
    campaign_id: UUID | None,
    state: ReportState | None,
    before: TimeKey | None,
    limit: int,
) -> Sequence[Report]:
    """Newest first."""
    query = select(Report).order_by(Report.created_at.desc(), Report.id.desc()).limit(limit + 1)
    if campaign_id is not None:
        query = query.where(Report.campaign_id == campaign_id)
    if state is not None:
        query = query.where(Report.state == state)
    if before is not None:
        query = query.where(tuple_(Report.created_at, Report.id) < before)
    return (await session.scalars(query)).all()


async def list_deliveries(session: AsyncSession, report_id: UUID) -> Sequence[ReportDelivery]:
    query = select(ReportDelivery).where(ReportDelivery.report_id == report_id)
    return (await session.scalars(query.order_by(ReportDelivery.id))).all()


async def find_delivery(
    session: AsyncSession, tenant_id: UUID, delivery_id: UUID
) -> ReportDelivery | None:
    """Locked until the transaction ends."""
    return await session.get(
        ReportDelivery, (tenant_id, delivery_id), with_for_update=True, populate_existing=True
    )


async def find_schedule(
    session: AsyncSession, campaign_id: UUID, *, is_locked: bool = False
) -> ReportSchedule | None:
    query = select(ReportSchedule).where(ReportSchedule.campaign_id == campaign_id)
    if is_locked:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(query)).one_or_none()


async def find_locked_schedule(
    session: AsyncSession, tenant_id: UUID, schedule_id: UUID
) -> ReportSchedule | None:
    return await session.get(
        ReportSchedule, (tenant_id, schedule_id), with_for_update=True, populate_existing=True
    )


async def status_summary(session: AsyncSession, campaign_id: UUID) -> dict[str, object] | None:
    """For the dashboard: reports by state, the newest one, and the schedule; None without any."""
    states = await session.execute(
        select(Report.state, func.count())
        .where(Report.campaign_id == campaign_id)
        .group_by(Report.state)
    )
    counts: dict[str, int] = {row[0]: row[1] for row in states}
    schedule = await find_schedule(session, campaign_id)
    if not counts and schedule is None:
        return None
    newest = (
        await session.scalars(
            select(Report)
            .where(Report.campaign_id == campaign_id)
            .order_by(Report.created_at.desc(), Report.id.desc())
            .limit(1)
        )
    ).one_or_none()
    deliveries: dict[str, int] = {}
    if newest is not None:
        outcomes = await session.execute(
            select(ReportDelivery.state, func.count())
            .where(ReportDelivery.report_id == newest.id)
            .group_by(ReportDelivery.state)
        )
        deliveries = {row[0]: row[1] for row in outcomes}
    return {
        "total_count": sum(counts.values()),
        "counts_by_state": counts,
        "latest": None
        if newest is None
        else {
            "id": newest.id,
            "state": newest.state,
            "reason_code": newest.reason_code,
            "created_at": newest.created_at,
            "finished_at": newest.finished_at,
            "deliveries_by_state": deliveries,
        },
        "schedule": None
        if schedule is None
        else {
            "cadence": schedule.cadence,
            "is_enabled": schedule.is_enabled,
            "next_due_at": schedule.next_due_at,
            "last_due_at": schedule.last_due_at,
            "last_status": schedule.last_status,
            "retry_count": schedule.retry_count,
        },
    }
