"""Keywords and their ranks per day."""

from migrations import tables as t

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    t.begin()
    t.tenant_table(
        "keywords",
        t.required("campaign_id", t.ID),
        t.required("natural_key", t.TEXT),
        t.required("text", t.TEXT),
        t.required("language", t.TEXT),
        t.required("country", t.TEXT),
        t.required("location", t.TEXT),
        t.optional("latitude", t.REAL),
        t.optional("longitude", t.REAL),
        t.required("device", t.TEXT),
        t.optional("volume", t.NUMBER),
        t.required("tags", t.JSON),
        t.required("is_active", t.FLAG),
        t.belongs_to("campaigns", "campaign_id"),
        t.unique("tenant_id", "campaign_id", "natural_key"),
        t.check("device", "device in ('desktop', 'mobile')"),
        viewed_by="campaign_id",
    )
    t.index("ix_keywords_created", "keywords", "tenant_id", "campaign_id", "created_at", "id")
    t.tenant_table(
        "rank_snapshots",
        t.required("keyword_id", t.ID),
        t.required("day", t.DAY),
        t.required("campaign_id", t.ID),
        t.required("run_id", t.ID),
        t.required("measured_at", t.TIME),
        t.required("state", t.TEXT),
        t.optional("position", t.NUMBER),
        t.optional("url", t.TEXT),
        t.required("pack_state", t.TEXT),
        t.optional("pack_position", t.NUMBER),
        t.required("results", t.JSON),
        t.required("pack", t.JSON),
        t.required("features", t.JSON),
        t.required("source", t.TEXT),
        t.optional("error_code", t.TEXT),
        t.belongs_to("campaigns", "campaign_id"),
        t.belongs_to("keywords", "keyword_id"),
        t.check("state", "state in ('found', 'not_found', 'empty', 'error', 'unmeasured')"),
        key=("keyword_id", "day"),
        viewed_by="campaign_id",
    )
    t.index("ix_rank_snapshots_day", "rank_snapshots", "tenant_id", "campaign_id", "day")


def downgrade() -> None:
    t.begin()
    t.drop("rank_snapshots", "keywords")
