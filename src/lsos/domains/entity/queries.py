"""Reads of entity reports; row-level security chooses the tenant."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.errors import NotFound
from lsos.domains.crawl import queries as crawl_queries
from lsos.domains.entity.models import EntityReport
from lsos.domains.entity.rules import Part, PartName, signals_of
from lsos.signals import Signal


async def find_report(
    session: AsyncSession, tenant_id: UUID, report_id: UUID, *, is_locked: bool = False
) -> EntityReport | None:
    return await session.get(
        EntityReport,
        (tenant_id, report_id),
        with_for_update=is_locked or None,
        populate_existing=is_locked,
    )


async def find_latest_report(session: AsyncSession, campaign_id: UUID) -> EntityReport | None:
    """The newest one that is done."""
    query = (
        select(EntityReport)
        .where(EntityReport.campaign_id == campaign_id, EntityReport.state == "done")
        .order_by(EntityReport.created_at.desc(), EntityReport.id.desc())
        .limit(1)
    )
    return await session.scalar(query)


async def find_score(session: AsyncSession, campaign_id: UUID) -> float | None:
    """Of the newest report that is done; None also when that could not be scored."""
    query = (
        select(EntityReport.score)
        .where(EntityReport.campaign_id == campaign_id, EntityReport.state == "done")
        .order_by(EntityReport.created_at.desc(), EntityReport.id.desc())
        .limit(1)
    )
    return await session.scalar(query)


async def measured_at(session: AsyncSession, campaign_id: UUID) -> datetime | None:
    """When the crawl began that the newest finished analysis is of."""
    report = await find_latest_report(session, campaign_id)
    if report is None or report.crawl_run_id is None:
        return None
    try:
        run = await crawl_queries.get_run(session, report.tenant_id, report.crawl_run_id)
    except NotFound:
        return None
    return run.started_at or run.created_at


async def signals(session: AsyncSession, campaign_id: UUID) -> list[Signal]:
    """What the newest report asks for; empty when there is none."""
    report = await find_latest_report(session, campaign_id)
    if report is None:
        return []
    at = await measured_at(session, campaign_id)
    return signals_of(parts_of(report), at or report.created_at)


def parts_of(report: EntityReport) -> dict[PartName, Part]:
    return msgspec.convert(report.parts or {}, dict[PartName, Part])
