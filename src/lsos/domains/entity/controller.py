"""Routes of the entity: ask for an analysis, read the newest one."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromQuery, JSONBody
from msgspec import convert

from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, ok
from lsos.core.http.principal import needs
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.entity import queries, service
from lsos.domains.entity.models import EntityReport
from lsos.domains.entity.rules import FORMULA, measured_points
from lsos.domains.entity.schemas import (
    AnalysisAccepted,
    EntityAnalyze,
    EntityGraph,
    EntityReportView,
)


class EntityController(Controller):
    path = "/entity"
    tags = ("entity",)

    @post(
        "/analyze",
        operation_id="analyzeEntity",
        opt=needs("entity:write"),
        status_code=202,
    )
    async def analyze(
        self,
        data: JSONBody[EntityAnalyze],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[AnalysisAccepted]]:
        """Analyse the entity on the pages of the newest finished crawl, in the background."""
        accepted = await service.request_analysis(session, principal, data.campaign_id)
        return Response(
            ok(accepted),
            status_code=202,
            headers={"Location": f"{settings.api_v1_prefix}/jobs/{accepted.job_id}"},
        )

    @get(
        "/report",
        operation_id="getEntityReport",
        opt=needs("entity:read"),
    )
    async def report(
        self, campaign_id: FromQuery[UUID], session: inject.Session, principal: inject.Principal
    ) -> Envelope[EntityReportView | None]:
        """Show the newest finished entity report; null: there is none."""
        await campaign_queries.get_campaign(session, principal.tenant_id, campaign_id)
        report = await queries.find_latest_report(session, campaign_id)
        return ok(None if report is None else _view(report))


def _view(report: EntityReport) -> EntityReportView:
    parts = queries.parts_of(report)
    return EntityReportView(
        id=report.id,
        campaign_id=report.campaign_id,
        crawl_run_id=report.crawl_run_id,
        source="crawl",
        formula=FORMULA,
        score=report.score,
        measured_points=measured_points(parts),
        parts=parts,
        graph=convert(report.graph, EntityGraph | None),
        created_at=report.created_at,
        finished_at=report.finished_at,
    )


CONTROLLERS = (EntityController,)
