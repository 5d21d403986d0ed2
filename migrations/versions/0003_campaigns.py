"""Campaigns, their locations and competitors, the baseline, and which campaigns a viewer sees."""

from migrations import tables as t

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    t.begin()
    t.tenant_table(
        "campaigns",
        t.required("name", t.TEXT),
        t.required("site_url", t.TEXT),
        t.required("business_name", t.TEXT),
        t.required("category", t.TEXT),
        t.required("services", t.JSON),
        t.required("setup_state", t.TEXT),
        t.required("version", t.NUMBER),
        t.of_tenant(),
        t.check(
            "setup_state",
            "setup_state in ('Draft', 'Configured', 'BaselineRunning', 'Active', 'Paused', 'Archived')",
        ),
        viewed_by="id",
    )
    t.index("ix_campaigns_created", "campaigns", "tenant_id", "created_at", "id")
    t.tenant_table(
        "baseline_steps",
        t.required("name", t.TEXT),
        t.required("task", t.TEXT),
        t.optional("after", t.TEXT),
        t.required("state", t.TEXT),
        t.optional("reason_code", t.TEXT),
        t.optional("ended_at", t.TIME),
        t.required("campaign_id", t.ID),
        t.belongs_to("campaigns", "campaign_id"),
        t.unique("tenant_id", "campaign_id", "name"),
        t.check("state", "state in ('waiting', 'running', 'done', 'failed')"),
        viewed_by="campaign_id",
    )
    t.tenant_table(
        "competitors",
        t.required("name", t.TEXT),
        t.required("domain", t.TEXT),
        t.required("campaign_id", t.ID),
        t.belongs_to("campaigns", "campaign_id"),
        t.unique("tenant_id", "campaign_id", "domain"),
        viewed_by="campaign_id",
    )
    t.tenant_table(
        "locations",
        t.required("name", t.TEXT),
        t.required("street", t.TEXT),
        t.required("city", t.TEXT),
        t.required("region", t.TEXT),
        t.required("postcode", t.TEXT),
        t.required("country", t.TEXT),
        t.required("phone", t.TEXT),
        t.optional("latitude", t.REAL),
        t.optional("longitude", t.REAL),
        t.optional("place_id", t.TEXT),
        t.optional("cid", t.TEXT),
        t.required("landing_url", t.TEXT),
        t.required("campaign_id", t.ID),
        t.belongs_to("campaigns", "campaign_id"),
        t.check("latitude", "latitude between -90 and 90"),
        t.check("longitude", "longitude between -180 and 180"),
        viewed_by="campaign_id",
    )
    t.index("ix_locations_campaign", "locations", "tenant_id", "campaign_id")
    t.tenant_table(
        "user_campaigns",
        t.required("user_id", t.ID),
        t.required("campaign_id", t.ID),
        t.belongs_to("campaigns", "campaign_id"),
        t.belongs_to("users", "user_id"),
        key=("user_id", "campaign_id"),
    )


def downgrade() -> None:
    t.begin()
    t.drop("user_campaigns", "locations", "competitors", "baseline_steps", "campaigns")
