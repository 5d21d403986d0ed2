"""Use cases of recommendations: refresh them from measurements, and change their state."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.core.errors import Conflict, Forbidden, PreconditionFailed
from lsos.core.http.principal import Principal
from lsos.domains.campaigns import queries as campaigns
from lsos.domains.campaigns.rules import matches_version
from lsos.domains.intelligence import queries
from lsos.domains.intelligence.findings import Crawled, proven_absent, read_crawl
from lsos.domains.intelligence.models import CampaignScore, Recommendation, RecommendationEvent
from lsos.domains.intelligence.rules import (
    ADMIN_TIER,
    TRANSITIONS,
    UNEXECUTED,
    Candidate,
    Known,
    State,
    Step,
    allowed,
    campaign_score,
    compile_candidates,
    step_when_found,
    step_when_gone,
)
from lsos.domains.reference.rules import Release
from lsos.room import Joints
from lsos.signals import Signal

FIGURES = ("title", "impact", "effort", "confidence", "risk_tier", "priority")


class Refreshed(NamedTuple):
    created: int
    updated: int
    moved: dict[str, int]
    """Changes of state by the rules, by the state that was entered."""
    without_advice: list[str]
    score: float | None


class _Measured(NamedTuple):
    """What was measured last, by room."""

    crawled: Crawled | None
    signals: list[Signal]
    began_at: dict[str, datetime | None]
    """By room, and by code where the rest of the room does not matter."""

    def began_at_of(self, code: str, room: str) -> datetime | None:
        """When the readings began that a verdict on this code rests on."""
        return self.began_at.get(code) if code in self.began_at else self.began_at.get(room)


async def refresh(
    session: AsyncSession,
    tenant_id: UUID,
    campaign_id: UUID,
    release: Release,
    rooms: Joints,
) -> Refreshed:
    """Bring recommendations and score in line with the newest measurements; idempotent.

    NotFound when the campaign has gone. Refreshes of one campaign wait for each other.
    """
    campaign = await campaigns.get_campaign(session, tenant_id, campaign_id)
    lock = f"intelligence:{campaign_id}"
    await session.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": lock}
    )
    measured = await _read(session, campaign_id, campaign.services, rooms)
    groups = measured.crawled.groups if measured.crawled else []
    candidates, silent = compile_candidates(groups, measured.signals, release)
    ledger = _Ledger(session, tenant_id, campaign_id)
    missing = ledger.match(
        candidates,
        await queries.lock_open(session, campaign_id),
        await queries.list_newest_ended(session, campaign_id),
    )
    await _settle(session, ledger, missing, measured)
    await session.flush()
    score = await _score(session, tenant_id, campaign_id, release, rooms)
    return Refreshed(ledger.created, ledger.updated, ledger.moved, silent, score)


async def _read(
    session: AsyncSession, campaign_id: UUID, services: list[str], rooms: Joints
) -> _Measured:
    crawled = await read_crawl(session, campaign_id, services)
    began_at: dict[str, datetime | None] = {"crawl": crawled.began_at if crawled else None}
    signals: list[Signal] = []
    for source in rooms.signal_sources:
        signals += await source.signals(session, campaign_id)
        began_at[source.room] = await source.measured_at(session, campaign_id)
        for code, measured_at in source.measured_at_of.items():
            began_at[code] = await measured_at(session, campaign_id)
    return _Measured(crawled, signals, began_at)


class _Ledger:
    """Writes what a refresh finds, and counts it."""

    def __init__(self, session: AsyncSession, tenant_id: UUID, campaign_id: UUID) -> None:
        self._session = session
        self._ids = {"tenant_id": tenant_id, "campaign_id": campaign_id}
        self.created = 0
        self.updated = 0
        self.moved: dict[str, int] = {}

    def match(
        self,
        candidates: Iterable[Candidate],
        open_rows: Iterable[Recommendation],
        ended_rows: Iterable[Recommendation],
    ) -> list[Recommendation]:
        """Create, update and move; returns the rows whose fault is not among the candidates.

        One that a person rejected or archived keeps new ones away as long as its fault stays:
        until a measurement has shown it gone, which sets its affected count to 0.
        """
        left = {candidate.key: candidate for candidate in candidates}
        missing = []
        for row in open_rows:
            candidate = left.pop((row.code, row.group_key), None)
            if candidate is None:
                missing.append(row)
            else:
                self._update(row, candidate)
        for row in ended_rows:
            if row.state == "verified" or not _count(row):
                continue
            if left.pop((row.code, row.group_key), None) is None:
                missing.append(row)
        for candidate in left.values():
            self._create(candidate)
        return missing

    def _create(self, candidate: Candidate) -> None:
        row = Recommendation(
            id=new_id(),
            **self._ids,
            code=candidate.code,
            group_key=candidate.group_key,
            room=candidate.room,
            state="generated",
            first_seen_at=candidate.measured_at,
            last_seen_at=candidate.measured_at,
            version=1,
            **_figures(candidate),
        )
        self._session.add(row)
        self._note(row, None, Step("generated", "found by a measurement"))
        self.created += 1
        self._follow(row, candidate)

    def _update(self, row: Recommendation, candidate: Candidate) -> None:
        figures = _figures(candidate)
        seen = (*FIGURES, "affected")
        if any(getattr(row, name) != figures[name] for name in seen):
            row.version += 1
            self.updated += 1
        for name, value in figures.items():
            if getattr(row, name) != value:
                setattr(row, name, value)
        row.last_seen_at = candidate.measured_at
        self._follow(row, candidate)

    def _follow(self, row: Recommendation, candidate: Candidate) -> None:
        if step := step_when_found(known_of(row), candidate):
            self.move(row, step)

    def move(self, row: Recommendation, step: Step) -> None:
        self._note(row, row.state, step)
        row.state = step.state
        row.version += 1
        if step.state == "verified":
            row.verified_at = now()
        self.moved[step.state] = self.moved.get(step.state, 0) + 1

    def _note(self, row: Recommendation, before: str | None, step: Step) -> None:
        self._session.add(
            RecommendationEvent(
                id=new_id(),
                **self._ids,
                recommendation_id=row.id,
                from_state=before,
                to_state=step.state,
                actor_id=None,
                note=step.note,
                created_at=now(),
            )
        )


async def _settle(
    session: AsyncSession, ledger: _Ledger, missing: list[Recommendation], measured: _Measured
) -> None:
    """Decide about recommendations whose fault no longer shows."""
    crawled = measured.crawled
    samples = {row.id: _sample(row) for row in missing if row.room == "crawl"}
    absent = await proven_absent(session, crawled, samples) if crawled else frozenset()
    for row in missing:
        if crawled and row.room == "crawl" and (why := _excused(row, crawled)):
            if row.state in UNEXECUTED:
                ledger.move(row, Step("archived", why))
                row.affected = {**row.affected, "count": 0}
            continue
        is_proven = row.room != "crawl" or row.id in absent
        began_at = measured.began_at_of(row.code, row.room)
        if not is_proven or began_at is None or began_at <= row.last_seen_at:
            continue
        if step := step_when_gone(known_of(row), began_at):
            ledger.move(row, step)
            row.affected = {**row.affected, "count": 0}
        elif row.state in ("rejected", "archived"):
            row.affected = {**row.affected, "count": 0}


def _excused(row: Recommendation, crawled: Crawled) -> str:
    """Why the absence of a finding proves nothing."""
    if row.code in crawled.disabled:
        return "its check is switched off"
    if (row.code, row.group_key) in crawled.ignored:
        return "all its findings are ignored"
    return ""


async def _score(
    session: AsyncSession,
    tenant_id: UUID,
    campaign_id: UUID,
    release: Release,
    rooms: Joints,
) -> float | None:
    values = {
        source.part: await source.value(session, campaign_id) for source in rooms.score_sources
    }
    score = campaign_score(values, release.metrics.campaign_score_weights)
    at = now()
    row = {
        "score": score.value,
        "parts": score.parts,
        "library_version": release.version,
        "computed_at": at,
    }
    key = {"tenant_id": tenant_id, "campaign_id": campaign_id, "day": at.date()}
    statement = insert(CampaignScore).values(**key, **row)
    await session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=row))
    return score.value


async def change_state(
    session: AsyncSession,
    principal: Principal,
    recommendation_id: UUID,
    state: State,
    note: str,
    if_match: str | None,
) -> Recommendation:
    """Move a recommendation by hand.

    PreconditionFailed when `if_match` is not its version, Conflict for an illegal transition,
    Forbidden when its risk needs a tenant_admin.
    """
    row = await queries.get_recommendation(
        session, principal.tenant_id, recommendation_id, lock=True
    )
    if if_match is not None and not matches_version(if_match, row.version):
        raise PreconditionFailed(
            "this recommendation has changed; read it again",
            field="If-Match",
            detail={"version": row.version},
        )
    before = cast(State, row.state)
    if "person" not in TRANSITIONS.get((before, state), ()):
        by_rules = "; only the rules do that" if (before, state) in TRANSITIONS else ""
        raise Conflict(
            f"a recommendation can't go from {before} to {state} by hand{by_rules}",
            field="state",
            code="illegal_transition",
            detail={"from": before, "to": state, "allowed": allowed(before, "person")},
        )
    needs_admin = state == "approved" and row.risk_tier >= ADMIN_TIER
    if needs_admin and principal.role not in ("tenant_admin", "platform_admin"):
        raise Forbidden(
            f"risk tier {row.risk_tier} needs the approval of a tenant_admin",
            code="approval_needs_tenant_admin",
            detail={"risk_tier": row.risk_tier, "role": principal.role},
        )
    at = now()
    session.add(
        RecommendationEvent(
            id=new_id(),
            tenant_id=row.tenant_id,
            campaign_id=row.campaign_id,
            recommendation_id=row.id,
            from_state=before,
            to_state=state,
            actor_id=principal.user_id,
            note=note,
            created_at=at,
        )
    )
    row.state = state
    row.version += 1
    if state == "executed":
        row.executed_at = at
    elif state == "scheduled":
        row.executed_at = None
    await session.flush()
    return row


def known_of(row: Recommendation) -> Known:
    return Known(
        id=row.id,
        code=row.code,
        group_key=row.group_key,
        room=row.room,
        state=cast(State, row.state),
        executed_at=row.executed_at,
        affected_count=_count(row),
    )


def _figures(candidate: Candidate) -> dict[str, object]:
    named = {name: getattr(candidate, name) for name in (*FIGURES, "library_version", "evidence")}
    return {**named, "affected": msgspec.to_builtins(candidate.affected)}


def _count(row: Recommendation) -> float:
    return float(str(row.affected.get("count", 0)))


def _sample(row: Recommendation) -> list[str]:
    sample = row.affected.get("sample")
    return [str(url) for url in sample] if isinstance(sample, list) else []
