"""Imports every room's models, so that the metadata is complete wherever it is needed."""

from lsos.core import audit, idempotency, jobs
from lsos.core.model import Base
from lsos.domains.auth import models as auth
from lsos.domains.campaigns import models as campaigns
from lsos.domains.crawl import models as crawl

ALL = (audit, idempotency, jobs, auth, campaigns, crawl)
metadata = Base.metadata
