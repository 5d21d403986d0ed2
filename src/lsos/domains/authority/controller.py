"""Routes of authority: refresh, backlinks, summary."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromQuery, JSONBody, QueryParameter
from msgspec import convert

from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, failures, ok, ok_page
from lsos.core.http.principal import needs
from lsos.core.http.schema import DEFAULT_LIMIT
from lsos.domains.authority import queries
from lsos.domains.authority.measurement import KIND
from lsos.domains.authority.queries import LinkFilter
from lsos.domains.authority.rules import LinkLife
from lsos.domains.authority.schemas import (
    AuthorityRefreshAccepted,
    AuthorityRefreshCreate,
    AuthoritySummary,
    BacklinkView,
)
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.measuring import service as measuring
from lsos.domains.measuring.routes import DRY_RUN, answer_dry_run, run_routes
from lsos.domains.measuring.service import Order

SourceDomain = Annotated[
    str | None,
    QueryParameter(max_length=253, description="Only links from this host (no www.)."),
]

Life = Annotated[LinkLife | None, QueryParameter(description="Only links that are live, or lost.")]
IsFollowed = Annotated[
    bool | None, QueryParameter(description="Only links that pass authority, or do not.")
]


class AuthorityController(Controller):
    path = "/authority"
    tags = ("authority",)

    @post(
        "/refresh",
        operation_id="refreshAuthority",
        opt=needs("authority:write"),
        status_code=202,
        responses=failures(409) | DRY_RUN,
    )
    async def refresh(
        self,
        data: JSONBody[AuthorityRefreshCreate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[AuthorityRefreshAccepted]]:
        """Measure the links of the campaign's site and its competitors, in the background."""
        order = Order(KIND, data.campaign_id, KIND.source(settings))
        if data.dry_run:
            return await answer_dry_run(session, principal, order)
        run, job_id = await measuring.order(session, principal, order)
        return Response(
            ok(AuthorityRefreshAccepted(refresh_id=run.id, job_id=job_id)),
            status_code=202,
            headers={"Location": f"{settings.api_v1_prefix}/jobs/{job_id}"},
        )

    @get(
        "/backlinks",
        operation_id="listBacklinks",
        opt=needs("authority:read"),
    )
    async def list_backlinks(
        self,
        campaign_id: FromQuery[UUID],
        session: inject.Session,
        principal: inject.Principal,
        life: Life = None,
        is_followed: IsFollowed = None,
        source_domain: SourceDomain = None,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[BacklinkView]]:
        """List links to the campaign's site, newest first."""
        await campaign_queries.get_campaign(session, principal.tenant_id, campaign_id)
        wanted = LinkFilter(life, is_followed, source_domain)
        page = await queries.list_backlinks(session, campaign_id, wanted, cursor, limit)
        return ok_page(page.map(lambda row: convert(row, BacklinkView, from_attributes=True)))

    @get(
        "/summary",
        operation_id="getAuthoritySummary",
        opt=needs("authority:read"),
    )
    async def summary(
        self, campaign_id: FromQuery[UUID], session: inject.Session, principal: inject.Principal
    ) -> Envelope[AuthoritySummary]:
        """Show link counts of the site and its competitors, and the score; null: not measured."""
        return ok(await queries.load_summary(session, principal.tenant_id, campaign_id))


CONTROLLERS = (AuthorityController, run_routes(KIND))
