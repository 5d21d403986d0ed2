"""Use cases of ranks: keywords, runs, and how a run ends."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.core.errors import Conflict, Invalid
from lsos.core.http.principal import Principal
from lsos.core.queue.jobs import enqueue
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns import service as campaigns
from lsos.domains.campaigns.rules import refuse_half_position
from lsos.domains.providers.rules import MEASURED
from lsos.domains.rank import queries, rules
from lsos.domains.rank.models import Keyword, RankRun
from lsos.domains.rank.progress import count_outcomes
from lsos.domains.rank.schemas import KeywordCreate, KeywordsCreate, KeywordUpdate
from lsos.domains.rank.store import Outcome, store, store_unmeasured

BASELINE_STEP = "rank"
NO_KEYWORDS = "no_keywords"


async def create_keywords(
    session: AsyncSession, principal: Principal, body: KeywordsCreate
) -> tuple[Sequence[Keyword], list[tuple[int, UUID]]]:
    """The new keywords, and (index in the request, id) of those that were there already."""
    rows = [_row(index, keyword) for index, keyword in enumerate(body.keywords)]
    first_of: dict[str, dict[str, object]] = {}
    for row in rows:
        first_of.setdefault(str(row["natural_key"]), row)
    # The lock makes two requests at the cap take turns.
    await campaign_queries.get_locked_campaign(session, principal.tenant_id, body.campaign_id)
    of = {"tenant_id": principal.tenant_id, "campaign_id": body.campaign_id}
    statement = (
        insert(Keyword)
        .values([{**of, "id": new_id(), **row} for row in first_of.values()])
        .on_conflict_do_nothing()
        .returning(Keyword.id)
    )
    new_ids = set(await session.scalars(statement))
    if await queries.count_keywords(session, body.campaign_id) > rules.MAX_KEYWORDS:
        raise Invalid(
            f"a campaign has at most {rules.MAX_KEYWORDS:,} keywords", code="too_many_keywords"
        )
    known = await session.scalars(
        select(Keyword).where(
            Keyword.campaign_id == body.campaign_id, Keyword.natural_key.in_(list(first_of))
        )
    )
    by_key = {keyword.natural_key: keyword for keyword in known}
    created: list[Keyword] = []
    duplicates: list[tuple[int, UUID]] = []
    for index, row in enumerate(rows):
        keyword = by_key[str(row["natural_key"])]
        if keyword.id in new_ids:
            new_ids.discard(keyword.id)
            created.append(keyword)
        else:
            duplicates.append((index, keyword.id))
    return created, duplicates


def _row(index: int, body: KeywordCreate) -> dict[str, object]:
    field = f"keywords[{index}]"
    try:
        refuse_half_position(body.latitude, body.longitude)
    except Invalid as error:
        raise Invalid(error.message, field=f"{field}.{error.field}", code=error.code) from None
    values = msgspec.structs.asdict(body)
    values["text"], values["location"] = rules.clean(body.text), rules.clean(body.location)
    if not rules.fold(body.text):
        raise Invalid("must hold a word", field=f"{field}.text", code="keyword_empty")
    if values["location"] and body.latitude is not None:
        raise Invalid(
            "a keyword has a location or a point, not both",
            field=f"{field}.location",
            code="place_twice",
        )
    values["language"], values["country"] = body.language.lower(), body.country.upper()
    values["tags"] = list(dict.fromkeys(body.tags))
    named = ("text", "language", "country", "location", "latitude", "longitude", "device")
    values["natural_key"] = rules.natural_key(**{name: values[name] for name in named})
    return values


async def update_keyword(
    session: AsyncSession, principal: Principal, keyword_id: UUID, body: KeywordUpdate
) -> Keyword:
    keyword = await queries.get_keyword(session, principal.tenant_id, keyword_id)
    for name, value in msgspec.structs.asdict(body).items():
        if value is not UNSET:
            setattr(keyword, name, value)
    await session.flush()
    return keyword


async def remove_keyword(session: AsyncSession, principal: Principal, keyword_id: UUID) -> None:
    """Delete a keyword with all its snapshots."""
    await session.delete(await queries.get_keyword(session, principal.tenant_id, keyword_id))
    await session.flush()


async def schedule(
    session: AsyncSession, principal: Principal, campaign_id: UUID, source: str
) -> RankRun:
    """Start one measurement; a campaign has one at a time, or keywords would be asked for twice."""
    await campaign_queries.get_locked_campaign(session, principal.tenant_id, campaign_id)
    running = await queries.find_open_run(session, campaign_id)
    if running is not None:
        raise Conflict(
            "a measurement of this campaign is under way",
            code="rank_run_open",
            detail={"run_id": str(running.id)},
        )
    if not await queries.count_keywords(session, campaign_id, active_only=True):
        raise Conflict(
            "this campaign has no active keywords; add some: POST /rank/keywords", code=NO_KEYWORDS
        )
    return await _queue(
        session, principal.tenant_id, campaign_id, source, requested_by=principal.user_id
    )


async def schedule_baseline(
    session: AsyncSession, tenant_id: UUID, campaign_id: UUID, source: str
) -> RankRun | None:
    """The run of a campaign's baseline, or the open one; None when there is nothing to measure."""
    await campaign_queries.get_locked_campaign(session, tenant_id, campaign_id)
    running = await queries.find_open_run(session, campaign_id)
    if running is not None:
        return running
    if not await queries.count_keywords(session, campaign_id, active_only=True):
        await campaigns.finish_step(
            session, tenant_id, campaign_id, BASELINE_STEP, NO_KEYWORDS, is_skipped=True
        )
        return None
    return await _queue(session, tenant_id, campaign_id, source, requested_by=None)


