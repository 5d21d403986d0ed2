"""Links to the campaign's site, and to its competitors'."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.domains.authority import queries
from lsos.domains.authority.rules import FORMULA
from lsos.domains.reports import facts, rules
from lsos.domains.reports.inputs.values import joined


async def authority(
    session: AsyncSession, tenant_id: UUID, campaign_id: UUID
) -> facts.Authority | None:
    summary = await queries.load_summary(session, tenant_id, campaign_id)
    own = [] if summary.own is None else [summary.own]
    # The strongest competitors first: a long list is cut at its end.
    others = sorted(summary.others, key=lambda d: (-(d.followed_domains or -1), d.domain))
    measured = [domain for domain in (*own, *others) if domain.measured_at is not None]
    if not measured:
        return None
    return facts.Authority(
        measured_at=max(d.measured_at for d in measured if d.measured_at is not None),
        source=joined(domain.source or "" for domain in measured),
        score=summary.score,
        formula=FORMULA,
        domains=[
            facts.DomainLinks(
                domain=domain.domain,
                is_own=domain.is_own,
                state="found" if domain.measured_at is not None else domain.state,
                backlinks=domain.backlinks,
                referring_domains=domain.referring_domains,
                followed_domains=domain.followed_domains,
            )
            for domain in (*own, *others)[: rules.MAX_DOMAINS]
        ],
        domains_total=len(own) + len(others),
        competitors_measured=summary.competitors_measured,
        gained=summary.links.new,
        lost=summary.links.lost,
        window_days=summary.links.window_days,
    )
