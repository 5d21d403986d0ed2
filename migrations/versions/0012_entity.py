"""Reports on a site's entity."""

from migrations import tables as t

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    t.begin()
    t.tenant_table(
        "entity_reports",
        t.required("campaign_id", t.ID),
        t.optional("crawl_run_id", t.ID),
        t.required("state", t.TEXT),
        t.optional("score", t.REAL),
        t.optional("parts", t.JSON),
        t.optional("graph", t.JSON),
        t.optional("requested_by", t.ID),
        t.optional("finished_at", t.TIME),
        t.optional("reason_code", t.TEXT),
        t.belongs_to("campaigns", "campaign_id"),
        t.check("state", "state in ('queued', 'running', 'done', 'failed')"),
        viewed_by="campaign_id",
    )
    t.index(
        "ix_entity_reports_created",
        "entity_reports",
        "tenant_id",
        "campaign_id",
        "created_at",
        "id",
    )


def downgrade() -> None:
    t.begin()
    t.drop("entity_reports")
