"""Gathers the inputs of a report from the rooms below."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.errors import NotFound
from lsos.domains.auth import queries as auth_queries
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.reports import rules
from lsos.domains.reports.facts import Brand, Campaign, Snapshot, read, stored
from lsos.domains.reports.inputs import advice, links, places, search, site


async def gather(
    session: AsyncSession, campaign_id: UUID, sections: Sequence[str], at: datetime
) -> Snapshot:
    """All that the chosen sections need, as it stands now; NotFound without such a campaign."""
    # Row-level security shows a session exactly one tenant: its own.
    tenants = (await auth_queries.list_tenants(session, None, 1)).items
    if not tenants:
        raise NotFound("no such tenant", code="tenant_not_found")
    tenant = tenants[0]
    campaign = await campaign_queries.get_campaign(session, tenant.id, campaign_id)
    locations = await campaign_queries.list_locations(
        session, campaign_id, None, rules.MAX_MEASURED_LOCATIONS
    )
    names = {location.id: location.name for location in locations[: rules.MAX_MEASURED_LOCATIONS]}
    snapshot = Snapshot(
        campaign=Campaign(
            name=campaign.name,
            business_name=campaign.business_name,
            site_url=campaign.site_url,
            category=campaign.category,
            services=campaign.services,
        ),
        brand=_brand(tenant.name, tenant.branding),
        sections=rules.chosen(sections),
        generated_at=at,
        score=await advice.score(session, campaign_id),
        technical=await site.technical(session, campaign_id),
        visibility=await search.rank(session, campaign_id),
        local=await places.local(session, campaign_id, names),
        reviews=await places.reviews(session, campaign_id, names, at),
        authority=await links.authority(session, tenant.id, campaign_id),
        entity=await site.entity(session, campaign_id),
        recommendations=await advice.recommendations(session, campaign_id),
    )
    return read(stored(snapshot))


def _brand(tenant_name: str, branding: Mapping[str, object]) -> Brand:
    kept = {name: str(value) for name, value in branding.items() if value}
    given = Brand()
    return Brand(
        name=kept.get("display_name") or tenant_name,
        primary=kept.get("primary_colour", given.primary),
        accent=kept.get("accent_colour", given.accent),
        sender=kept.get("sender_name", ""),
        reply_to=kept.get("reply_to", ""),
        footer=kept.get("footer", ""),
    )
