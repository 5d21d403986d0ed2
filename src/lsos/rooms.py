"""The rooms of LSOS; all other lists are derived from this tuple."""

from lsos.domains.audit import room as audit
from lsos.domains.auth import room as auth
from lsos.domains.authority import room as authority
from lsos.domains.campaigns import room as campaigns
from lsos.domains.crawl import room as crawl
from lsos.domains.dashboard import room as dashboard
from lsos.domains.entity import room as entity
from lsos.domains.health import room as health
from lsos.domains.intelligence import room as intelligence
from lsos.domains.jobs import room as jobs
from lsos.domains.local import room as local
from lsos.domains.measuring import room as measuring
from lsos.domains.providers import room as providers
from lsos.domains.rank import room as rank
from lsos.domains.reference import room as reference
from lsos.domains.reports import room as reports
from lsos.domains.reviews import room as reviews
from lsos.room import Joints

ROOMS = (
    auth.ROOM,
    jobs.ROOM,
    campaigns.ROOM,
    reference.ROOM,
    providers.ROOM,
    measuring.ROOM,
    crawl.ROOM,
    audit.ROOM,
    rank.ROOM,
    local.ROOM,
    reviews.ROOM,
    authority.ROOM,
    entity.ROOM,
    intelligence.ROOM,
    reports.ROOM,
    health.ROOM,
    dashboard.ROOM,
)
JOINTS = Joints(ROOMS)
