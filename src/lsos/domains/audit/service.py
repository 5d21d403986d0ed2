"""What a tenant decides about findings: issues to live with, severities and limits of checks."""

from collections.abc import Mapping
from uuid import UUID

import msgspec
from msgspec import UNSET
from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.catalogue import BY_CODE
from lsos.checks.engine import CheckSetting, bind
from lsos.core.db import audit_log
from lsos.core.errors import Invalid, NotFound
from lsos.core.http.principal import Principal
from lsos.core.queue.jobs import enqueue
from lsos.domains.audit import queries
from lsos.domains.audit.models import CheckSettings, IgnoredIssue
from lsos.domains.audit.rules import RESCORE, RESCORE_AFTER_S
from lsos.domains.audit.schemas import CheckUpdate, IssueUpdate
from lsos.domains.crawl import queries as crawl


async def ignore_issue(
    session: AsyncSession,
    principal: Principal,
    campaign_id: UUID,
    issue: tuple[str, int],
    body: IssueUpdate,
) -> None:
    """Set or take back the campaign's decision on one issue; its newest run is scored anew."""
    code, subject = issue
    await session.execute(
        delete(IgnoredIssue).where(
            IgnoredIssue.campaign_id == campaign_id,
            IgnoredIssue.code == code,
            IgnoredIssue.subject == subject,
        )
    )
    if body.ignore_reason is not None:
        session.add(
            IgnoredIssue(
                tenant_id=principal.tenant_id,
                campaign_id=campaign_id,
                code=code,
                subject=subject,
                reason=body.ignore_reason,
                author_id=principal.user_id,
                until=body.until,
            )
        )
    await session.flush()
    run = await crawl.find_latest_scored_run(session, campaign_id)
    if run is not None:
        await enqueue(
            session,
            RESCORE,
            tenant_id=principal.tenant_id,
            campaign_id=campaign_id,
            delay_s=RESCORE_AFTER_S,
            run_id=run.id,
        )


async def set_check(
    session: AsyncSession, principal: Principal, code: str, body: CheckUpdate
) -> CheckSetting:
    """A tenant's own severity and limits of a check; later runs are judged by them."""
    if code not in BY_CODE:
        raise NotFound("no such check", code="check_not_found")
    row = await session.get(CheckSettings, (principal.tenant_id, code))
    before = queries.setting_of(row) if row else CheckSetting()
    changes = {k: v for k, v in msgspec.structs.asdict(body).items() if v is not UNSET}
    setting = msgspec.structs.replace(before, **changes)
    try:
        bind({code: setting})
    except ValueError as error:
        raise Invalid(str(error), field="limits") from error
    values: Mapping[str, object] = msgspec.structs.asdict(setting)
    statement = insert(CheckSettings).values(tenant_id=principal.tenant_id, code=code, **values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "code"], set_={**values, "updated_at": func.now()}
        )
    )
    audit_log.record(
        session,
        tenant_id=principal.tenant_id,
        actor_id=principal.user_id,
        action="check.set",
        target=code,
        **changes,
    )
    return setting
