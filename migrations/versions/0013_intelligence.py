"""Recommendations, their events, and the score of campaigns."""

from migrations import tables as t

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    t.begin()
    t.tenant_table(
        "campaign_scores",
        t.required("campaign_id", t.ID),
        t.required("day", t.DAY),
        t.optional("score", t.REAL),
        t.required("parts", t.JSON),
        t.required("library_version", t.TEXT),
        t.required("computed_at", t.TIME),
        t.belongs_to("campaigns", "campaign_id"),
        key=("campaign_id", "day"),
        viewed_by="campaign_id",
    )
    t.tenant_table(
        "recommendations",
        t.required("campaign_id", t.ID),
        t.required("code", t.TEXT),
        t.required("group_key", t.TEXT),
        t.required("room", t.TEXT),
        t.required("title", t.TEXT),
        t.required("state", t.TEXT),
        t.required("impact", t.REAL),
        t.required("effort", t.NUMBER),
        t.required("confidence", t.REAL),
        t.required("risk_tier", t.NUMBER),
        t.required("priority", t.REAL),
        t.required("affected", t.JSON),
        t.required("evidence", t.JSON),
        t.required("library_version", t.TEXT),
        t.required("first_seen_at", t.TIME),
        t.required("last_seen_at", t.TIME),
        t.optional("executed_at", t.TIME),
        t.optional("verified_at", t.TIME),
        t.required("version", t.NUMBER),
        t.belongs_to("campaigns", "campaign_id"),
        t.check("risk_tier", "risk_tier between 0 and 4"),
        t.check(
            "state",
            "state in ('generated', 'validated', 'approved', 'scheduled', 'executed', 'verified', 'not_verified', 'rejected', 'archived')",
        ),
        viewed_by="campaign_id",
    )
    t.index(
        "ix_recommendations_priority",
        "recommendations",
        "tenant_id",
        "campaign_id",
        "priority",
        "id",
    )
    t.index(
        "uq_recommendations_open",
        "recommendations",
        "tenant_id",
        "campaign_id",
        "code",
        "group_key",
        is_unique=True,
        where="state not in ('verified', 'rejected', 'archived')",
    )
    t.tenant_table(
        "recommendation_events",
        t.required("campaign_id", t.ID),
        t.required("recommendation_id", t.ID),
        t.optional("from_state", t.TEXT),
        t.required("to_state", t.TEXT),
        t.optional("actor_id", t.ID),
        t.required("note", t.TEXT),
        t.belongs_to("campaigns", "campaign_id"),
        t.belongs_to("recommendations", "recommendation_id"),
        viewed_by="campaign_id",
    )
    t.index(
        "ix_recommendation_events_of",
        "recommendation_events",
        "tenant_id",
        "recommendation_id",
        "created_at",
    )


def downgrade() -> None:
    t.begin()
    t.drop("recommendation_events", "recommendations", "campaign_scores")
