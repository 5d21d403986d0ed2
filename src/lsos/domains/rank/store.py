"""Writes outcomes of a run: one statement a batch, and no error over a measured value."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.domains.measuring.rules import Run
from lsos.domains.rank.rules import Organic, Place, RankResult

_JSON = msgspec.json.Encoder()


class Outcome(msgspec.Struct, frozen=True):
    keyword_id: UUID
    measured_at: datetime
    result: RankResult


# A keyword that is deleted meanwhile has no outcome; the lock keeps the others until the commit.
# Apart from the insert: joined, a planner without statistics compares every pair.
_KEPT = text("""
    select id from keywords
    where tenant_id = :tenant_id and id = any(cast(:ids as uuid[])) for key share
""")
_UPSERT = text("""
    insert into rank_snapshots (tenant_id, keyword_id, day, campaign_id, run_id, measured_at,
        state, position, url, pack_state, pack_position, results, pack, features, source,
        error_code)
    select :tenant_id, u.keyword_id, cast(:day as date), :campaign_id, :run_id, u.measured_at,
        u.state, u.position, u.url, u.pack_state, u.pack_position, cast(u.results as jsonb),
        cast(u.pack as jsonb), cast(u.features as jsonb), :source, u.error_code
    from unnest(
        cast(:keyword_id as uuid[]), cast(:measured_at as timestamptz[]), cast(:state as text[]),
        cast(:position as int[]), cast(:url as text[]), cast(:pack_state as text[]),
        cast(:pack_position as int[]), cast(:results as text[]), cast(:pack as text[]),
        cast(:features as text[]), cast(:error_code as text[])
    ) as u (keyword_id, measured_at, state, position, url, pack_state, pack_position, results,
        pack, features, error_code)
    on conflict (tenant_id, keyword_id, day) do update set
        run_id = excluded.run_id, measured_at = excluded.measured_at, state = excluded.state,
        position = excluded.position, url = excluded.url, pack_state = excluded.pack_state,
        pack_position = excluded.pack_position, results = excluded.results,
        pack = excluded.pack, features = excluded.features, source = excluded.source,
        error_code = excluded.error_code
    where rank_snapshots.state in ('error', 'unmeasured')
""")
_UNMEASURED = text("""
    insert into rank_snapshots (tenant_id, keyword_id, day, campaign_id, run_id, measured_at,
        state, pack_state, results, pack, features, source, error_code)
    select :tenant_id, k.id, cast(:day as date), :campaign_id, :run_id, now(), 'unmeasured',
        'unmeasured', '[]', '[]', '[]', :source, :error_code
    from keywords k
    where k.tenant_id = :tenant_id and k.campaign_id = :campaign_id and k.is_active
    for key share of k
    on conflict (tenant_id, keyword_id, day) do nothing
""")


async def store(session: AsyncSession, run: Run, outcomes: Sequence[Outcome]) -> None:
    """Insert outcomes of the run's day; what was an error or unmeasured is replaced."""
    ids = [outcome.keyword_id for outcome in outcomes]
    parameters = {"tenant_id": run.tenant_id, "ids": ids}
    kept = set((await session.execute(_KEPT, parameters)).scalars())
    ordered = sorted(
        (outcome for outcome in outcomes if outcome.keyword_id in kept),
        key=lambda outcome: outcome.keyword_id,
    )
    if not ordered:
        return
    results = [outcome.result for outcome in ordered]
    await session.execute(
        _UPSERT,
        {
            **_of_run(run),
            "keyword_id": [outcome.keyword_id for outcome in ordered],
            "measured_at": [outcome.measured_at for outcome in ordered],
            "state": [r.state for r in results],
            "position": [r.position for r in results],
            "url": [r.url for r in results],
            "pack_state": [r.pack_state for r in results],
            "pack_position": [r.pack_position for r in results],
            "results": [_json([_organic(o) for o in r.results]) for r in results],
            "pack": [_json(r.pack) for r in results],
            "features": [_json(r.features) for r in results],
            "error_code": [r.error_code for r in results],
        },
    )


async def store_unmeasured(session: AsyncSession, run: Run) -> None:
    """What the run has not come to; an outcome of the day stays as it is."""
    await session.execute(_UNMEASURED, {**_of_run(run), "error_code": run.reason_code})


def read_organic(rows: Sequence[object]) -> list[Organic]:
    return [Organic(*msgspec.convert(row, tuple[int, str, str])) for row in rows]


def read_places(rows: Sequence[object]) -> list[Place]:
    return msgspec.convert(rows, list[Place])


def _organic(found: Organic) -> tuple[int, str, str]:
    return found.position, found.url, found.title


def _json(value: object) -> str:
    return _JSON.encode(value).decode()


def _of_run(run: Run) -> dict[str, UUID | date | str]:
    return {
        "tenant_id": run.tenant_id,
        "campaign_id": run.campaign_id,
        "run_id": run.id,
        "day": run.day,
        "source": run.source,
    }
