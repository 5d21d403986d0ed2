"""What handlers are given by name: dependencies of the application, and the pages of lists."""

import asyncio
from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute
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

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="Rows per page.")]
Cursor = Annotated[
    str | None,
    QueryParameter(description="`next_cursor` of the page before."),
]


class ResolveInOrder(ReceiveRoutePlugin):
    """Resolves what a handler asks for one by one, the session last.

    Litestar resolves dependencies that do not need each other in a group of tasks. Of ours, only
    the session waits for anything, and a task costs more than the constants that it fetches. Last,
    since Litestar closes no generator when a later dependency fails.
    """

    def receive_route(self, route: BaseRoute) -> None:
        if not isinstance(route, HTTPRoute):
            return
        for _, model in route.route_handler_map.values():
            inner = [one for batch in model.dependency_batches for one in batch]
            inner.sort(key=lambda one: one.provide.has_async_generator_dependency)
            model.dependency_batches = [{one} for one in inner]
