"""Tenants, users, sessions and API keys."""

import sqlalchemy as sa

from migrations import tables as t
from migrations.policies import protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    t.begin()
    t.table(
        "tenants",
        t.required("id", t.ID),
        t.required("name", t.TEXT),
        t.required("is_platform", t.FLAG),
        t.required("is_active", t.FLAG),
        t.optional("max_pages_per_run", t.NUMBER),
        t.required("branding", t.JSON),
        t.created_at(),
        sa.PrimaryKeyConstraint("id"),
    )
    protect("tenants", tenant="id", app_may="select, update")
    t.tenant_table(
        "users",
        t.required("email", t.TEXT),
        t.required("name", t.TEXT),
        t.required("role", t.TEXT),
        t.required("password_hash", t.TEXT),
        t.required("is_active", t.FLAG),
        t.optional("last_login_at", t.TIME),
        t.of_tenant(),
        t.unique("email"),
        t.check("role", "role in ('platform_admin', 'tenant_admin', 'analyst', 'client_viewer')"),
    )
    t.tenant_table(
        "api_keys",
        t.required("user_id", t.ID),
        t.required("name", t.TEXT),
        t.required("secret_hash", t.BYTES),
        t.required("scopes", t.JSON),
        t.optional("expires_at", t.TIME),
        t.optional("revoked_at", t.TIME),
        t.optional("last_used_at", t.TIME),
        t.belongs_to("users", "user_id"),
    )
    t.index("ix_api_keys_id", "api_keys", "id")
    t.tenant_table(
        "auth_sessions",
        t.required("user_id", t.ID),
        t.required("expires_at", t.TIME),
        t.optional("revoked_at", t.TIME),
        t.optional("revoked_why", t.TEXT),
        t.belongs_to("users", "user_id"),
    )
    t.index("ix_auth_sessions_user", "auth_sessions", "tenant_id", "user_id")
    t.tenant_table(
        "refresh_tokens",
        t.required("session_id", t.ID),
        t.required("issued_at", t.TIME),
        t.required("expires_at", t.TIME),
        t.optional("used_at", t.TIME),
        t.optional("successor_id", t.ID),
        t.belongs_to("auth_sessions", "session_id"),
    )
    t.index("ix_refresh_tokens_session", "refresh_tokens", "tenant_id", "session_id")


def downgrade() -> None:
    t.begin()
    t.drop("refresh_tokens", "auth_sessions", "api_keys", "users", "tenants")
