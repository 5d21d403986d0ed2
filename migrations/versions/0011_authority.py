"""Backlinks, and the counts of links per day."""

from migrations import tables as t

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    t.begin()
    t.tenant_table(
        "authority_snapshots",
        t.required("campaign_id", t.ID),
        t.required("domain", t.TEXT),
        t.required("is_own", t.FLAG),
        t.required("day", t.DAY),
        t.required("measured_at", t.TIME),
        t.required("state", t.TEXT),
        t.optional("backlinks", t.NUMBER),
        t.optional("referring_domains", t.NUMBER),
        t.optional("followed_domains", t.NUMBER),
        t.optional("score", t.REAL),
        t.required("source", t.TEXT),
        t.optional("error_code", t.TEXT),
        t.belongs_to("campaigns", "campaign_id"),
        t.unique("tenant_id", "campaign_id", "domain", "day"),
        t.check("state", "state in ('found', 'not_found', 'empty', 'error', 'unmeasured')"),
        viewed_by="campaign_id",
    )
    t.tenant_table(
        "backlinks",
        t.required("campaign_id", t.ID),
        t.required("key", t.BIG),
        t.required("source_url", t.TEXT),
        t.required("source_domain", t.TEXT),
        t.required("target_url", t.TEXT),
        t.required("anchor", t.TEXT),
        t.required("is_followed", t.FLAG),
        t.required("first_seen_at", t.TIME),
        t.required("last_seen_at", t.TIME),
        t.optional("lost_at", t.TIME),
        t.required("source", t.TEXT),
        t.belongs_to("campaigns", "campaign_id"),
        t.unique("tenant_id", "campaign_id", "key"),
        viewed_by="campaign_id",
    )
    t.index("ix_backlinks_seen", "backlinks", "tenant_id", "campaign_id", "first_seen_at", "id")


def downgrade() -> None:
    t.begin()
    t.drop("backlinks", "authority_snapshots")
