"""Reports, their schedules and deliveries."""

from migrations import tables as t

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    t.begin()
    t.tenant_table(
        "report_schedules",
        t.required("campaign_id", t.ID),
        t.required("cadence", t.TEXT),
        t.required("local_time", t.TEXT),
        t.required("timezone", t.TEXT),
        t.optional("weekday", t.NUMBER),
        t.optional("day_of_month", t.NUMBER),
        t.required("recipients", t.JSON),
        t.required("sections", t.JSON),
        t.required("is_enabled", t.FLAG),
        t.optional("next_due_at", t.TIME),
        t.optional("last_due_at", t.TIME),
        t.required("retry_count", t.NUMBER),
        t.optional("last_status", t.TEXT),
        t.required("updated_at", t.TIME),
        t.belongs_to("campaigns", "campaign_id"),
        t.unique("tenant_id", "campaign_id"),
        t.check("cadence", "cadence in ('daily', 'weekly', 'monthly')"),
        viewed_by="campaign_id",
    )
    t.index("ix_report_schedules_due", "report_schedules", "next_due_at", where="is_enabled")
    t.tenant_table(
        "reports",
        t.required("campaign_id", t.ID),
        t.optional("schedule_id", t.ID),
        t.optional("due_at", t.TIME),
        t.required("state", t.TEXT),
        t.required("sections", t.JSON),
        t.optional("snapshot", t.JSON),
        t.optional("snapshot_hash", t.TEXT),
        t.required("artifacts", t.JSON),
        t.optional("requested_by", t.ID),
        t.required("attempts", t.NUMBER),
        t.optional("finished_at", t.TIME),
        t.optional("reason_code", t.TEXT),
        t.belongs_to("campaigns", "campaign_id"),
        t.unique("tenant_id", "schedule_id", "due_at"),
        t.check("state", "state in ('queued', 'building', 'stored', 'failed')"),
        viewed_by="campaign_id",
    )
    t.index("ix_reports_created", "reports", "tenant_id", "campaign_id", "created_at", "id")
    t.tenant_table(
        "report_deliveries",
        t.required("campaign_id", t.ID),
        t.required("report_id", t.ID),
        t.required("recipient", t.TEXT),
        t.required("message_id", t.TEXT),
        t.required("state", t.TEXT),
        t.required("attempts", t.NUMBER),
        t.optional("smtp_code", t.NUMBER),
        t.optional("response", t.TEXT),
        t.optional("sent_at", t.TIME),
        t.required("log", t.JSON),
        t.belongs_to("campaigns", "campaign_id"),
        t.belongs_to("reports", "report_id"),
        t.unique("tenant_id", "report_id", "recipient"),
        t.check(
            "state", "state in ('intent', 'sending', 'sent', 'retry', 'failed', 'outcome_unknown')"
        ),
        viewed_by="campaign_id",
    )


def downgrade() -> None:
    t.begin()
    t.drop("report_deliveries", "reports", "report_schedules")
