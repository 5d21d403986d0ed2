"""Runs of measurements of every kind."""

from migrations import tables as t

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATES = "'queued', 'running', 'completed', 'completed_with_errors', 'failed', 'cancelled'"


def upgrade() -> None:
    t.begin()
    t.tenant_table(
        "measurements",
        t.required("campaign_id", t.ID),
        t.required("kind", t.TEXT),
        t.required("scope", t.JSON),
        t.required("state", t.TEXT),
        t.required("source", t.TEXT),
        t.required("day", t.DAY),
        t.optional("began_at", t.TIME),
        t.optional("finished_at", t.TIME),
        t.optional("cursor", t.TEXT),
        t.required("ahead", t.JSON),
        t.required("total", t.NUMBER),
        t.required("done", t.NUMBER),
        t.required("counts", t.JSON),
        t.required("calls", t.NUMBER),
        t.optional("reason_code", t.TEXT),
        t.optional("reason", t.TEXT),
        t.optional("requested_by", t.ID),
        t.optional("deadline_at", t.TIME),
        t.belongs_to("campaigns", "campaign_id"),
        t.check("state", f"state in ({STATES})"),
        t.check("reason", "reason_code is not null or state not in ('failed', 'cancelled')"),
        viewed_by="campaign_id",
    )
    t.index(
        "ix_measurements_created",
        "measurements",
        "tenant_id",
        "campaign_id",
        "kind",
        "created_at",
        "id",
    )
    t.index(
        "uq_measurements_open",
        "measurements",
        "tenant_id",
        "campaign_id",
        "kind",
        "scope",
        is_unique=True,
        where="state in ('queued', 'running')",
    )


def downgrade() -> None:
    t.begin()
    t.drop("measurements")
