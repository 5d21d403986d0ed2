"""The roles of the database, jobs, idempotency keys and the audit log."""

from alembic import op

from migrations import tables as t
from migrations.policies import create_roles

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    t.begin()
    create_roles()
    # Readiness compares the database's revision with the code's.
    op.execute("grant select on alembic_version to lsos_system")
    t.tenant_table(
        "audit_log",
        t.optional("actor_id", t.ID),
        t.required("action", t.TEXT),
        t.required("target", t.TEXT),
        t.required("detail", t.JSON),
        t.required("request_id", t.TEXT),
        app_may="select, insert",
    )
    t.index("ix_audit_log_created", "audit_log", "tenant_id", "created_at", "id")
    t.tenant_table(
        "idempotency_keys",
        t.required("fingerprint", t.BYTES),
        t.required("body_hash", t.BYTES),
        t.optional("status", t.NUMBER),
        t.optional("body", t.BYTES),
        t.optional("location", t.TEXT),
        t.unique("tenant_id", "fingerprint"),
    )
    t.tenant_table(
        "jobs",
        t.optional("campaign_id", t.ID),
        t.required("name", t.TEXT),
        t.required("queue", t.TEXT),
        t.required("args", t.JSON),
        t.required("state", t.TEXT),
        t.optional("dedupe_key", t.TEXT),
        t.required("attempts", t.NUMBER),
        t.required("generation", t.NUMBER),
        t.required("due_at", t.TIME),
        t.optional("pushed_at", t.TIME),
        t.optional("claimed_by", t.TEXT),
        t.optional("lease_until", t.TIME),
        t.optional("first_started_at", t.TIME),
        t.optional("finished_at", t.TIME),
        t.optional("summary", t.JSON),
        t.optional("error_type", t.TEXT),
        t.optional("reason_code", t.TEXT),
        t.optional("last_error", t.TEXT),
        t.optional("request_id", t.TEXT),
        t.optional("trace", t.JSON),
        t.check("state", "state in ('queued', 'running', 'done', 'dead', 'cancelled')"),
        viewed_by="campaign_id",
    )
    t.index("ix_jobs_due", "jobs", "due_at", where="state = 'queued'")
    t.index("ix_jobs_finished", "jobs", "finished_at", where="finished_at is not null")
    t.index("ix_jobs_lease", "jobs", "lease_until", where="state = 'running'")
    t.index("ix_jobs_tenant_state", "jobs", "tenant_id", "state", "created_at")
    t.index(
        "uq_jobs_dedupe",
        "jobs",
        "tenant_id",
        "name",
        "dedupe_key",
        is_unique=True,
        where="dedupe_key is not null and state in ('queued', 'running')",
    )


def downgrade() -> None:
    t.begin()
    t.drop("jobs", "idempotency_keys", "audit_log")
