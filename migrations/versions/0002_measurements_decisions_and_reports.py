"""measurements decisions and reports

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import protect, share

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "alert_states",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "state in ('ok', 'pending', 'firing')", name=op.f("ck_alert_states_state")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_alert_states")),
    )
    op.create_table(
        "metric_minutes",
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("process", sa.String(), nullable=False),
        sa.Column("count", sa.BIGINT(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("buckets", postgresql.ARRAY(sa.BIGINT()), nullable=False),
        sa.PrimaryKeyConstraint(
            "minute", "name", "label", "process", name=op.f("pk_metric_minutes")
        ),
    )
    op.create_table(
        "platform_transitions",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=True),
        sa.Column("alerts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "state in ('Healthy', 'Degraded', 'Critical')",
            name=op.f("ck_platform_transitions_state"),
        ),
        sa.PrimaryKeyConstraint("at", name=op.f("pk_platform_transitions")),
    )
    op.create_table(
        "reference_releases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("metrics", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recommendations", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in ('draft', 'active', 'retired')", name=op.f("ck_reference_releases_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_releases")),
        sa.UniqueConstraint("version", name=op.f("uq_reference_releases_version")),
    )
    op.create_index(
        "uq_reference_releases_active",
        "reference_releases",
        ["state"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "reference_activations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("previous_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("warnings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["previous_id"],
            ["reference_releases.id"],
            name=op.f("fk_reference_activations_previous_id"),
        ),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["reference_releases.id"],
            name=op.f("fk_reference_activations_release_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_activations")),
    )
    op.create_table(
        "authority_snapshots",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("is_own", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("backlinks", sa.Integer(), nullable=True),
        sa.Column("referring_domains", sa.Integer(), nullable=True),
        sa.Column("followed_domains", sa.Integer(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in ('found', 'not_found', 'empty', 'error', 'unmeasured')",
            name=op.f("ck_authority_snapshots_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            name=op.f("fk_authority_snapshots_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_authority_snapshots")),
        sa.UniqueConstraint(
            "tenant_id",
            "campaign_id",
            "domain",
            "day",
            name=op.f("uq_authority_snapshots_tenant_id_campaign_id_domain_day"),
        ),
    )
    op.create_table(
        "backlinks",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.BIGINT(), nullable=False),
        sa.Column("source_url", sa.String(), nullable=False),
        sa.Column("source_domain", sa.String(), nullable=False),
        sa.Column("target_url", sa.String(), nullable=False),
        sa.Column("anchor", sa.String(), nullable=False),
        sa.Column("is_followed", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            name=op.f("fk_backlinks_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_backlinks")),
        sa.UniqueConstraint(
            "tenant_id", "campaign_id", "key", name=op.f("uq_backlinks_tenant_id_campaign_id_key")
        ),
    )
    op.create_index(
        "ix_backlinks_seen",
        "backlinks",
        ["tenant_id", "campaign_id", "first_seen_at", "id"],
        unique=False,
    )
    op.create_table(
        "campaign_scores",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("library_version", sa.String(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            name=op.f("fk_campaign_scores_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "campaign_id", "day", name=op.f("pk_campaign_scores")),
    )
    op.create_table(
        "entity_reports",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("crawl_run_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("graph", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason_code", sa.String(), nullable=True),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in ('queued', 'running', 'done', 'failed')", name=op.f("ck_entity_reports_state")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            name=op.f("fk_entity_reports_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_entity_reports")),
    )
    op.create_index(
        "ix_entity_reports_created",
        "entity_reports",
        ["tenant_id", "campaign_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "keywords",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("natural_key", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("volume", sa.Integer(), nullable=True),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("device in ('desktop', 'mobile')", name=op.f("ck_keywords_device")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            name=op.f("fk_keywords_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_keywords")),
        sa.UniqueConstraint(
            "tenant_id",
            "campaign_id",
            "natural_key",
            name=op.f("uq_keywords_tenant_id_campaign_id_natural_key"),
        ),
    )
    op.create_index(
        "ix_keywords_created",
        "keywords",
        ["tenant_id", "campaign_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "measurements",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("scope", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor", sa.String(), nullable=True),
        sa.Column("ahead", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in ('queued', 'running', 'completed', 'completed_with_errors', 'failed',"
            " 'cancelled')",
            name=op.f("ck_measurements_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            name=op.f("fk_measurements_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_measurements")),
    )
    op.create_index(
        "ix_measurements_created",
        "measurements",
        ["tenant_id", "campaign_id", "kind", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "uq_measurements_open",
        "measurements",
        ["tenant_id", "campaign_id", "kind", "scope"],
        unique=True,
        postgresql_where=sa.text("state in ('queued', 'running')"),
    )
    op.create_table(
        "recommendations",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("group_key", sa.String(), nullable=False),
        sa.Column("room", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("impact", sa.Double(), nullable=False),
        sa.Column("effort", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("risk_tier", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Double(), nullable=False),
        sa.Column("affected", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("library_version", sa.String(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("executed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in ('generated', 'validated', 'approved', 'scheduled', 'executed', 'verified', 'not_verified', 'rejected', 'archived')",
            name=op.f("ck_recommendations_state"),
        ),
        sa.CheckConstraint("risk_tier between 0 and 4", name=op.f("ck_recommendations_risk_tier")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            name=op.f("fk_recommendations_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_recommendations")),
    )
    op.create_index(
        "ix_recommendations_priority",
        "recommendations",
        ["tenant_id", "campaign_id", "priority", "id"],
        unique=False,
    )
    op.create_index(
        "uq_recommendations_open",
        "recommendations",
        ["tenant_id", "campaign_id", "code", "group_key"],
        unique=True,
        postgresql_where=sa.text("state not in ('verified', 'rejected', 'archived')"),
    )
    op.create_table(
        "report_schedules",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("cadence", sa.String(), nullable=False),
        sa.Column("local_time", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column("day_of_month", sa.Integer(), nullable=True),
        sa.Column("recipients", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sections", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_count", sa.Integer(), nullable=False),
        sa.Column("last_status", sa.String(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "cadence in ('daily', 'weekly', 'monthly')", name=op.f("ck_report_schedules_cadence")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            name=op.f("fk_report_schedules_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_report_schedules")),
        sa.UniqueConstraint(
            "tenant_id", "campaign_id", name=op.f("uq_report_schedules_tenant_id_campaign_id")
        ),
    )
    op.create_index(
        "ix_report_schedules_due",
        "report_schedules",
        ["next_due_at"],
        unique=False,
        postgresql_where=sa.text("is_enabled"),
    )
    op.create_table(
        "reports",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sections", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("snapshot", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("snapshot_hash", sa.String(), nullable=True),
        sa.Column("artifacts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason_code", sa.String(), nullable=True),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in ('queued', 'building', 'stored', 'failed')", name=op.f("ck_reports_state")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            name=op.f("fk_reports_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_reports")),
        sa.UniqueConstraint(
            "tenant_id",
            "schedule_id",
            "due_at",
            name=op.f("uq_reports_tenant_id_schedule_id_due_at"),
        ),
    )
    op.create_index(
        "ix_reports_created",
        "reports",
        ["tenant_id", "campaign_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "nap_matches",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("surface", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("match", sa.String(), nullable=False),
        sa.Column("expected", sa.String(), nullable=False),
        sa.Column("found", sa.String(), nullable=False),
        sa.Column("where", sa.String(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "match in ('exact', 'format_only', 'minor', 'review', 'wrong', 'missing')",
            name=op.f("ck_nap_matches_match"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            name=op.f("fk_nap_matches_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["locations.tenant_id", "locations.id"],
            name=op.f("fk_nap_matches_tenant_id_location_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_nap_matches")),
        sa.UniqueConstraint(
            "tenant_id",
            "location_id",
            "surface",
            "field",
            name=op.f("uq_nap_matches_tenant_id_location_id_surface_field"),
        ),
    )
    op.create_table(
        "profile_snapshots",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("profile", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("health_score", sa.Double(), nullable=True),
        sa.Column("health", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in ('found', 'not_found', 'empty', 'error', 'unmeasured')",
            name=op.f("ck_profile_snapshots_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            name=op.f("fk_profile_snapshots_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["locations.tenant_id", "locations.id"],
            name=op.f("fk_profile_snapshots_tenant_id_location_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_profile_snapshots")),
        sa.UniqueConstraint(
            "tenant_id",
            "location_id",
            "day",
            name=op.f("uq_profile_snapshots_tenant_id_location_id_day"),
        ),
    )
    op.create_index(
        "ix_profile_snapshots_campaign",
        "profile_snapshots",
        ["tenant_id", "campaign_id", "day"],
        unique=False,
    )
    op.create_table(
        "rank_snapshots",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("keyword_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("pack_state", sa.String(), nullable=False),
        sa.Column("pack_position", sa.Integer(), nullable=True),
        sa.Column("results", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("pack", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("features", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state in ('found', 'not_found', 'empty', 'error', 'unmeasured')",
            name=op.f("ck_rank_snapshots_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            name=op.f("fk_rank_snapshots_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "keyword_id"],
            ["keywords.tenant_id", "keywords.id"],
            name=op.f("fk_rank_snapshots_tenant_id_keyword_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "keyword_id", "day", name=op.f("pk_rank_snapshots")),
    )
    op.create_index(
        "ix_rank_snapshots_day", "rank_snapshots", ["tenant_id", "campaign_id", "day"], unique=False
    )
    op.create_table(
        "recommendation_events",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("recommendation_id", sa.Uuid(), nullable=False),
        sa.Column("from_state", sa.String(), nullable=True),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            name=op.f("fk_recommendation_events_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "recommendation_id"],
            ["recommendations.tenant_id", "recommendations.id"],
            name=op.f("fk_recommendation_events_tenant_id_recommendation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_recommendation_events")),
    )
    op.create_index(
        "ix_recommendation_events_of",
        "recommendation_events",
        ["tenant_id", "recommendation_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "report_deliveries",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("smtp_code", sa.Integer(), nullable=True),
        sa.Column("response", sa.String(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("log", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in ('intent', 'sending', 'sent', 'retry', 'failed', 'outcome_unknown')",
            name=op.f("ck_report_deliveries_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            name=op.f("fk_report_deliveries_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "report_id"],
            ["reports.tenant_id", "reports.id"],
            name=op.f("fk_report_deliveries_tenant_id_report_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_report_deliveries")),
        sa.UniqueConstraint(
            "tenant_id",
            "report_id",
            "recipient",
            name=op.f("uq_report_deliveries_tenant_id_report_id_recipient"),
        ),
    )
    op.create_table(
        "review_readings",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.Column("oldest_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("rating", sa.Double(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in ('found', 'not_found', 'empty', 'error', 'unmeasured')",
            name=op.f("ck_review_readings_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            name=op.f("fk_review_readings_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["locations.tenant_id", "locations.id"],
            name=op.f("fk_review_readings_tenant_id_location_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_review_readings")),
        sa.UniqueConstraint(
            "tenant_id",
            "location_id",
            "day",
            name=op.f("uq_review_readings_tenant_id_location_id_day"),
        ),
    )
    op.create_table(
        "reviews",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("rating", sa.Double(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("rating between 1 and 5", name=op.f("ck_reviews_rating")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            name=op.f("fk_reviews_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["locations.tenant_id", "locations.id"],
            name=op.f("fk_reviews_tenant_id_location_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_reviews")),
        sa.UniqueConstraint(
            "tenant_id",
            "location_id",
            "external_id",
            name=op.f("uq_reviews_tenant_id_location_id_external_id"),
        ),
    )
    op.create_index(
        "ix_reviews_published",
        "reviews",
        ["tenant_id", "campaign_id", "published_at", "id"],
        unique=False,
    )
    for table in ("keywords", "measurements", "rank_snapshots"):
        protect(table, campaign="campaign_id")
    for table in ("profile_snapshots", "nap_matches", "reviews", "review_readings"):
        protect(table, campaign="campaign_id")
    for table in ("backlinks", "authority_snapshots", "entity_reports"):
        protect(table, campaign="campaign_id")
    for table in ("recommendations", "recommendation_events", "campaign_scores"):
        protect(table, campaign="campaign_id")
    for table in ("reports", "report_deliveries", "report_schedules"):
        protect(table, campaign="campaign_id")
    for table in ("reference_releases", "reference_activations"):
        share(table)
    for table in ("metric_minutes", "alert_states", "platform_transitions"):
        share(table)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_index("ix_reviews_published", table_name="reviews")
    op.drop_table("reviews")
    op.drop_table("review_readings")
    op.drop_table("report_deliveries")
    op.drop_index("ix_recommendation_events_of", table_name="recommendation_events")
    op.drop_table("recommendation_events")
    op.drop_index("ix_rank_snapshots_day", table_name="rank_snapshots")
    op.drop_table("rank_snapshots")
    op.drop_index("ix_profile_snapshots_campaign", table_name="profile_snapshots")
    op.drop_table("profile_snapshots")
    op.drop_table("nap_matches")
    op.drop_index("ix_reports_created", table_name="reports")
    op.drop_table("reports")
    op.drop_index(
        "ix_report_schedules_due",
        table_name="report_schedules",
        postgresql_where=sa.text("is_enabled"),
    )
    op.drop_table("report_schedules")
    op.drop_index(
        "uq_recommendations_open",
        table_name="recommendations",
        postgresql_where=sa.text("state not in ('verified', 'rejected', 'archived')"),
    )
    op.drop_index("ix_recommendations_priority", table_name="recommendations")
    op.drop_table("recommendations")
    op.drop_index(
        "uq_measurements_open",
        table_name="measurements",
        postgresql_where=sa.text("state in ('queued', 'running')"),
    )
    op.drop_index("ix_measurements_created", table_name="measurements")
    op.drop_table("measurements")
    op.drop_index("ix_keywords_created", table_name="keywords")
    op.drop_table("keywords")
    op.drop_index("ix_entity_reports_created", table_name="entity_reports")
    op.drop_table("entity_reports")
    op.drop_table("campaign_scores")
    op.drop_index("ix_backlinks_seen", table_name="backlinks")
    op.drop_table("backlinks")
    op.drop_table("authority_snapshots")
    op.drop_table("reference_activations")
    op.drop_index(
        "uq_reference_releases_active",
        table_name="reference_releases",
        postgresql_where=sa.text("state = 'active'"),
    )
    op.drop_table("reference_releases")
    op.drop_table("platform_transitions")
    op.drop_table("metric_minutes")
    op.drop_table("alert_states")
