"""Rows of every tenant table, each text field marked, for tests of who may see what."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.core.db.audit_log import AuditEntry
from lsos.core.db.database import Database
from lsos.core.http.idempotency import IdempotencyKey
from lsos.core.queue.jobs import Job
from lsos.domains.audit.models import CheckSettings, IgnoredIssue
from lsos.domains.audit.views import encode_issue
from lsos.domains.auth.models import ApiKey, Tenant, UserCampaign
from lsos.domains.campaigns.models import BaselineStep, Campaign, Competitor, Location
from lsos.domains.crawl.models import (
    CrawlFinding,
    CrawlHost,
    CrawlPage,
    CrawlRun,
    CrawlTodo,
    CrawlUrl,
)
from lsos.domains.entity.models import EntityReport
from lsos.domains.reports.models import Report, ReportDelivery, ReportSchedule
from lsos.web.stored import PageLinks, pack_facts
from lsos.web.urls import url_key
from tests.support import facts
from tests.support.seeding_intelligence import seed_intelligence
from tests.support.seeding_local import seed_local
from tests.support.seeding_rank import seed_rank


@dataclass(frozen=True)
class Seeded:
    """Ids of one tenant's rows, and the string that stands in all their text fields."""

    mark: str
    tenant_id: UUID
    user_id: UUID
    campaign_id: UUID
    other_campaign_id: UUID
    location_id: UUID
    competitor_id: UUID
    run_id: UUID
    job_id: UUID
    key_id: UUID
    report_id: UUID
    recommendation_id: UUID
    keyword_id: UUID
    rank_run_id: UUID
    measurement_id: UUID
    issue_id: str
    page_url: str

    def id_of(self, slot: str) -> str:
        """The id for a parameter or field of an operation, by its name."""
        return str(getattr(self, slot))


async def seed(db: Database, tenant_id: UUID, user_id: UUID, mark: str) -> Seeded:
    """A campaign with everything that hangs on one, written past the API."""
    async with db.tenant_session(tenant_id) as session:
        tenant = await session.get_one(Tenant, tenant_id)
        tenant.name, tenant.branding = f"{mark} agency", {"display_name": mark, "footer": mark}
        campaign, other = _campaign(tenant_id, mark), _campaign(tenant_id, mark)
        session.add_all([campaign, other])
        await session.flush()
        owned = {"tenant_id": tenant_id, "campaign_id": campaign.id}
        location = Location(
            id=new_id(),
            **owned,
            **dict.fromkeys(("name", "street", "city", "region", "postcode"), mark),
            **dict.fromkeys(("country", "phone", "place_id", "cid"), mark),
            landing_url=f"https://{mark}.example/landing",
        )
        competitor = Competitor(id=new_id(), **owned, name=mark, domain=f"{mark}.example")
        job = _job(owned, mark)
        key = ApiKey(
            id=new_id(),
            tenant_id=tenant_id,
            user_id=user_id,
            name=mark,
            secret_hash=b"x" * 32,
            scopes=["campaigns:read", mark],
        )
        session.add_all(
            [
                location,
                competitor,
                job,
                key,
                BaselineStep(
                    id=new_id(),
                    **owned,
                    name=mark,
                    task=mark,
                    after=mark,
                    state="failed",
                    reason_code=mark,
                ),
                UserCampaign(tenant_id=tenant_id, user_id=user_id, campaign_id=other.id),
                AuditEntry(
                    id=new_id(),
                    tenant_id=tenant_id,
                    action=mark,
                    target=mark,
                    detail={"mark": mark},
                    request_id=mark,
                ),
                IdempotencyKey(
                    id=new_id(),
                    tenant_id=tenant_id,
                    fingerprint=mark.encode(),
                    body_hash=b"",
                    status=200,
                    body=mark.encode(),
                    location=mark,
                ),
                CheckSettings(tenant_id=tenant_id, code=mark, severity="high", limits={mark: 1.0}),
                EntityReport(
                    id=new_id(),
                    **owned,
                    state="done",
                    parts={"identity": {"points": 1.0, "of": 30, "evidence": {"mark": mark}}},
                    graph={
                        "pages": 1,
                        "pages_with_data": 1,
                        "is_cut_off": False,
                        "is_complete": True,
                        "nodes": 1,
                        "organizations": 1,
                        "main": mark,
                        "entities": [],
                        "references": [{"from": mark, "property": "department", "to": mark}],
                        "conflict_count": 0,
                        "conflicts": [],
                        "dangling_count": None,
                        "dangling": None,
                    },
                    finished_at=now(),
                    reason_code=mark,
                ),
            ]
        )
        run_id, issue_id, page_url = await _crawl(session, owned, mark)
        of_rank = await seed_rank(session, owned, mark)
        report_id = await _report(session, owned, mark)
        recommendation_id = await seed_intelligence(session, owned, mark)
        await seed_local(session, owned, location.id, mark)
    return Seeded(
        mark=mark,
        tenant_id=tenant_id,
        user_id=user_id,
        campaign_id=campaign.id,
        other_campaign_id=other.id,
        location_id=location.id,
        competitor_id=competitor.id,
        run_id=run_id,
        job_id=job.id,
        key_id=key.id,
        report_id=report_id,
        recommendation_id=recommendation_id,
        **of_rank,
        issue_id=issue_id,
        page_url=page_url,
    )


