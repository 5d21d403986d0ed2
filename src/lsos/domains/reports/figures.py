"""What the dashboard and the platform's health show of reports."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from lsos.core.cadence import Kind
from lsos.core.http.schema import Out
from lsos.domains.reports.policy import (
    DUE_WINDOW_S,
    ON_TIME_S,
    DeliveryState,
    ReportState,
    RunStatus,
)
from lsos.room import Statement


class LatestReport(Out):
    """The newest report of the campaign."""

    id: UUID
    """Id of the report."""
    state: ReportState
    """State of the report."""
    reason_code: str | None
    """Why it failed or waits; null: nothing to say."""
    created_at: datetime
    """When it was ordered."""
    finished_at: datetime | None
    """When it was stored or failed; null: not yet."""
    deliveries_by_state: dict[DeliveryState, int]
    """Its e-mails by state; empty: it has none."""


class ScheduleStatus(Out):
    """The report schedule of the campaign, and how it fares."""

    cadence: Kind
    """How often a report is made."""
    is_enabled: bool
    """false: switched off, by a person or after too many failures."""
    next_due_at: datetime | None
    """When the next report is due; null: the schedule is switched off."""
    last_due_at: datetime | None
    """When a report was last due; null: none was yet."""
    last_status: RunStatus | None
    """How the last run ended; null: none has."""
    retry_count: int
    """Failures in a row; more than 3 switch the schedule off."""


class ReportOverview(Out):
    """The reports of the campaign in figures."""

    total_count: int
    """All reports of the campaign."""
    counts_by_state: dict[ReportState, int]
    """By state; states without any are left out."""
    latest: LatestReport | None
    """The newest report; null: there is none."""
    schedule: ScheduleStatus | None
    """The schedule; null: there is none."""


def _overview(found: Any) -> ReportOverview | None:
    counts: dict[ReportState, int] = found["counts"] or {}
    if not counts and found["schedule"] is None:
        return None
    return ReportOverview(
        total_count=sum(counts.values()),
        counts_by_state=counts,
        latest=msgspec.convert(found["latest"], LatestReport | None),
        schedule=msgspec.convert(found["schedule"], ScheduleStatus | None),
    )


DASHBOARD = (
    Statement(
        "report_status_summary",
        """
        select jsonb_build_object(
            'counts', (select jsonb_object_agg(state, number) from (
                select state, count(*) as number from reports
                where campaign_id = :campaign_id group by state
            ) n),
            'latest', (select to_jsonb(r) from (
                select id, state, reason_code, created_at, finished_at,
                    (select coalesce(jsonb_object_agg(state, number), '{}') from (
                        select state, count(*) as number from report_deliveries
                        where report_id = reports.id group by state
                    ) n) as deliveries_by_state
                from reports where campaign_id = :campaign_id
                order by created_at desc, id desc limit 1
            ) r),
            'schedule', (select to_jsonb(s) from (
                select cadence, is_enabled, next_due_at, last_due_at, last_status, retry_count
                from report_schedules where campaign_id = :campaign_id
            ) s)
        )
        """,
        read=_overview,
    ),
)
HEALTH = (
    Statement(
        "schedules_failed",
        "select count(*) from report_schedules where last_status = 'max_retries_exceeded'",
    ),
    Statement(
        "reports",  # how many were due, and how many of them on time
        """
        select jsonb_build_array(count(*), count(*) filter (where is_on_time))
        from (
            select s.last_due_at, coalesce(
                r.state = 'stored' and r.finished_at <= s.last_due_at + :reports_on_time
                and (jsonb_array_length(s.recipients) = 0 or coalesce((
                    select bool_or(d.state = 'sent') and bool_and(
                        d.state not in ('intent', 'sending', 'retry')
                        and coalesce(d.sent_at, s.last_due_at)
                            <= s.last_due_at + :reports_on_time
                    )
                    from report_deliveries d
                    where d.tenant_id = r.tenant_id and d.report_id = r.id
                ), false)), false) as is_on_time
            from report_schedules s
            join reports r on r.tenant_id = s.tenant_id and r.schedule_id = s.id
                and r.due_at = s.last_due_at
            where s.last_due_at > now() - cast(:reports_window as interval)
            union all
            select next_due_at, false from report_schedules  -- nobody has started them
            where is_enabled and next_due_at < now() - cast(:reports_on_time as interval)
        ) scheduled
        where is_on_time or last_due_at < now() - cast(:reports_on_time as interval)
        """,
        {
            "reports_on_time": timedelta(seconds=ON_TIME_S),
            "reports_window": timedelta(seconds=DUE_WINDOW_S),
        },
    ),
)
