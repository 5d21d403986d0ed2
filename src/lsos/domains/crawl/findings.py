"""Findings of a run as they are stored: what a check found about one URL or host."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Select, func, literal_column, select, text, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by, array
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.base import SEVERITIES, Severity
from lsos.domains.crawl.models import CrawlFinding
from lsos.reader.protocol import FindingRow

CHUNK = 5_000

SEVERITY_RANK = func.array_position(
    array([literal_column(f"'{severity}'") for severity in SEVERITIES]), CrawlFinding.severity
)
_COLUMNS = (
    CrawlFinding.run_id,
    CrawlFinding.code,
    CrawlFinding.severity,
    CrawlFinding.scope,
    CrawlFinding.subject,
    CrawlFinding.url,
    CrawlFinding.count,
    CrawlFinding.evidence,
)
_INSERT = text("""
    insert into crawl_findings (tenant_id, run_id, code, subject, severity, scope, url, count,
        evidence)
    select :tenant_id, :run_id, u.code, u.subject, u.severity, u.scope, u.url, u.count,
        cast(u.evidence as jsonb)
    from unnest(
        cast(:code as text[]), cast(:subject as bigint[]), cast(:severity as text[]),
        cast(:scope as text[]), cast(:url as text[]), cast(:count as int[]),
        cast(:evidence as text[])
    ) as u (code, subject, severity, scope, url, count, evidence)
    on conflict do nothing
""")
_FAILED = text("""
    update crawl_runs set failed_checks = failed_checks || (
        select jsonb_object_agg(u.code, u.count + coalesce((failed_checks ->> u.code)::int, 0))
        from unnest(cast(:codes as text[]), cast(:counts as int[])) as u (code, count)
    )
    where tenant_id = :tenant_id and id = :run_id
