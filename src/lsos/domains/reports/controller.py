"""Routes of reports: order, preview, read, download, mail, and the schedule of a campaign."""

import asyncio
from typing import Annotated, cast
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
from lsos.core.http.schema import DEFAULT_LIMIT, decode_cursor, page_of
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


class ReportController(Controller):
    path = "/reports"
    tags = ("reports",)

    @post(
        "/generate",
        operation_id="generateReport",
        opt=needs("reports:write"),
        status_code=202,
        responses=failures(401, 403, 404, 409, 422),
    )
    async def generate(
        self,
        data: JSONBody[ReportCreate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[ReportDetail]]:
        """Make a report, and mail it when recipients are named."""
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
        responses=failures(401, 403, 404, 422),
    )
    async def preview(
        self,
        data: JSONBody[ReportPreview],
        sessions: inject.Sessions,
        principal: inject.Principal,
    ) -> Response[bytes]:
        """The report as HTML, from what is measured now; nothing is stored."""
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
        responses=failures(401, 403, 422),
    )
    async def list_all(
        self,
        session: inject.Session,
        campaign_id: FromQuery[UUID | None] = None,
        state_: Annotated[ReportState | None, QueryParameter(name="state")] = None,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[ReportView]]:
        """Reports, newest first."""
        rows = await queries.list_reports(
            session, campaign_id, state_, decode_cursor(cursor), limit
        )
        page = page_of([_view(row) for row in rows], limit, lambda r: (r.created_at, r.id))
        return ok_page(page)

    @get(
        "/{report_id:uuid}",
        operation_id="getReport",
        opt=needs("reports:read"),
        responses=failures(401, 403, 404),
    )
    async def get_one(
        self, report_id: FromPath[UUID], session: inject.Session, principal: inject.Principal
    ) -> Envelope[ReportDetail]:
        """A report, and how its mails ended."""
        report = await queries.get_report(session, principal.tenant_id, report_id)
        return ok(await _detail(session, report))

    @get(
        "/{report_id:uuid}/artifact",
        operation_id="getReportArtifact",
        opt=needs("reports:read"),
        media_type="application/octet-stream",
        responses=failures(401, 403, 404, 409, 422, 503),
    )
    async def artifact(
        self,
        report_id: FromPath[UUID],
        sessions: inject.Sessions,
        principal: inject.Principal,
        storage: inject.Storage,
        format_: Annotated[Format, QueryParameter(name="format")] = "pdf",
    ) -> Response[bytes]:
        """The stored file, as it was verified when it was made."""
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
        responses=failures(401, 403, 404, 409, 422),
    )
    async def deliver(
        self,
        report_id: FromPath[UUID],
        data: JSONBody[DeliveryCreate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Envelope[ReportDetail]:
        """Mail the report to who has not got it, once it is stored."""
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
        responses=failures(401, 403, 404, 422),
    )
    async def get_one(
        self, campaign_id: FromQuery[UUID], session: inject.Session, principal: inject.Principal
    ) -> Envelope[ScheduleView | None]:
        """The campaign's schedule; null when it has none."""
        await campaign_queries.get_campaign(session, principal.tenant_id, campaign_id)
        schedule = await queries.find_schedule(session, campaign_id)
        return ok(None if schedule is None else _schedule(schedule))

    @put(
        "/",
        operation_id="setReportSchedule",
        opt=needs("reports:write"),
        responses=failures(401, 403, 404, 422),
    )
    async def set_one(
        self,
        campaign_id: FromQuery[UUID],
        data: JSONBody[ScheduleSet],
        session: inject.Session,
        principal: inject.Principal,
    ) -> Envelope[ScheduleView]:
        """Make or replace the schedule; one that failures switched off begins anew."""
        return ok(_schedule(await service.set_schedule(session, principal, campaign_id, data)))

    @delete(
        "/",
        operation_id="deleteReportSchedule",
        opt=needs("reports:write"),
        responses=failures(401, 403, 404, 422),
    )
    async def remove(
        self, campaign_id: FromQuery[UUID], session: inject.Session, principal: inject.Principal
    ) -> None:
        """Its reports stay."""
        await service.remove_schedule(session, principal, campaign_id)


async def _detail(session: AsyncSession, report: Report) -> ReportDetail:
    rows = await queries.list_deliveries(session, report.id)
    return ReportDetail(
        **msgspec.structs.asdict(_view(report)),
        deliveries=[convert(row, DeliveryView, from_attributes=True) for row in rows],
    )


def _view(report: Report) -> ReportView:
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
