"""What tenants decide about checks and issues."""

from migrations import tables as t

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    t.begin()
    t.tenant_table(
        "check_settings",
        t.required("code", t.TEXT),
        t.required("is_enabled", t.FLAG),
        t.optional("severity", t.TEXT),
        t.required("limits", t.JSON),
        t.created_at("updated_at"),
        t.of_tenant(),
        key=("code",),
    )
    t.tenant_table(
        "audit_ignored_issues",
        t.required("campaign_id", t.ID),
        t.required("code", t.TEXT),
        t.required("subject", t.BIG),
        t.required("reason", t.TEXT),
        t.optional("author_id", t.ID),
        t.optional("until", t.TIME),
        t.belongs_to("campaigns", "campaign_id"),
        viewed_by="campaign_id",
    )
    t.index(
        "uq_audit_ignored_issues_subject",
        "audit_ignored_issues",
        "tenant_id",
        "campaign_id",
        "code",
        "subject",
        is_unique=True,
    )


def downgrade() -> None:
    t.begin()
    t.drop("audit_ignored_issues", "check_settings")
