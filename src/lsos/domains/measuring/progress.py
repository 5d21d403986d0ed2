"""How far a run is: what it asks next, what came of it, and how it ends."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.domains.campaigns import service as campaigns
from lsos.domains.measuring import queries, rules
from lsos.domains.measuring.kind import AnyKind, Outcome
from lsos.domains.measuring.models import Measurement
from lsos.domains.measuring.rules import Reason, Run, State

AnyOutcome = Outcome[Any, Any]


class Lot(NamedTuple):
    """What is asked for together."""

    units: list[Any]
    keys: list[str]
    """In order; also those between the units that are done already."""


async def start(
    session: AsyncSession, kind: AnyKind, tenant_id: UUID, run_id: UUID, source: str
) -> Run | None:
    """The run, set to running on its first slice; None when it has ended."""
    row = await queries.get_row(session, tenant_id, run_id, kind.name, is_locked=True)
    if row.state not in rules.OPEN_STATES:
        return None
    if row.state == "queued":
        # The day is that of the first question, not that of the order.
        at = now()
        row.state, row.day, row.source = "running", at.date(), source
        row.deadline_at = rules.next_deadline(at, at, kind.patience)
        run = queries.run_of(row)
        row.total = await kind.count(session, run)
        if kept := await kind.kept(session, run):
            row.counts, row.done = {rules.KEPT: kept}, kept
        await session.flush()
    return queries.run_of(row)


async def next_lot(session: AsyncSession, kind: AnyKind, run: Run, limit: int) -> tuple[Lot, Run]:
    """The next units that nobody was asked for in this run; no unit: the end."""
    after, keys, ahead = run.cursor, list[str](), set(run.ahead)
    while found := await kind.units(session, run, after, limit):
        named = [(kind.key(unit), unit) for unit in found]
        after = named[-1][0]
        keys += [key for key, _ in named]
        units = [unit for key, unit in named if key not in ahead]
        if units:
            return Lot(units, keys), await _begin(session, kind, run)
    return Lot([], keys), run


async def record(
    session: AsyncSession,
    kind: AnyKind,
    run: Run,
    keys: list[str],
    outcomes: Sequence[AnyOutcome],
    calls: int,
) -> Run:
    """Store a batch and how far the run has come with it, in one go.

    Answers to a run that has ended meanwhile are stored as well: they were paid for.
    """
    row = await queries.get_row(session, run.tenant_id, run.id, kind.name, is_locked=True)
    row.calls += calls
    if outcomes:
        await kind.store(session, queries.run_of(row), outcomes)
        # Whoever has taken the run over counts these units by himself.
        if (row.cursor, row.ahead) == (run.cursor, run.ahead):
            _advance(kind, row, keys, outcomes)
    await session.flush()
    return queries.run_of(row)


async def finish(
    session: AsyncSession, kind: AnyKind, run: Run, reason: Reason | None
) -> tuple[Run, Mapping[str, object]] | None:
    """End a run, the rest unmeasured for that reason; None when it has ended before.

    Also what its kind adds to the summary.
    """
    row = await queries.get_row(session, run.tenant_id, run.id, kind.name, is_locked=True)
    if row.state not in rules.OPEN_STATES:
        return None
    await end(session, kind, row, reason)
    facts = await kind.finish(session, queries.run_of(row))
    return queries.run_of(row), facts


async def fail(
    session: AsyncSession, kind: AnyKind, tenant_id: UUID, run_id: UUID, reason_code: str
) -> None:
    """The job of the run is dead: what was not asked for stays unmeasured."""
    row = await queries.get_row(session, tenant_id, run_id, kind.name, is_locked=True)
    if row.state in rules.OPEN_STATES:
        await end(session, kind, row, rules.reason_of(reason_code))


async def _begin(session: AsyncSession, kind: AnyKind, run: Run) -> Run:
    if run.began_at is not None:
        return run
    row = await queries.get_row(session, run.tenant_id, run.id, kind.name, is_locked=True)
    row.began_at = row.began_at or now()
    await session.flush()
    return queries.run_of(row)


def _advance(
    kind: AnyKind, row: Measurement, keys: list[str], outcomes: Sequence[AnyOutcome]
) -> None:
    counts = queries.run_of(row).counts
    for outcome in outcomes:
        counts[outcome.state] = counts.get(outcome.state, 0) + 1
    if row.state in rules.OPEN_STATES:
        at = now()
        row.deadline_at = rules.next_deadline(row.began_at or at, at, kind.patience)
    elif left := counts.pop(rules.UNMEASURED, 0):
        # It ended while these were under way, and counted them as not asked for.
        counts |= {rules.UNMEASURED: left - len(outcomes)} if left > len(outcomes) else {}
    done = {*row.ahead, *(outcome.key for outcome in outcomes)}
    row.cursor, row.ahead = rules.advanced(keys, done, row.cursor)
    row.counts, row.done = {**counts}, sum(counts.values())


async def end(
    session: AsyncSession,
    kind: AnyKind,
    row: Measurement,
    reason: Reason | None,
    state: State | None = None,
) -> None:
    run = queries.run_of(row)
    counts = run.counts
    if reason is not None:
        left = await kind.count(session, run) - sum(counts.values())
        if left > 0:
            counts[rules.UNMEASURED] = left
    elif not counts:
        reason = rules.reason_of(kind.nothing)
    ended, reason = rules.ending(counts, reason)
    row.state, row.finished_at = state or ended, now()
    row.counts, row.total, row.done = {**counts}, sum(counts.values()), sum(counts.values())
    row.reason_code, row.reason = reason or (None, None)
    await session.flush()
    if counts.get(rules.UNMEASURED):
        await kind.store_unmeasured(session, queries.run_of(row))
    if not run.scope:
        has_failed = row.state in ("failed", "cancelled")
        is_skipped = not counts
        code = row.reason_code if has_failed or is_skipped else None
        await finish_step(
            session, kind, row.tenant_id, row.campaign_id, code, is_skipped=is_skipped
        )


async def finish_step(
    session: AsyncSession,
    kind: AnyKind,
    tenant_id: UUID,
    campaign_id: UUID,
    reason_code: str | None,
    *,
    is_skipped: bool = False,
) -> None:
    if kind.baseline_step is not None:
        await campaigns.finish_step(
            session, tenant_id, campaign_id, kind.baseline_step, reason_code, is_skipped=is_skipped
        )
