"""What the dashboard shows of the site's entity."""

from lsos.room import Statement

DASHBOARD = (
    Statement(
        "entity_score",
        """
        select score from entity_reports where campaign_id = :campaign_id and state = 'done'
        order by created_at desc, id desc limit 1
        """,
    ),
)
