"""Reads of reports, their deliveries and schedules; row-level security chooses the tenant."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.db.reads import columns_of
from lsos.core.errors import NotFound
from lsos.core.http.paging import HotList
from lsos.domains.reports.models import Report, ReportDelivery, ReportSchedule


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


REPORTS = HotList(
    select(*columns_of(Report, "snapshot")),
    key=(Report.created_at.desc(), Report.id.desc()),
    filters={
        "campaign_id": Report.campaign_id == bindparam("campaign_id"),
        "state": Report.state == bindparam("state"),
    },
)
"""Newest first, without their snapshots."""


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