async def fail_baseline(
    session: AsyncSession, tenant_id: UUID, campaign_id: UUID | None, reason_code: str
) -> None:
    """The baseline's measurement could not even be queued."""
    if campaign_id is not None:
        await campaigns.finish_step(session, tenant_id, campaign_id, BASELINE_STEP, reason_code)


async def _queue(
    session: AsyncSession,
    tenant_id: UUID,
    campaign_id: UUID,
    source: str,
    *,
    requested_by: UUID | None,
) -> RankRun:
    run = RankRun(
        tenant_id=tenant_id,
        id=new_id(),
        campaign_id=campaign_id,
        state="queued",
        day=now().date(),
        source=source,
        total=0,
        counts={},
        requested_by=requested_by,
    )
    session.add(run)
    await session.flush()
    await enqueue(
        session, "rank.measure", tenant_id=tenant_id, campaign_id=campaign_id, run_id=run.id
    )
    return run


async def start(
    session: AsyncSession, tenant_id: UUID, run_id: UUID, source: str
) -> RankRun | None:
    """The run, set to running on its first slice; None when it has ended."""
    run = await queries.get_run(session, tenant_id, run_id, lock=True)
    if run.state not in rules.OPEN_STATES:
        return None
    if run.state == "queued":
        # The day is that of the first question, not that of the request.
        run.state, run.started_at, run.day, run.source = "running", now(), now().date(), source
        run.total = await queries.count_keywords(session, run.campaign_id, active_only=True)
        run.counts = {**await count_outcomes(session, run)}
        await session.flush()
    return run


def is_overdue(run: RankRun) -> bool:
    """Whether its provider has kept it waiting for too long."""
    began = run.started_at or now()
    return now() - began > timedelta(hours=rules.RUN_HOURS)


async def record(
    session: AsyncSession, tenant_id: UUID, run_id: UUID, outcomes: Sequence[Outcome]
) -> None:
    """Store a batch and count it in the run's progress."""
    if not outcomes:
        return
    run = await queries.get_run(session, tenant_id, run_id, lock=True)
    await store(session, run, outcomes)
    counts = dict(run.counts)
    for outcome in outcomes:
        state = outcome.result.state
        counts[state] = int(str(counts.get(state, 0))) + 1
    run.counts = counts
    await session.flush()


async def finish(
    session: AsyncSession,
    tenant_id: UUID,
    run_id: UUID,
    *,
    stopped_by: str | None = None,
) -> RankRun | None:
    """End a run; `stopped_by` is why the rest stays unmeasured. None when it has ended before."""
    run = await queries.get_run(session, tenant_id, run_id, lock=True)
    if run.state not in rules.OPEN_STATES:
        return None
    if stopped_by is not None:
        await store_unmeasured(session, run, stopped_by)
    counts = await count_outcomes(session, run)
    measured = counts.get("kept", 0) + sum(counts.get(state, 0) for state in MEASURED)
    missing = counts.get("error", 0) + counts.get("unmeasured", 0)
    run.counts = {**counts}
    run.total = measured + missing
    run.finished_at = now()
    if not measured and missing:
        run.state, run.reason_code = "failed", stopped_by or "nothing_measured"
    else:
        run.state = "completed_with_errors" if missing else "completed"
        run.reason_code = stopped_by
    await session.flush()
    failed = run.reason_code if run.state == "failed" else None
    await campaigns.finish_step(session, tenant_id, run.campaign_id, BASELINE_STEP, failed)
    return run
