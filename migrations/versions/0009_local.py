"""Profiles per day, and how NAP agrees."""

from migrations import tables as t

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    t.begin()
    t.tenant_table(
        "nap_matches",
        t.required("campaign_id", t.ID),
        t.required("location_id", t.ID),
        t.required("surface", t.TEXT),
        t.required("field", t.TEXT),
        t.required("match", t.TEXT),
        t.required("expected", t.TEXT),
        t.required("found", t.TEXT),
        t.required("where", t.TEXT),
        t.required("measured_at", t.TIME),
        t.belongs_to("campaigns", "campaign_id"),
        t.belongs_to("locations", "location_id"),
        t.unique("tenant_id", "location_id", "surface", "field"),
        t.check(
            "match", "match in ('exact', 'format_only', 'minor', 'review', 'wrong', 'missing')"
        ),
        viewed_by="campaign_id",
    )
    t.tenant_table(
        "profile_snapshots",
        t.required("campaign_id", t.ID),
        t.required("location_id", t.ID),
        t.required("day", t.DAY),
        t.required("measured_at", t.TIME),
        t.required("state", t.TEXT),
        t.required("source", t.TEXT),
        t.optional("profile", t.JSON),
        t.optional("health_score", t.REAL),
        t.optional("health", t.JSON),
        t.optional("error_code", t.TEXT),
        t.belongs_to("campaigns", "campaign_id"),
        t.belongs_to("locations", "location_id"),
        t.unique("tenant_id", "location_id", "day"),
        t.check("state", "state in ('found', 'not_found', 'empty', 'error', 'unmeasured')"),
        viewed_by="campaign_id",
    )
    t.index("ix_profile_snapshots_campaign", "profile_snapshots", "tenant_id", "campaign_id", "day")


def downgrade() -> None:
    t.begin()
    t.drop("profile_snapshots", "nap_matches")
