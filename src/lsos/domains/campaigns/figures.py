"""What a dashboard shows of a campaign itself."""

from lsos.room import Statement

DASHBOARD = (Statement("campaign_id", "select id from campaigns where id = :campaign_id"),)
"""NULL for a campaign that the caller can't see."""
