"""What handlers are given by name: dependencies of the application, and the pages of lists."""

import asyncio
from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core import storage
from lsos.core.db import database as db
from lsos.core.http import access, principal
from lsos.core.settings import settings

Access = NamedDependency[access.Access]
Database = NamedDependency[db.Database]
Principal = NamedDependency[principal.Principal]
Sessions = NamedDependency[db.Sessions]
Settings = NamedDependency[settings.Settings]
Session = NamedDependency[AsyncSession]
Stopping = NamedDependency[asyncio.Event]
"""Set when the process is asked to end: streams end themselves."""
Storage = NamedDependency[storage.Storage]
"""Artifacts of reports."""

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="rows a page")]
Cursor = Annotated[str | None, QueryParameter(description="next_cursor of the page before")]
