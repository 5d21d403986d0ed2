"""Use cases of campaigns: set-up, the baseline, locations and competitors."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

import msgspec
from msgspec import UNSET
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.core.db import audit_log
from lsos.core.errors import Conflict, Invalid, PreconditionFailed
from lsos.core.http.principal import Principal
from lsos.core.outbound.policy import OutboundPolicy
from lsos.core.queue.jobs import enqueue
from lsos.domains.campaigns import models, queries, rules
from lsos.domains.campaigns.models import Campaign, Competitor, Location
from lsos.domains.campaigns.rules import SetupState
from lsos.domains.campaigns.schemas import (
    CampaignCreate,
    CampaignUpdate,
    CompetitorCreate,
    CompetitorUpdate,
    LocationCreate,
    LocationUpdate,
)
from lsos.room import BaselineStep

ENDED_STEPS = ("done", "failed")


async def create(
    session: AsyncSession,
    principal: Principal,
    body: CampaignCreate,
    *,
    policy: OutboundPolicy,
) -> Campaign:
    values = msgspec.structs.asdict(body)
    _clean_url(values, "site_url", policy)
    campaign = Campaign(
        tenant_id=principal.tenant_id, id=new_id(), setup_state="Draft", version=1, **values
    )
    session.add(campaign)
    await session.flush()
    _note(session, campaign, principal.user_id, "campaign.created")
    return campaign


async def update(
    session: AsyncSession,
    principal: Principal,
    campaign_id: UUID,
    body: CampaignUpdate,
    *,
    if_match: str | None,
    policy: OutboundPolicy,
) -> Campaign:
    """Change what the body names; PreconditionFailed when `if_match` is not the stored version."""
    campaign = await queries.get_locked_campaign(session, principal.tenant_id, campaign_id)
    if if_match is not None and not rules.matches_version(if_match, campaign.version):
        raise PreconditionFailed(
            "somebody changed this campaign; read it again",
            field="If-Match",
            detail={"version": campaign.version},
        )
    changes = _changes(body)
    _clean_url(changes, "site_url", policy)
    if changes.get("site_url") == "" and campaign.setup_state != "Draft":
        raise Invalid(
            "may be empty only while the campaign is in Draft",
            field="site_url",
            code="site_url_missing",
        )
    if changes:
        for name, value in changes.items():
            setattr(campaign, name, value)
        campaign.version += 1
        _note(session, campaign, principal.user_id, "campaign.updated", fields=sorted(changes))
        await session.flush()
    return campaign


async def remove(session: AsyncSession, principal: Principal, campaign_id: UUID) -> None:
    """Delete a campaign and all that was measured for it."""
    campaign = await queries.get_locked_campaign(session, principal.tenant_id, campaign_id)
    if campaign.setup_state not in rules.DELETABLE:
        wait = "wait for the baseline to end, then " * (campaign.setup_state == "BaselineRunning")
        raise Conflict(
            f"a campaign in {campaign.setup_state} can't be deleted; {wait}archive it first:"
            f' PATCH /campaigns/{campaign_id}/setup-state with {{"state": "Archived"}}',
            code="campaign_in_use",
            detail={"setup_state": campaign.setup_state, "deletable": sorted(rules.DELETABLE)},
        )
    _note(session, campaign, principal.user_id, "campaign.deleted", name=campaign.name)
    await session.delete(campaign)
    await session.flush()


async def change_state(
    session: AsyncSession,
    principal: Principal,
    campaign_id: UUID,
    state: SetupState,
    steps: Sequence[BaselineStep],
) -> Campaign:
    """Move to another setup state; entering BaselineRunning starts one job a step."""
    campaign = await queries.get_locked_campaign(session, principal.tenant_id, campaign_id)
    before = cast(SetupState, campaign.setup_state)
    allowed = rules.requestable(before)
    if state not in allowed:
        raise Conflict(
            f"a campaign can't go from {before} to {state}",
            field="state",
            code="illegal_transition",
            detail={"from": before, "to": state, "allowed": list(allowed)},
        )
    if state == "Configured" and not campaign.site_url:
        raise Conflict(
            f'set the site first: PATCH /campaigns/{campaign_id} with {{"site_url": "https://..."}}',
            field="site_url",
            code="site_url_missing",
        )
    _enter(session, campaign, state, principal.user_id)
    if state == "BaselineRunning":
        await _start_baseline(session, campaign, steps)
    await session.flush()
    return campaign


async def finish_step(
    session: AsyncSession,
    tenant_id: UUID,
    campaign_id: UUID,
    step: str,
    reason_code: str | None,
    *,
    is_skipped: bool = False,
) -> None:
    """Note that a step of the baseline ended, failed when there is a reason; idempotent.

    `is_skipped`: it is done though it had nothing to measure, and the reason says so. The last one
    makes the campaign Active. Outside a baseline nothing happens.
    """
    campaign = await queries.find_locked_campaign(session, tenant_id, campaign_id)
    if campaign is None or campaign.setup_state != "BaselineRunning":
        return
    rows = await queries.list_steps(session, campaign_id)
    for row in rows:
        if row.name == step and row.state == "running":
            row.state = "done" if reason_code is None or is_skipped else "failed"
            row.reason_code = reason_code
            row.ended_at = now()
    for row in rows:
        if row.state == "waiting" and row.after == step:
            await _start_step(session, row)
    if all(row.state in ENDED_STEPS for row in rows):
        _enter(session, campaign, "Active", None)
    await session.flush()


async def _start_baseline(
    session: AsyncSession, campaign: Campaign, steps: Sequence[BaselineStep]
) -> None:
    tenant_id, campaign_id = campaign.tenant_id, campaign.id
    await session.execute(
        delete(models.BaselineStep).where(models.BaselineStep.campaign_id == campaign_id)
    )
    rows = [
        models.BaselineStep(
            tenant_id=tenant_id,
            campaign_id=campaign_id,
            name=step.name,
            task=step.task,
            after=step.after,
            state="waiting",
        )
        for step in steps
    ]
    session.add_all(rows)
    await session.flush()
    for row in rows:
        if row.after is None:
            await _start_step(session, row)
    if not rows:
        _enter(session, campaign, "Active", None)


async def _start_step(session: AsyncSession, step: models.BaselineStep) -> None:
    step.state = "running"
    await enqueue(
        session,
        step.task,
        tenant_id=step.tenant_id,
        campaign_id=step.campaign_id,
        step=step.name,
    )


def _enter(
    session: AsyncSession, campaign: Campaign, state: SetupState, actor_id: UUID | None
) -> None:
    before, campaign.setup_state = campaign.setup_state, state
    campaign.version += 1
    _note(session, campaign, actor_id, "campaign.state_changed", before=before, after=state)


async def create_location(
    session: AsyncSession,
    principal: Principal,
    campaign_id: UUID,
    body: LocationCreate,
    *,
    policy: OutboundPolicy,
) -> Location:
    values = msgspec.structs.asdict(body)
    _clean_location(values, policy)
    rules.refuse_half_position(body.latitude, body.longitude)
    # The lock makes two requests at the cap take turns.
    await queries.get_locked_campaign(session, principal.tenant_id, campaign_id)
    if await queries.count_locations(session, campaign_id) >= rules.MAX_LOCATIONS:
        raise Invalid(
            f"a campaign has at most {rules.MAX_LOCATIONS:,} locations", code="too_many_locations"
        )
    location = Location(
        tenant_id=principal.tenant_id, id=new_id(), campaign_id=campaign_id, **values
    )
    session.add(location)
    await session.flush()
    return location


async def update_location(
    session: AsyncSession,
    principal: Principal,
    campaign_id: UUID,
    location_id: UUID,
    body: LocationUpdate,
    *,
    policy: OutboundPolicy,
) -> Location:
    # The lock keeps two changes from leaving half a position between them.
    await queries.get_locked_campaign(session, principal.tenant_id, campaign_id)
    location = await queries.get_location(session, principal.tenant_id, campaign_id, location_id)
    changes = _changes(body)
    _clean_location(changes, policy)
    for name, value in changes.items():
        setattr(location, name, value)
    rules.refuse_half_position(location.latitude, location.longitude)
    await session.flush()
    return location


async def remove_location(
    session: AsyncSession, principal: Principal, campaign_id: UUID, location_id: UUID
) -> None:
    found = await queries.get_location(session, principal.tenant_id, campaign_id, location_id)
    await session.delete(found)
    await session.flush()


async def create_competitor(
    session: AsyncSession, principal: Principal, campaign_id: UUID, body: CompetitorCreate
) -> Competitor:
    domain = rules.parse_domain(body.domain)
    await queries.get_locked_campaign(session, principal.tenant_id, campaign_id)
    if await queries.count_competitors(session, campaign_id) >= rules.MAX_COMPETITORS:
        raise Invalid(
            f"a campaign has at most {rules.MAX_COMPETITORS} competitors",
            code="too_many_competitors",
        )
    competitor = Competitor(
        tenant_id=principal.tenant_id,
        id=new_id(),
        campaign_id=campaign_id,
        name=body.name or domain,
        domain=domain,
    )
    session.add(competitor)
    await _flush_competitor(session)
    return competitor


async def update_competitor(
    session: AsyncSession,
    principal: Principal,
    campaign_id: UUID,
    competitor_id: UUID,
    body: CompetitorUpdate,
) -> Competitor:
    found = await queries.get_competitor(session, principal.tenant_id, campaign_id, competitor_id)
    if body.domain is not UNSET:
        found.domain = rules.parse_domain(body.domain)
    if body.name is not UNSET:
        found.name = body.name
    await _flush_competitor(session)
    return found


async def remove_competitor(
    session: AsyncSession, principal: Principal, campaign_id: UUID, competitor_id: UUID
) -> None:
    found = await queries.get_competitor(session, principal.tenant_id, campaign_id, competitor_id)
    await session.delete(found)
    await session.flush()


async def _flush_competitor(session: AsyncSession) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict(
            "this campaign already has that competitor", field="domain", code="competitor_exists"
        ) from error


def _changes(body: msgspec.Struct) -> dict[str, object]:
    return {k: v for k, v in msgspec.structs.asdict(body).items() if v is not UNSET}


def _clean_location(values: dict[str, object], policy: OutboundPolicy) -> None:
    _clean_url(values, "landing_url", policy)
    if "country" in values:
        values["country"] = str(values["country"]).upper()


def _clean_url(values: dict[str, object], field: str, policy: OutboundPolicy) -> None:
    if url := values.get(field):
        values[field] = rules.parse_site_url(str(url), policy, field=field)


def _note(
    session: AsyncSession,
    campaign: Campaign,
    actor_id: UUID | None,
    action: str,
    **detail: object,
) -> None:
    audit_log.record(
        session,
        tenant_id=campaign.tenant_id,
        actor_id=actor_id,
        action=action,
        target=campaign.id,
        **detail,
    )
