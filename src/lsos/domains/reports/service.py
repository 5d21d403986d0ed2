"""Use cases of reports: order one, mail one, set the schedule of a campaign."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core import cadence
from lsos.core.clock import new_id, now
from lsos.core.db import audit_log
from lsos.core.errors import Conflict, Invalid, NotFound
from lsos.core.http.principal import Principal
from lsos.core.http.wording import given
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.reports import policy, queries, runs
from lsos.domains.reports.models import Report, ReportSchedule
from lsos.domains.reports.rules import SECTIONS, chosen
from lsos.domains.reports.schemas import ReportCreate, ScheduleSet


def clean_sections(asked: Sequence[str]) -> list[str]:
    """Known sections in the order asked for, all when none were; Invalid names the unknown."""
    if unknown := sorted(set(asked) - set(SECTIONS)):
        raise Invalid(
            f"{given(unknown[0])} is not one of {', '.join(SECTIONS)}",
            field="sections",
            code="section_unknown",
            detail={"sections": list(SECTIONS)},
        )
    return chosen(list(asked))


async def order(
    session: AsyncSession, principal: Principal, body: ReportCreate, *, sender: str
) -> Report:
    """Enqueue the making of a report, and its mails for when it is stored."""
    sections = clean_sections(body.sections)
    recipients = policy.clean_recipients(body.recipients, is_needed=False)
    await campaign_queries.get_campaign(session, principal.tenant_id, body.campaign_id)
    report = Report(
        id=new_id(),
        tenant_id=principal.tenant_id,
        campaign_id=body.campaign_id,
        state="queued",
        sections=sections,
        artifacts={},
        requested_by=principal.user_id,
    )
    session.add(report)
    await session.flush()
    runs.intend(session, report, recipients, sender)
    await session.flush()
    await runs.start(session, report)
    _note(session, principal, "report.ordered", report.id, recipients=recipients)
    return report


async def ask_delivery(
    session: AsyncSession,
    principal: Principal,
    report_id: UUID,
    recipients: Sequence[str],
    *,
    sender: str,
) -> Report:
    """Mail a report to who has not got it; whom it was sent to gets no second one."""
    wanted = policy.clean_recipients(recipients, is_needed=True)
    report = await queries.get_report(session, principal.tenant_id, report_id, is_locked=True)
    if report.state == "failed":
        raise Conflict(
            "this report could not be made; order another one",
            code="report_failed",
            detail={"reason_code": report.reason_code},
        )
    known = {
        row.recipient.casefold(): row for row in await queries.list_deliveries(session, report_id)
    }
    new = [address for address in wanted if address.casefold() not in known]
    if len(known) + len(new) > policy.MAX_RECIPIENTS:
        raise Invalid(f"at most {policy.MAX_RECIPIENTS} recipients", field="recipients")
    runs.intend(session, report, new, sender)
    for address in wanted:
        row = known.get(address.casefold())
        if row is not None and row.state == "failed":
            row.state, row.attempts = "intent", 0
    await session.flush()
    if report.state == "stored":
        await runs.wake_delivery(session, report)
    _note(session, principal, "report.delivery_asked", report_id, recipients=wanted)
    return report


async def set_schedule(
    session: AsyncSession, principal: Principal, campaign_id: UUID, body: ScheduleSet
) -> ReportSchedule:
    """Make or replace the campaign's schedule; its failures are forgotten."""
    due = cadence.parse(
        body.cadence, body.local_time, body.timezone, body.weekday, body.day_of_month
    )
    sections = clean_sections(body.sections)
    recipients = policy.clean_recipients(body.recipients, is_needed=True)
    # The lock makes two requests for a first schedule take turns.
    await campaign_queries.get_locked_campaign(session, principal.tenant_id, campaign_id)
    schedule = await queries.find_schedule(session, campaign_id, is_locked=True)
    if schedule is None:
        schedule = ReportSchedule(
            id=new_id(), tenant_id=principal.tenant_id, campaign_id=campaign_id
        )
        session.add(schedule)
    schedule.cadence, schedule.local_time, schedule.timezone = (
        due.kind,
        due.local_time,
        due.timezone,
    )
    schedule.weekday, schedule.day_of_month = due.weekday, due.day_of_month
    schedule.recipients, schedule.sections = recipients, sections
    schedule.is_enabled = body.is_enabled
    schedule.next_due_at = cadence.next_run(due, now()) if body.is_enabled else None
    schedule.retry_count, schedule.last_status = 0, None
    schedule.updated_at = now()
    await session.flush()
    _note(session, principal, "report_schedule.set", campaign_id, recipients=recipients)
    return schedule


async def remove_schedule(session: AsyncSession, principal: Principal, campaign_id: UUID) -> None:
    """Its reports stay."""
    await campaign_queries.get_campaign(session, principal.tenant_id, campaign_id)
    schedule = await queries.find_schedule(session, campaign_id, is_locked=True)
    if schedule is None:
        raise NotFound("this campaign has no report schedule", code="schedule_not_found")
    await session.delete(schedule)
    await session.flush()
    _note(session, principal, "report_schedule.removed", campaign_id)


def _note(
    session: AsyncSession, principal: Principal, action: str, target: object, **detail: object
) -> None:
    audit_log.record(
        session,
        tenant_id=principal.tenant_id,
        actor_id=principal.user_id,
        action=action,
        target=target,
        **detail,
    )
