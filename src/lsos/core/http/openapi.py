"""The OpenAPI document: its frame, and the errors that every route of a kind may answer."""

from typing import Any

from litestar import Response, Router
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute

from lsos import __version__
from lsos.core.http.api_page import PlainPage
from lsos.core.http.envelope import failures
from lsos.core.http.principal import ANY, PUBLIC, needs
from lsos.core.settings.settings import Settings

ALWAYS = frozenset({400, 422, 500, 503})
"""A path or query alone may be malformed."""


class DeclareErrors(ReceiveRoutePlugin):
    """Adds to each operation what its kind may answer, all in the one error shape.

    Litestar documents a 400 of its own, in a shape that no answer has.
    """

    def receive_route(self, route: BaseRoute) -> None:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                handler.responses = {**failures(*_statuses(handler)), **(handler.responses or {})}


def _statuses(handler: HTTPRouteHandler) -> frozenset[int]:
    scope = handler.opt.get("scope")
    statuses = ALWAYS
    if scope != PUBLIC:
        statuses |= {401} if scope == ANY else {401, 403}
    return statuses | {413, 415} if handler.parsed_data_field is not None else statuses


def openapi_config(settings: Settings) -> OpenAPIConfig:
    return OpenAPIConfig(
        title=settings.app_name,
        version=__version__,
        openapi_router=Router(
            "/schema",
            route_handlers=[],
            opt=needs(PUBLIC),
            include_in_schema=False,
            after_request=_refuse_unknown,
        ),
        # Litestar's other plugins load scripts from somebody else's servers.
        render_plugins=[PlainPage()],
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(
                    type="http", scheme="bearer", description="Access token or API key"
                )
            }
        ),
        security=[{"bearer": []}],
    )


async def _refuse_unknown(response: Response[Any]) -> Response[Any]:
    """Litestar answers unknown paths below the schema's with a page of its own."""
    if response.status_code == 404:
        raise NotFoundException
    return response
