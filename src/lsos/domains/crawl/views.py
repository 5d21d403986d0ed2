"""Rows of a crawl as answer bodies."""

from typing import Any

import msgspec

from lsos.core.clock import now
from lsos.domains.crawl.rules import RunSettings
from lsos.domains.crawl.schemas import PageView, Progress, RunView, ScoreBasis


def run_view(run: Any) -> RunView:
    """Of a run, or of a row with its columns."""
    settings = msgspec.convert(run.settings, RunSettings)
    return RunView(
        id=run.id,
        campaign_id=run.campaign_id,
        state=run.state,
        phase=run.phase,
        mode=settings.mode,
        start_url=str((run.site or run.settings)["start_url"]),
        progress=Progress(
            admitted=run.admitted,
            done=run.done,
            pages=run.pages,
            errors=run.errors,
            unmeasured=run.unmeasured,
            reused=run.reused,
            bytes=run.bytes,
            max_pages=settings.max_pages,
            pages_per_s=_rate(run),
        ),
        is_cut_off=run.is_cut_off,
        technical_score=run.technical_score,
        score=None if run.score is None else msgspec.convert(run.score, ScoreBasis),
        issue_counts=run.issue_counts,
        failed_checks=run.failed_checks,
        reason_code=run.reason_code,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
    )


def _rate(run: Any) -> float | None:
    if run.started_at is None:
        return None
    seconds = ((run.finished_at or now()) - run.started_at).total_seconds()
    return round(run.done / seconds, 1) if seconds > 0 else None


def page_view(row: Any) -> PageView:
    return PageView(
        url=row.url,
        depth=row.depth,
        status=row.status or None,
        error=row.error,
        redirect_url=row.redirect_url,
        content_type=row.content_type,
        title=row.title,
        canonical=row.canonical,
        words=row.words,
        body_bytes=row.body_bytes,
        ttfb_ms=row.ttfb_ms,
        is_html=row.is_html,
        is_indexable=row.is_indexable,
        is_reused=row.is_reused,
        fetched_at=row.fetched_at,
    )
