"""Ranks from any JSON endpoint, by the field paths that the operator has configured."""

import re
from collections.abc import Mapping
from urllib.parse import quote
from uuid import UUID

from lsos.core.settings.provider_config import FieldPaths, JsonSource
from lsos.domains.providers.base import (
    BadResponse,
    Permanent,
    as_object,
    as_text,
    as_url,
    message_of,
)
from lsos.domains.providers.client import Call, ProviderClient
from lsos.domains.rank.providers.base import position_of
from lsos.domains.rank.rules import (
    DEPTH,
    MAX_PACK,
    BusinessIdentity,
    Organic,
    Place,
    RankQuery,
    SearchPage,
)

MISSING = object()
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class HttpRanks:
    source = "http"
    batch_size = 20

    def __init__(self, client: ProviderClient, config: JsonSource) -> None:
        self._client = client
        self._config = config

    async def fetch(
        self, query: RankQuery, own: BusinessIdentity, *, tenant_id: UUID
    ) -> SearchPage:
        config = self._config
        values = values_of(query)
        call = Call(
            url=_filled(config.url, {k: quote(v, safe="") for k, v in values.items()}),
            method=config.method,
            headers=config.headers,
            json=_filled_body(config.body, values),
            repeat="safe" if config.repeats else "if_unsent",
        )
        return parse(await self._client.fetch(call, tenant_id=tenant_id), config.fields)


def values_of(query: RankQuery) -> dict[str, str]:
    """What stands for each placeholder; unknown ones are empty."""
    return {
        "keyword": query.text,
        "language": query.language,
        "country": query.country,
        "location": query.location,
        "latitude": "" if query.latitude is None else f"{query.latitude:.7f}",
        "longitude": "" if query.longitude is None else f"{query.longitude:.7f}",
        "device": query.device,
    }


def _filled(template: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)


def _filled_body(value: object, values: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return _filled(value, values)
    if isinstance(value, dict):
        return {key: _filled_body(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled_body(item, values) for item in value]
    return value


def parse(payload: object, paths: FieldPaths) -> SearchPage:
    """Raises nothing but BadResponse and Permanent, whatever JSON it is."""
    results = at(payload, paths.results)
    if results is MISSING and as_object(payload).get("error"):
        raise Permanent(f"http: {message_of(payload)}", code="provider_error")
    if not isinstance(results, list):
        raise BadResponse("http: there is no list of results where the configuration says")
    organic = []
    for index, item in enumerate(results[:100]):
        if url := as_url(at(item, paths.url)):
            position = _position(item, paths.position, index + 1)
            organic.append(Organic(position, url, as_text(at(item, paths.title))))
    if results and not organic:
        raise BadResponse("http: no result has a URL where the configuration says")
    organic.sort(key=lambda found: found.position)
    shown = [found for found in organic if found.position <= DEPTH]
    return SearchPage(organic=shown, pack=_pack(payload, paths))


def _position(item: object, path: str, counted: int) -> int:
    value = at(item, path)
    return position_of(None if value is MISSING else value, counted)


def _pack(payload: object, paths: FieldPaths) -> list[Place] | None:
    if not paths.pack:
        return None
    places = at(payload, paths.pack)
    if places is MISSING or places is None:
        return []
    if not isinstance(places, list):
        raise BadResponse("http: the pack is no list")
    return [
        Place(
            position=_position(item, paths.pack_position, index + 1),
            title=as_text(at(item, paths.pack_title)),
            cid=as_text(at(item, paths.cid)),
            place_id=as_text(at(item, paths.place_id)),
            url=as_url(at(item, paths.pack_url)),
        )
        for index, item in enumerate(places[:MAX_PACK])
        if isinstance(item, dict)
    ]


def at(value: object, path: str) -> object:
    """What stands at keys joined by dots; MISSING when a part of the way is not there."""
    for key in path.split("."):
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and len(key) < 5 and int(key) < len(value):
            value = value[int(key)]
        else:
            return MISSING
    return value
