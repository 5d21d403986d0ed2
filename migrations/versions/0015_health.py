"""Figures by the minute, alerts and states of the platform."""

import sqlalchemy as sa

from migrations import tables as t
from migrations.policies import share

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    t.begin()
    t.table(
        "alert_states",
        t.required("name", t.TEXT),
        t.required("state", t.TEXT),
        t.required("since", t.TIME),
        t.optional("value", t.REAL),
        t.required("threshold", t.REAL),
        t.check("state", "state in ('ok', 'pending', 'firing')"),
        sa.PrimaryKeyConstraint("name"),
    )
    share("alert_states")
    t.table(
        "metric_minutes",
        t.required("minute", t.TIME),
        t.required("name", t.TEXT),
        t.required("label", t.TEXT),
        t.required("process", t.TEXT),
        t.required("count", t.BIG),
        t.required("total", t.REAL),
        t.required("buckets", sa.ARRAY(t.BIG)),
        sa.PrimaryKeyConstraint("minute", "name", "label", "process"),
    )
    share("metric_minutes")
    t.table(
        "platform_transitions",
        t.required("at", t.TIME),
        t.required("state", t.TEXT),
        t.optional("previous", t.TEXT),
        t.required("alerts", t.JSON),
        t.check("state", "state in ('Healthy', 'Degraded', 'Critical')"),
        sa.PrimaryKeyConstraint("at"),
    )
    share("platform_transitions")


def downgrade() -> None:
    t.begin()
    t.drop("platform_transitions", "metric_minutes", "alert_states")