async def _report(session: AsyncSession, owned: dict[str, UUID], mark: str) -> UUID:
    """A report with a delivery, and a schedule."""
    report = Report(
        id=new_id(),
        **owned,
        state="failed",
        sections=[mark],
        snapshot={mark: mark},
        snapshot_hash=mark,
        artifacts={mark: mark},
        reason_code=mark,
    )
    session.add(report)
    await session.flush()
    session.add_all(
        [
            ReportDelivery(
                id=new_id(),
                **owned,
                report_id=report.id,
                recipient=mark,
                message_id=mark,
                state="failed",
                response=mark,
                log=[mark],
            ),
            ReportSchedule(
                id=new_id(),
                **owned,
                cadence="daily",
                local_time=mark,
                timezone=mark,
                recipients=[mark],
                sections=[mark],
                is_enabled=False,
                updated_at=now(),
            ),
        ]
    )
    await session.flush()
    return report.id


def _campaign(tenant_id: UUID, mark: str) -> Campaign:
    return Campaign(
        id=new_id(),
        tenant_id=tenant_id,
        name=mark,
        site_url=f"https://{mark}.example/",
        business_name=mark,
        category=mark,
        services=[mark],
        setup_state="Configured",
    )


def _job(owned: dict[str, UUID], mark: str) -> Job:
    """Dead, so that no worker takes it."""
    return Job(
        id=new_id(),
        **owned,
        name=mark,
        queue=mark,
        args={"mark": mark},
        state="dead",
        dedupe_key=mark,
        due_at=now() + timedelta(days=1),
        claimed_by=mark,
        finished_at=now(),
        summary={"mark": mark},
        error_type=mark,
        reason_code=mark,
        last_error=mark,
        request_id=mark,
        trace={"traceparent": mark},
    )


async def _crawl(session: AsyncSession, owned: dict[str, UUID], mark: str) -> tuple[UUID, str, str]:
    url = f"https://{mark}.example/page"
    key = url_key(owned["campaign_id"].bytes, url)
    at = now()
    run = CrawlRun(
        id=new_id(),
        **owned,
        state="completed",
        phase="ended",
        settings={
            "start_url": url,
            "max_pages": 10,
            "user_agent": mark,
            "min_interval_s": 0.0,
            "timeout_s": 5.0,
            "concurrency": 1,
            "batch_size": 1,
        },
        site={"start_url": url},
        queue=mark,
        started_at=at,
        finished_at=at,
        reason_code=mark,
        technical_score=50.0,
        score={
            "formula": mark,
            "eligible_pages": 1,
            "coverage": 1.0,
            "share_of_clean_pages": None,
            "is_sampled": False,
            "checks_fired": [],
        },
        issue_counts={mark: 1},
        check_settings={mark: {"severity": "high"}},
        failed_checks={mark: 1},
    )
    session.add(run)
    await session.flush()
    of_run = {"tenant_id": owned["tenant_id"], "run_id": run.id}
    page_facts = facts.page(url=url, titles=[mark])
    links = PageLinks(targets=[key], flags=[0], anchors=[mark])
    text_fields = ("error", "content_type", "title", "etag", "last_modified")
    session.add_all(
        [
            CrawlUrl(**of_run, key=key, url=url, source=0, is_internal=True, discovery_depth=0),
            CrawlTodo(**of_run, key=key + 1, url=url, discovery_depth=0, hops=0),
            CrawlPage(
                **of_run,
                key=key,
                url=url,
                depth=0,
                status=200,
                redirect_url=url,
                canonical=url,
                **dict.fromkeys(text_fields, mark),
                is_html=True,
                is_indexable=True,
                is_eligible=True,
                is_reused=False,
                words=1,
                body_bytes=1,
                facts=pack_facts(page_facts),
                links=msgspec.msgpack.encode(links),
            ),
            CrawlFinding(
                **of_run,
                code=mark,
                subject=key,
                severity="high",
                scope="page",
                url=url,
                count=1,
                evidence=[{"value": mark}],
            ),
            CrawlHost(
                **of_run,
                origin=f"https://{mark}.example",
                facts=msgspec.msgpack.encode(facts.host()),
            ),
            IgnoredIssue(id=new_id(), **owned, code=mark, subject=key + 1, reason=mark),
        ]
    )
    return run.id, encode_issue(run.id, mark, key), url
