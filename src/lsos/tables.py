"""Imports every room's models, so that the metadata is complete wherever it is needed."""

from lsos.core.db import audit_log
from lsos.core.db.model import Base
from lsos.core.http import idempotency
from lsos.core.queue import jobs
from lsos.domains.auth import models as auth
from lsos.domains.authority import models as authority
from lsos.domains.campaigns import models as campaigns
from lsos.domains.crawl import models as crawl
from lsos.domains.entity import models as entity
from lsos.domains.health import models as health
from lsos.domains.intelligence import models as intelligence
from lsos.domains.local import models as local
from lsos.domains.measuring import models as measuring
from lsos.domains.rank import models as rank
from lsos.domains.reference import models as reference
from lsos.domains.reports import models as reports
from lsos.domains.reviews import models as reviews

ALL = (
    audit_log,
    idempotency,
    jobs,
    auth,
    authority,
    campaigns,
    crawl,
    entity,
    health,
    intelligence,
    local,
    measuring,
    rank,
    reference,
    reports,
    reviews,
)
metadata = Base.metadata
