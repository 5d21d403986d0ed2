"""Reads of issues and of the settings of checks."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.engine import CheckSetting
from lsos.core.resources import Resources
from lsos.domains.audit.models import CheckSettings, IgnoredIssue
from lsos.domains.crawl import findings
from lsos.domains.crawl.queries import ReadCheckSettings, check_settings


class IssueFilter(NamedTuple):
    code: str | None = None
    severity: str | None = None
    show_ignored: bool = False


def _ignored(campaign_id: UUID) -> ColumnElement[bool]:
    """Decisions of the campaign that hold now."""
    is_current = IgnoredIssue.until.is_(None) | (IgnoredIssue.until > func.now())
    return (IgnoredIssue.campaign_id == campaign_id) & is_current


def ignored_issues(campaign_id: UUID) -> findings.Without:
    """What neither counts nor scores, lists and reports of the campaign are about."""
    return select(IgnoredIssue.code, IgnoredIssue.subject).where(_ignored(campaign_id))


async def list_issues(
    session: AsyncSession,
    run_id: UUID,
    campaign_id: UUID,
    wanted: IssueFilter,
    after: tuple[int, str, int] | None,
    limit: int,
) -> Sequence[Any]:
    """Findings of a run, worst first, then by code and subject; without the ignored ones unless
    they are asked for.
    """
    without = None if wanted.show_ignored else ignored_issues(campaign_id)
    chosen = findings.FindingFilter(wanted.code, wanted.severity, without)
    return await findings.list_findings(session, run_id, chosen, after, limit)


async def ignored_reasons(
    session: AsyncSession, campaign_id: UUID, issues: Sequence[tuple[str, int]] | None = None
) -> dict[tuple[str, int], str]:
    """Why issues are ignored, by code and subject: of these, or of the whole campaign."""
    query = select(IgnoredIssue.code, IgnoredIssue.subject, IgnoredIssue.reason).where(
        _ignored(campaign_id)
    )
    if issues is not None:
        query = query.where(tuple_(IgnoredIssue.code, IgnoredIssue.subject).in_(issues))
    return {(code, subject): reason for code, subject, reason in await session.execute(query)}


async def list_check_settings(session: AsyncSession) -> dict[str, CheckSetting]:
    """What the tenant has set of its own, by code."""
    rows = await session.scalars(select(CheckSettings).order_by(CheckSettings.code))
    return {row.code: setting_of(row) for row in rows}


async def settings_for_run(session: AsyncSession) -> dict[str, object]:
    """What a run that begins now is judged by, as it is stored with the run."""
    settings = await list_check_settings(session)
    own = {code: setting for code, setting in settings.items() if setting != CheckSetting()}
    return {code: msgspec.to_builtins(setting) for code, setting in own.items()}


async def provide_check_settings(resources: Resources) -> None:
    """Let runs of the crawl, which lies below, begin with the tenant's settings."""
    read: ReadCheckSettings = settings_for_run
    resources.put(check_settings, read)


def setting_of(row: CheckSettings) -> CheckSetting:
    return msgspec.convert(
        {"is_enabled": row.is_enabled, "severity": row.severity, "limits": row.limits},
        CheckSetting,
        strict=False,
    )
