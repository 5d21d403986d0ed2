"""The OpenAPI document: its frame, and what follows from a route without being said there."""

from dataclasses import dataclass
from inspect import cleandoc
from typing import Any

from litestar import Response, Router
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, Operation, Parameter, Schema, SecurityScheme
from litestar.openapi.spec.enums import OpenAPIType
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute
from msgspec.structs import fields

from lsos import __version__
from lsos.core.http.api_page import PlainPage
from lsos.core.http.envelope import failures
from lsos.core.http.faults import parameters_of
from lsos.core.http.principal import ANY, PUBLIC, needs
from lsos.core.settings.settings import Settings

ALWAYS = frozenset({400, 422, 500, 503})
"""A path or query alone may be malformed."""
IDEMPOTENCY = (
    "A name of your choice for this request. Sent again with the same body within 24 hours, it gets"
    " the stored answer; with another body 422, while the first still runs 409."
)
ROLE_WORDS = {PUBLIC: "Public.", ANY: "Open to every token."}


class DescribeRoutes(ReceiveRoutePlugin):
    """Gives each operation its summary, its description, and the errors that its kind may answer.

    What follows from a route is not repeated at the route: who may ask (401, 403), an id in it
    (404), a body (413, 415), a POST that an Idempotency-Key may meet again (409). A route declares
    what is left, with `responses=failures(...)`. All errors have one shape; Litestar would document
    a 400 of its own, in a shape that no answer has.
    """

    def receive_route(self, route: BaseRoute) -> None:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                handler.responses = {**failures(*_statuses(handler)), **(handler.responses or {})}
                if handler.resolve_include_in_schema():
                    _describe(handler)
                is_repeatable = _is_repeatable(handler)
                handler.operation_class = (
                    RepeatableOperation if is_repeatable else DescribedOperation
                )


def _describe(handler: HTTPRouteHandler) -> None:
    text = cleandoc(handler.fn.__doc__ or "")
    summary, _, rest = text.partition("\n\n")
    scope = str(handler.opt.get("scope"))
    who = ROLE_WORDS.get(scope, f"Needs the scope `{scope}`.")
    handler.summary = " ".join(summary.split()).rstrip(".")
    handler.description = "\n\n".join(filter(None, (" ".join(summary.split()), rest, who)))


def _statuses(handler: HTTPRouteHandler) -> frozenset[int]:
    scope = handler.opt.get("scope")
    statuses = ALWAYS
    if scope != PUBLIC:
        statuses |= {401} if scope == ANY else {401, 403}
    if _is_repeatable(handler):
        statuses |= {409}
    if handler.parsed_data_field is not None:
        statuses |= {413, 415}
    return statuses | {404} if _names_a_row(handler) else statuses


def _is_repeatable(handler: HTTPRouteHandler) -> bool:
    """Keeps its answer for an Idempotency-Key: what a POST in a tenant's session does."""
    return "POST" in handler.http_methods and "session" in handler.parsed_fn_signature.parameters


def _names_a_row(handler: HTTPRouteHandler) -> bool:
    """A required id in the path, query or body may be nobody's or another tenant's."""
    path, query = parameters_of(handler)
    if path or any(each.is_required and each.field_alias.endswith("_id") for each in query):
        return True
    body = handler.parsed_data_field
    if body is None or not isinstance(body.annotation, type):
        return False
    return any(field.name.endswith(("_id", "_ids")) for field in fields(body.annotation))


@dataclass
class DescribedOperation(Operation):
    """Says of an id whose it is, where its route says nothing more."""

    def __post_init__(self) -> None:
        for parameter in self.parameters or ():
            if not isinstance(parameter, Parameter) or parameter.description:
                continue
            name, is_id = parameter.name.removesuffix("_id"), parameter.name.endswith("_id")
            if is_id:
                thing = name.replace("_", " ")
                rest = "." if parameter.required else "; left out: of all."
                parameter.description = f"Id of the {thing}{rest}"


@dataclass
class RepeatableOperation(DescribedOperation):
    """An operation that takes the header Idempotency-Key; no handler reads it, the session does."""

    def __post_init__(self) -> None:
        super().__post_init__()
        key = Parameter(
            name="Idempotency-Key",
            param_in="header",
            required=False,
            schema=Schema(type=OpenAPIType.STRING),
            description=IDEMPOTENCY,
        )
        self.parameters = [*(self.parameters or ()), key]


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
