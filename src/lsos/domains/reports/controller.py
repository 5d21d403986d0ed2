"""Routes of reports: order, preview, read, download, mail, and the schedule of a campaign."""

import asyncio
from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import convert
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.errors import Conflict
from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, failures, ok, ok_page
from lsos.core.http.principal import needs
from lsos.core.http.schema import DEFAULT_LIMIT
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.reports import build, queries, render, service
from lsos.domains.reports.mail import file_name
from lsos.domains.reports.models import Report, ReportSchedule
from lsos.domains.reports.policy import FORMATS, MEDIA_TYPES, Format, ReportState
from lsos.domains.reports.schemas import (
    Artifact,
    DeliveryCreate,
    DeliveryView,
    ReportCreate,
    ReportDetail,
    ReportPreview,
    ReportView,
    ScheduleSet,
    ScheduleView,
)
from lsos.domains.reports.snapshot import gather

SANDBOX = {
    # Texts of strangers are in it: nothing may run or be loaded, whatever the renderer let pass.
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline';"
    " img-src data:; font-src data:"
}

WantedState = Annotated[
    ReportState | None, QueryParameter(name="state", description="Only reports in this state.")
]
WantedFormat = Annotated[Format, QueryParameter(name="format", description="Format of the file.")]


class ReportController(Controller):
    path = "/reports"
    tags = ("reports",)

    @post(
        "/generate",
        operation_id="generateReport",
        opt=needs("reports:write"),
        status_code=202,
    )
    async def generate(
        self,
        data: JSONBody[ReportCreate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[ReportDetail]]:
        """Order a report, and send it by e-mail when recipients are given."""
        report = await service.order(session, principal, data, sender=settings.smtp_from_email)
        return Response(
            ok(await _detail(session, report)),
            headers={"Location": f"{settings.api_v1_prefix}/reports/{report.id}"},
        )

    @post(
        "/preview",
        operation_id="previewReport",
        opt=needs("reports:write"),
        status_code=200,
        media_type=MEDIA_TYPES["html"],
    )
    async def preview(
        self,
        data: JSONBody[ReportPreview],
        sessions: inject.Sessions,
        principal: inject.Principal,
    ) -> Response[bytes]:
        """Show a report as HTML, from what is measured now; nothing is stored."""
        sections = service.clean_sections(data.sections)
        async with sessions() as session:
            await campaign_queries.get_campaign(session, principal.tenant_id, data.campaign_id)
            snapshot = await gather(session, data.campaign_id, sections, now())
        page = await asyncio.to_thread(lambda: render.html(build.build(snapshot)))
        return Response(page, media_type=MEDIA_TYPES["html"], headers=SANDBOX)

    @get(
        "/",
        operation_id="listReports",
        opt=needs("reports:read"),
    )
    async def list_all(
        self,
        session: inject.Session,
        campaign_id: FromQuery[UUID | None] = None,
        state_: WantedState = None,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[ReportView]]:
        """List reports, newest first."""
        page = await queries.REPORTS.page(
            session, cursor, limit, campaign_id=campaign_id, state=state_
        )
        return ok_page(page.map(_view))

    @get(
        "/{report_id:uuid}",
        operation_id="getReport",
        opt=needs("reports:read"),
    )
    async def get_one(
        self, report_id: FromPath[UUID], session: inject.Session, principal: inject.Principal
    ) -> Envelope[ReportDetail]:
        """Show a report, and what became of its e-mails."""
        report = await queries.get_report(session, principal.tenant_id, report_id)
        return ok(await _detail(session, report))

    @get(
        "/{report_id:uuid}/artifact",
        operation_id="getReportArtifact",
        opt=needs("reports:read"),
        responses=failures(409),
        media_type="application/octet-stream",
    )
    async def artifact(
        self,
        report_id: FromPath[UUID],
        sessions: inject.Sessions,
        principal: inject.Principal,
        storage: inject.Storage,
        format_: WantedFormat = "pdf",
    ) -> Response[bytes]:
        """Download a stored file of a report."""
        async with sessions() as session:
            report = await queries.get_report(session, principal.tenant_id, report_id)
        entry = cast("dict[str, str] | None", report.artifacts.get(format_))
        if report.state != "stored" or entry is None:
            raise Conflict(
                "this report is not stored yet",
                code="report_not_stored",
                detail={"state": report.state, "reason_code": report.reason_code},
            )
        body = await storage.get(entry["key"])
        name = file_name(_name(report), report.finished_at or report.created_at, format_)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        if format_ == "html":
            headers |= SANDBOX
        return Response(body, media_type=MEDIA_TYPES[format_], headers=headers)

    @post(
        "/{report_id:uuid}/deliver",
        operation_id="deliverReport",
        opt=needs("reports:write"),
        status_code=202,
    )
    async def deliver(
        self,
        report_id: FromPath[UUID],
        data: JSONBody[DeliveryCreate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Envelope[ReportDetail]:
        """Send a report by e-mail to those who have not received it yet.

        A report that is not stored yet is sent as soon as it is.
        """
        report = await service.ask_delivery(
            session, principal, report_id, data.recipients, sender=settings.smtp_from_email
        )
        return ok(await _detail(session, report))


class ScheduleController(Controller):
    path = "/reports/schedule"
    tags = ("reports",)

    @get(
        "/",
        operation_id="getReportSchedule",
        opt=needs("reports:read"),
    )
    async def get_one(
        self, campaign_id: FromQuery[UUID], session: inject.Session, principal: inject.Principal
    ) -> Envelope[ScheduleView | None]:
        """Show the report schedule of a campaign; null: it has none."""
        await campaign_queries.get_campaign(session, principal.tenant_id, campaign_id)
        schedule = await queries.find_schedule(session, campaign_id)
        return ok(None if schedule is None else _schedule(schedule))

    @put(
        "/",
        operation_id="setReportSchedule",
        opt=needs("reports:write"),
    )
    async def set_one(
        self,
        campaign_id: FromQuery[UUID],
        data: JSONBody[ScheduleSet],
        session: inject.Session,
        principal: inject.Principal,
    ) -> Envelope[ScheduleView]:
        """Set the report schedule of a campaign.

        One that was switched off after failures starts again.
        """
        return ok(_schedule(await service.set_schedule(session, principal, campaign_id, data)))

    @delete(
        "/",
        operation_id="deleteReportSchedule",
        opt=needs("reports:write"),
    )
    async def remove(
        self, campaign_id: FromQuery[UUID], session: inject.Session, principal: inject.Principal
    ) -> None:
        """Delete the report schedule of a campaign; its reports stay."""
        await service.remove_schedule(session, principal, campaign_id)


async def _detail(session: AsyncSession, report: Report) -> ReportDetail:
    rows = await queries.list_deliveries(session, report.id)
    return ReportDetail(
        **msgspec.structs.asdict(_view(report)),
        deliveries=[convert(row, DeliveryView, from_attributes=True) for row in rows],
    )


def _view(report: Any) -> ReportView:
    """Of a report, or of a row with its columns."""
    artifacts = []
    for format_ in FORMATS:
        entry = report.artifacts.get(format_)
        if isinstance(entry, dict):
            artifacts.append(Artifact(format=format_, bytes=entry["bytes"], sha256=entry["sha256"]))
    return ReportView(
        id=report.id,
        campaign_id=report.campaign_id,
        state=cast("ReportState", report.state),
        reason_code=report.reason_code,
        sections=report.sections,
        schedule_id=report.schedule_id,
        due_at=report.due_at,
        created_at=report.created_at,
        finished_at=report.finished_at,
        snapshot_hash=report.snapshot_hash,
        artifacts=artifacts,
    )


def _schedule(schedule: ReportSchedule) -> ScheduleView:
    return convert(schedule, ScheduleView, from_attributes=True)


def _name(report: Report) -> str:
    campaign = (report.snapshot or {}).get("campaign")
    found = campaign if isinstance(campaign, dict) else {}
    return str(found.get("business_name") or found.get("name") or "")


CONTROLLERS = (ReportController, ScheduleController)
