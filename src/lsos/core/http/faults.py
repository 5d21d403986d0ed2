"""Requests that do not fit their route: unknown query parameters, and every fault by its name."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec
from litestar import Request
from litestar.enums import ParamType
from litestar.handlers import HTTPRouteHandler
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types.empty import Empty
from litestar.utils.scope.state import ScopeState

from lsos.core.errors import Invalid
from lsos.core.http.principal import PUBLIC
from lsos.core.http.wording import Fault, faults, missing, unknown

_PARAMETERS = "parameters"
_QUERY_NAMES = "query_names"
AnyRequest = Request[Any, Any, Any]


class KnowParameters(ReceiveRoutePlugin):
    """Notes at start, on each handler, which parameters it declares.

    A public GET without parameters takes any: a load balancer's probe, a scraper or a browser may
    add one of its own, and no answer could be mistaken for a filtered one.
    """

    def receive_route(self, route: BaseRoute) -> None:
        if not isinstance(route, HTTPRoute):
            return
        for handler, model in route.route_handler_map.values():
            names = frozenset(each.field_alias for each in model.expected_query_params)
            is_probe = handler.opt.get("scope") == PUBLIC and "GET" in handler.http_methods
            handler.opt[_PARAMETERS] = (model.expected_path_params, model.expected_query_params)
            if names or not is_probe:
                handler.opt[_QUERY_NAMES] = names


def parameters_of(handler: HTTPRouteHandler) -> tuple[Collection[Any], Collection[Any]]:
    """What a handler takes from the path and from the query, its dependencies included."""
    found: tuple[Collection[Any], Collection[Any]] = handler.opt.get(_PARAMETERS, ((), ()))
    return found


def check_query(request: AnyRequest) -> None:
    """Refuse query parameters that the route does not have, like unknown fields of a body."""
    if not request.scope["query_string"]:
        return
    known: frozenset[str] | None = request.route_handler.opt.get(_QUERY_NAMES)
    if known is None or known.issuperset(request.query_params):
        return
    name = next(name for name in request.query_params if name not in known)
    fault = unknown(name, "", known, kind="query parameter")
    raise Invalid(fault.message, field=fault.field, detail=_detail(fault, ParamType.QUERY))


def shape_faults(request: AnyRequest) -> list[tuple[Fault, dict[str, object]]]:
    """What is wrong with the request's parameters and body, each with where and what is known."""
    handler = request.scope.get("route_handler")
    if not isinstance(handler, HTTPRouteHandler):
        return []
    found = [(fault, _detail(fault, where)) for fault, where in _parameters(request, handler)]
    return found + [(fault, _detail(fault, "body")) for fault in _body(request, handler)]


def _detail(fault: Fault, where: str) -> dict[str, object]:
    place = getattr(where, "value", where)
    return {"in": place} | ({"known": list(fault.known)} if fault.known else {})


def _parameters(request: AnyRequest, handler: HTTPRouteHandler) -> Iterator[tuple[Fault, str]]:
    in_path, in_query = parameters_of(handler)
    kinds = handler.signature_model.__annotations__
    given: Mapping[str, Mapping[str, Any]] = {
        ParamType.PATH: request.path_params,
        ParamType.QUERY: request.query_params,
    }
    for place, parameters in ((ParamType.PATH, in_path), (ParamType.QUERY, in_query)):
        for each in sorted(parameters, key=lambda p: p.field_alias):
            name = each.field_alias
            if name in given[place]:
                kind = kinds.get(each.field_name, Any)
                for fault in faults(given[place][name], kind, name, is_text=True):
                    yield fault, place
            elif each.is_required:
                yield missing(name), place


def _body(request: AnyRequest, handler: HTTPRouteHandler) -> list[Fault]:
    field = handler.parsed_data_field
    body = ScopeState.from_scope(request.scope).body
    if field is None or body is Empty:
        return []
    if not body:
        return [Fault("", "the request needs a JSON body")]
    return faults(msgspec.json.decode(body), field.annotation)
