"""Reviews, and how far they were read."""

from migrations import tables as t

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    t.begin()
    t.tenant_table(
        "review_readings",
        t.required("campaign_id", t.ID),
        t.required("location_id", t.ID),
        t.required("day", t.DAY),
        t.required("measured_at", t.TIME),
        t.required("state", t.TEXT),
        t.required("is_complete", t.FLAG),
        t.optional("oldest_at", t.TIME),
        t.optional("total", t.NUMBER),
        t.optional("rating", t.REAL),
        t.required("source", t.TEXT),
        t.optional("error_code", t.TEXT),
        t.belongs_to("campaigns", "campaign_id"),
        t.belongs_to("locations", "location_id"),
        t.unique("tenant_id", "location_id", "day"),
        t.check("state", "state in ('found', 'not_found', 'empty', 'error', 'unmeasured')"),
        viewed_by="campaign_id",
    )
    t.tenant_table(
        "reviews",
        t.required("campaign_id", t.ID),
        t.required("location_id", t.ID),
        t.required("external_id", t.TEXT),
        t.required("author", t.TEXT),
        t.required("rating", t.REAL),
        t.required("text", t.TEXT),
        t.required("published_at", t.TIME),
        t.optional("edited_at", t.TIME),
        t.optional("answered_at", t.TIME),
        t.optional("answer", t.TEXT),
        t.required("source", t.TEXT),
        t.required("first_seen_at", t.TIME),
        t.required("last_seen_at", t.TIME),
        t.belongs_to("campaigns", "campaign_id"),
        t.belongs_to("locations", "location_id"),
        t.unique("tenant_id", "location_id", "external_id"),
        t.check("rating", "rating between 1 and 5"),
        viewed_by="campaign_id",
    )
    t.index("ix_reviews_published", "reviews", "tenant_id", "campaign_id", "published_at", "id")


def downgrade() -> None:
    t.begin()
    t.drop("reviews", "review_readings")