""")


async def insert_findings(
    session: AsyncSession, ids: dict[str, UUID], findings: Sequence[FindingRow]
) -> None:
    """One that is already there stays as it is."""
    ordered = sorted(findings, key=lambda f: (f.code, f.subject))
    for at in range(0, len(ordered), CHUNK):
        chunk = ordered[at : at + CHUNK]
        await session.execute(
            _INSERT,
            {
                **ids,
                "code": [f.code for f in chunk],
                "subject": [f.subject for f in chunk],
                "severity": [f.severity for f in chunk],
                "scope": [f.scope for f in chunk],
                "url": [f.url for f in chunk],
                "count": [f.count for f in chunk],
                "evidence": [f.evidence for f in chunk],
            },
        )


async def count_failed_checks(
    session: AsyncSession, ids: dict[str, UUID], codes: Iterable[str]
) -> None:
    """Add checks that crashed, a code once per crash, to those of the run."""
    if counts := Counter(codes):
        await session.execute(
            _FAILED, {**ids, "codes": list(counts), "counts": list(counts.values())}
        )


Without = Select[str, int]
"""Codes and subjects of findings to leave out."""


def _of_run(run_id: UUID, without: Without | None) -> ColumnElement[bool]:
    of_run = CrawlFinding.run_id == run_id
    if without is None:
        return of_run
    return of_run & tuple_(CrawlFinding.code, CrawlFinding.subject).not_in(without)


class FindingFilter(NamedTuple):
    code: str | None = None
    severity: str | None = None
    without: Without | None = None


async def list_findings(
    session: AsyncSession,
    run_id: UUID,
    wanted: FindingFilter,
    after: tuple[int, str, int] | None,
    limit: int,
) -> Sequence[Any]:
    """Stored findings with their `rank` of severity: worst first, then by code and subject."""
    query = (
        select(*_COLUMNS, SEVERITY_RANK.label("rank"))
        .where(_of_run(run_id, wanted.without))
        .order_by(SEVERITY_RANK, CrawlFinding.code, CrawlFinding.subject)
        .limit(limit + 1)
    )
    if wanted.code is not None:
        query = query.where(CrawlFinding.code == wanted.code)
    if wanted.severity is not None:
        query = query.where(CrawlFinding.severity == wanted.severity)
    if after is not None:
        query = query.where(tuple_(SEVERITY_RANK, CrawlFinding.code, CrawlFinding.subject) > after)
    return (await session.execute(query)).all()


async def find_finding(session: AsyncSession, run_id: UUID, code: str, subject: int) -> Any | None:
    rows = await session.execute(
        select(*_COLUMNS).where(
            CrawlFinding.run_id == run_id,
            CrawlFinding.code == code,
            CrawlFinding.subject == subject,
        )
    )
    return rows.one_or_none()


async def stream_findings(session: AsyncSession, run_id: UUID) -> AsyncIterator[Any]:
    """All findings of a run, worst first, in bounded memory."""
    statement = (
        select(*_COLUMNS)
        .where(CrawlFinding.run_id == run_id)
        .order_by(SEVERITY_RANK, CrawlFinding.code, CrawlFinding.url)
    )
    result = await session.stream(statement.execution_options(yield_per=1_000))
    async for row in result:
        yield row


async def list_first_evidence(session: AsyncSession, run_id: UUID) -> Sequence[Any]:
    """(code, severity, scope, subject, url, first evidence) of all findings, in a fixed order."""
    rows = await session.execute(
        select(
            CrawlFinding.code,
            CrawlFinding.severity,
            CrawlFinding.scope,
            CrawlFinding.subject,
            CrawlFinding.url,
            CrawlFinding.evidence[0],
        )
        .where(CrawlFinding.run_id == run_id)
        .order_by(CrawlFinding.code, CrawlFinding.url, CrawlFinding.subject)
    )
    return rows.all()


class Subjects(NamedTuple):
    """All that one check found at one severity."""

    code: str
    severity: Severity
    scope: str
    keys: list[int]
    hosts: list[str]
    """Names of the subjects of scope host."""


async def stream_subjects(
    session: AsyncSession, run_id: UUID, without: Without
) -> AsyncIterator[Subjects]:
    """What the findings of a run are about, a check at a time: memory grows with its pages only."""
    named = aggregate_order_by(CrawlFinding.url, CrawlFinding.url)
    hosts = func.array_agg(named).filter(CrawlFinding.scope == "host")
    statement = (
        select(
            CrawlFinding.code,
            CrawlFinding.severity,
            CrawlFinding.scope,
            func.array_agg(CrawlFinding.subject),
            hosts,
        )
        .where(_of_run(run_id, without))
        .group_by(CrawlFinding.code, CrawlFinding.severity, CrawlFinding.scope)
        .order_by(CrawlFinding.code, CrawlFinding.severity)
    )
    result = await session.stream(statement.execution_options(yield_per=1))
    async for code, severity, scope, keys, names in result:
        severity_ = msgspec.convert(severity, Severity)
        yield Subjects(code, severity_, scope, list(keys), list(names or ()))


async def count_findings(
    session: AsyncSession, run_id: UUID, without: Without | None = None
) -> Sequence[Any]:
    """(code, severity, findings, a URL as example) in a fixed order."""
    rows = await session.execute(
        select(CrawlFinding.code, CrawlFinding.severity, func.count(), func.min(CrawlFinding.url))
        .where(_of_run(run_id, without))
        .group_by(CrawlFinding.code, CrawlFinding.severity)
        .order_by(CrawlFinding.code, CrawlFinding.severity)
    )
    return rows.all()


async def list_worst_urls(
    session: AsyncSession, run_id: UUID, without: Without, limit: int
) -> list[tuple[str, dict[str, int]]]:
    """URLs with a critical or high finding, by severity: the most critical ones first."""
    severities = ("critical", "high", "medium", "low")
    counted = [func.count().filter(CrawlFinding.severity == name) for name in severities]
    is_severe = CrawlFinding.severity.in_(("critical", "high"))
    rows = await session.execute(
        select(CrawlFinding.url, *counted)
        .where(_of_run(run_id, without), CrawlFinding.scope != "host")
        .group_by(CrawlFinding.url)
        .having(func.count().filter(is_severe) > 0)
        .order_by(*(count.desc() for count in counted), CrawlFinding.url)
        .limit(limit)
    )
    return [(url, dict(zip(severities, counts, strict=True))) for url, *counts in rows]
