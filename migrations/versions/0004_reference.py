"""Releases of the reference library, and which one is in force."""

import sqlalchemy as sa

from migrations import tables as t
from migrations.policies import share

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    t.begin()
    t.table(
        "reference_releases",
        t.required("id", t.ID),
        t.required("version", t.TEXT),
        t.required("sha256", t.TEXT),
        t.required("metrics", t.JSON),
        t.required("recommendations", t.JSON),
        t.required("evidence", t.JSON),
        t.required("state", t.TEXT),
        t.required("origin", t.TEXT),
        t.optional("created_by", t.ID),
        t.created_at(),
        t.unique("version"),
        t.check("state", "state in ('draft', 'active', 'retired')"),
        sa.PrimaryKeyConstraint("id"),
    )
    t.index(
        "uq_reference_releases_active",
        "reference_releases",
        "state",
        is_unique=True,
        where="state = 'active'",
    )
    share("reference_releases")
    t.table(
        "reference_activations",
        t.required("id", t.ID),
        t.required("release_id", t.ID),
        t.optional("previous_id", t.ID),
        t.required("action", t.TEXT),
        t.optional("actor_id", t.ID),
        t.required("warnings", t.JSON),
        t.created_at(),
        t.refers_to("reference_releases", "previous_id"),
        t.refers_to("reference_releases", "release_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    share("reference_activations")


def downgrade() -> None:
    t.begin()
    t.drop("reference_activations", "reference_releases")
