"""The operations of the API as its own OpenAPI document lists them, and requests that fit them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from lsos.core.clock import new_id
from tests.support.clients import Answer, Client

NO_IDS = {"code", "place_id"}
"""What names something of the installation, or of Google, and no tenant's row."""


@dataclass(frozen=True)
class Slot:
    """A place of a request that takes the id of a tenant's row."""

    place: str
    """path | query | body"""
    name: str

    @property
    def row(self) -> str:
        """What the id is of: campaign_ids holds campaign_id's."""
        return self.name.removesuffix("s")


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    spec: dict[str, Any]
    body: dict[str, Any] | None
    """JSON schema of the body."""

    @property
    def parameters(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.spec.get("parameters", [])
        return found

    @property
    def slots(self) -> list[Slot]:
        found = [
            Slot(parameter["in"], parameter["name"])
            for parameter in self.parameters
            if parameter["in"] in ("path", "query")
            and (parameter["in"] == "path" or _is_id(parameter["name"], parameter["schema"]))
        ]
        fields = (self.body or {}).get("properties", {})
        found += [Slot("body", name) for name, schema in fields.items() if _is_id(name, schema)]
        return [slot for slot in found if slot.name not in NO_IDS]


def _is_id(name: str, schema: dict[str, Any]) -> bool:
    return name.endswith(("_id", "_ids")) or "'uuid'" in str(schema)


async def list_operations(http: httpx.AsyncClient, prefix: str) -> list[Operation]:
    document = (await http.get("/schema/openapi.json")).json()
    schemas = document["components"]["schemas"]
    found = []
    for path, item in document["paths"].items():
        for method, spec in item.items():
            content = spec.get("requestBody", {}).get("content", {})
            reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
            body = schemas[reference.rpartition("/")[2]] if reference else None
            path_ = path.removeprefix(prefix)
            found.append(Operation(spec["operationId"], method.upper(), path_, spec, body))
    return found


RELEASE_PARTS = ("manifest", "metrics", "recommendations", "evidence")

BODIES: dict[str, Callable[[], dict[str, Any]]] = {
    "logIn": lambda: {"email": f"{new_id().hex}@example.com", "password": "no such password"},
    "refreshTokens": lambda: {"refresh_token": "none"},
    "changePassword": lambda: {
        "current_password": "not the password",
        "new_password": "a long new password",
    },
    "createApiKey": lambda: {"name": "key", "scopes": ["campaigns:read"]},
    "createTenant": lambda: {"name": "Tenant"},
    "updateTenant": lambda: {"name": "Renamed"},
    "createUser": lambda: {"email": f"{new_id().hex}@example.com", "role": "client_viewer"},
    "updateUser": lambda: {"name": "Renamed"},
    "setBranding": lambda: {"display_name": "Renamed"},
    "createCampaign": lambda: {"name": "Campaign", "site_url": "https://example.com/"},
    "updateCampaign": lambda: {"name": "Renamed"},
    "changeSetupState": lambda: {"state": "Archived"},
    "createLocation": lambda: {"name": "Location"},
    "updateLocation": lambda: {"name": "Renamed"},
    "createCompetitor": lambda: {"domain": f"{new_id().hex}.example"},
    "updateCompetitor": lambda: {"name": "Renamed"},
    "refreshLocal": lambda: {"campaign_id": str(new_id())},
    "refreshReviews": lambda: {"campaign_id": str(new_id())},
    "refreshAuthority": lambda: {"campaign_id": str(new_id())},
    "analyzeEntity": lambda: {"campaign_id": str(new_id())},
    "scheduleCrawl": lambda: {"campaign_id": str(new_id())},
    "updateCrawlIssue": lambda: {"ignore_reason": "as designed"},
    "validateReferenceRelease": lambda: {part: {} for part in RELEASE_PARTS},
    "draftReferenceRelease": lambda: {part: {} for part in RELEASE_PARTS},
    "activateReferenceRelease": lambda: {"version": "2026.11.0"},
    "rollBackReferenceRelease": dict,
    "updateRecommendation": lambda: {"state": "archived", "note": "not for us"},
    "updateCrawlCheck": lambda: {"is_enabled": True},
    "createKeywords": lambda: {
        "campaign_id": str(new_id()),
        "keywords": [{"text": new_id().hex}],
    },
    "updateKeyword": lambda: {"volume": 10},
    "scheduleRank": lambda: {"campaign_id": str(new_id())},
    "generateReport": lambda: {"campaign_id": str(new_id())},
    "previewReport": lambda: {"campaign_id": str(new_id())},
    "deliverReport": lambda: {"recipients": ["client@customer.example"]},
    "setReportSchedule": lambda: {
        "cadence": "daily",
        "local_time": "09:00",
        "timezone": "Europe/Riga",
        "recipients": ["client@customer.example"],
    },
}
"""A valid body of each operation that takes one."""

QUERIES: dict[str, dict[str, str]] = {
    "listCrawlLinks": {"url": "https://example.com/"},
    "exportCrawlRun": {"kind": "pages"},
}
"""Required query parameters that are no ids."""


def fill(operation: Operation, id_of: Callable[[Slot], str]) -> tuple[str, dict[str, Any] | None]:
    """Path with query, and body, of a valid request; `id_of` fills each slot that it must."""
    path, query = operation.path, dict(QUERIES.get(operation.id, {}))
    body = BODIES[operation.id]() if operation.body is not None else None
    for slot in operation.slots:
        if slot.place == "path":
            path = path.replace("{" + slot.name + "}", quote(id_of(slot)))
        elif slot.place == "query":
            query[slot.name] = id_of(slot)
        elif body is not None:
            value = id_of(slot)
            body[slot.name] = [value] if slot.name.endswith("_ids") else value
    path = path.replace("{code}", "http_4xx")
    return path + ("?" + urlencode(query) if query else ""), body


async def ask(client: Client, operation: Operation, id_of: Callable[[Slot], str]) -> Answer:
    path, body = fill(operation, id_of)
    return await client.ask(operation.method, path, json=body)


def schemas_of(node: Any) -> Iterator[str]:
    """Names of the component schemas that a part of the document refers to."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield str(value).rpartition("/")[2]
            else:
                yield from schemas_of(value)
    elif isinstance(node, list):
        for value in node:
            yield from schemas_of(value)
