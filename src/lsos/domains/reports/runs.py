"""How the run of a schedule ends: delivered, tried again, or switched off after three retries."""

import random
from collections.abc import Iterable, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.queue.jobs import enqueue
from lsos.core.queue.work import Death
from lsos.domains.reports import policy, queries
from lsos.domains.reports.mail import message_id
from lsos.domains.reports.models import Report, ReportDelivery

log = structlog.get_logger(__name__)

RETRY_S = 60.0
"""Wait before the first retry of a report whose job died."""


async def start(session: AsyncSession, report: Report, delay_s: float = 0.0) -> None:
    """Enqueue the making of a report, which wakes its delivery when it is stored."""
    await enqueue(
        session,
        "reports.generate",
        tenant_id=report.tenant_id,
        campaign_id=report.campaign_id,
        delay_s=delay_s,
        report_id=report.id,
    )


async def wake_delivery(session: AsyncSession, report: Report) -> None:
    """Enqueue the delivery unless it is at work already."""
    await enqueue(
        session,
        "reports.deliver",
        tenant_id=report.tenant_id,
        campaign_id=report.campaign_id,
        dedupe_key=str(report.id),
        report_id=report.id,
    )


def intend(
    session: AsyncSession, report: Report, recipients: Iterable[str], sender: str
) -> Sequence[ReportDelivery]:
    """One row a recipient, committed before any mail server is asked."""
    rows = [
        ReportDelivery(
            tenant_id=report.tenant_id,
            campaign_id=report.campaign_id,
            report_id=report.id,
            recipient=recipient,
            message_id=message_id(report.id, recipient, sender),
            state="intent",
            attempts=0,
            log=[],
        )
        for recipient in recipients
    ]
    session.add_all(rows)
    return rows


async def note_failure(session: AsyncSession, report: Report) -> int | None:
    """Count a failure of the report's schedule: the number of the retry, None for no more."""
    if report.schedule_id is None:
        return None
    schedule = await queries.find_locked_schedule(session, report.tenant_id, report.schedule_id)
    if schedule is None:
        return None
    schedule.retry_count += 1
    schedule.last_status = "failed"
    if schedule.retry_count <= policy.MAX_RETRIES:
        return schedule.retry_count
    schedule.retry_count = policy.MAX_RETRIES
    schedule.last_status = "max_retries_exceeded"
    schedule.is_enabled = False
    schedule.next_due_at = None
    schedule.updated_at = now()
    log.error("report_schedule_disabled", schedule=str(schedule.id), report=str(report.id))
    return None


async def note_delivered(session: AsyncSession, report: Report, status: policy.RunStatus) -> None:
    if report.schedule_id is None:
        return
    schedule = await queries.find_locked_schedule(session, report.tenant_id, report.schedule_id)
    if schedule is not None:
        schedule.retry_count = 0
        schedule.last_status = status


async def making_died(session: AsyncSession, death: Death) -> None:
    """A report could not be made: try the run of a schedule again later, or let it be failed."""
    report_id = death.arguments["report_id"]
    report = await queries.find_report(session, death.tenant_id, report_id, is_locked=True)
    if report is None or report.state in ("stored", "failed"):
        return
    retry = await note_failure(session, report)
    report.reason_code = death.reason_code
    if retry is not None:
        report.state = "queued"
        delay_s = policy.retry_delay_s(retry, RETRY_S, random.random())  # noqa: S311 -- jitter, no secret
        await start(session, report, delay_s)
        return
    report.state, report.finished_at = "failed", now()
    give_up_mails(await queries.list_deliveries(session, report_id), "the report was not made")


async def delivery_died(session: AsyncSession, death: Death) -> None:
    """What may have arrived stays unknown; the rest has failed."""
    report_id = death.arguments["report_id"]
    report = await queries.find_report(session, death.tenant_id, report_id, is_locked=True)
    if report is None:
        return
    rows = await queries.list_deliveries(session, report_id)
    give_up_mails(rows, f"the delivery was given up: {death.reason_code}")
    status = policy.run_status(row.state for row in rows)
    if status == "failed":
        await note_failure(session, report)
    else:
        await note_delivered(session, report, status)


def give_up_mails(rows: Iterable[ReportDelivery], response: str | None = None) -> None:
    """Nobody will be asked again for these."""
    for row in rows:
        if policy.is_open(row.state, row.log):
            # What may have arrived must not be called failed.
            is_unknown = row.state in ("sending", policy.UNKNOWN)
            row.state = policy.UNKNOWN if is_unknown else "failed"
            row.response = row.response or response
