"""The generic JSON contract for profiles, reviews and backlinks (Docs/provider-contract.md).

Anybody can serve it; the adapters of the rooms read its parts.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, cast
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from lsos.core.outbound.addresses import may_ask, parse_target
from lsos.core.outbound.client import Outbound
from lsos.core.resources import Resources
from lsos.domains.campaigns.rules import Listing
from lsos.domains.providers.base import (
    BadResponse,
    as_float,
    as_int,
    as_list,
    as_object,
    as_text,
)
from lsos.domains.providers.client import Call, ProviderClient
from lsos.domains.providers.limits import shared_limits
from lsos.domains.providers.outbounds import private_outbound, public_outbound

Status = Literal["found", "not_found", "empty"]
STATUSES = ("found", "not_found", "empty")
MAX_CURSOR_CHARS = 2_000
FIRST_YEAR, LAST_YEAR = 1990, 2100


class Answer(msgspec.Struct, frozen=True):
    """One page of an answer, its envelope judged, its content not yet."""

    status: Status
    body: dict[str, object]
    next_cursor: str | None


def generic_provider(resources: Resources, name: str, url: str, key: str) -> "GenericProvider":
    """The client of a provider that speaks the generic contract, on its way out."""
    outbound = choose_outbound(url, resources.get(public_outbound), resources.get(private_outbound))
    client = ProviderClient(name, outbound, resources.get(shared_limits), credential=key)
    return GenericProvider(client, url, key)


class GenericProvider:
    def __init__(self, client: ProviderClient, base_url: str, api_key: str) -> None:
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}"}

    @property
    def name(self) -> str:
        return self._client.provider

    async def ask(self, path: str, values: Mapping[str, object], *, tenant_id: UUID) -> Answer:
        """One GET below the base URL; empty values are left out."""
        sent = {name: str(value) for name, value in values.items() if value not in (None, "")}
        url = f"{self._base_url}{path}?{urlencode(sent)}"
        payload = await self._client.fetch(
            Call(url=url, headers=self._headers), tenant_id=tenant_id
        )
        return read_answer(self.name, payload)


def choose_outbound(url: str, public: Outbound, private: Outbound) -> Outbound:
    """A provider inside the operator's own network is outside the guard: only settings name it.

    Public ones go through the guard, and out by the operator's proxies.
    """
    return public if may_ask(parse_target(url).host) else private


def identity(listing: Listing) -> dict[str, object]:
    """How the contract names a location."""
    return {
        "name": listing.name,
        "street": listing.street,
        "city": listing.city,
        "region": listing.region,
        "postcode": listing.postcode,
        "country": listing.country,
        "phone": listing.phone,
        "place_id": listing.place_id,
        "cid": listing.cid,
    }


def read_answer(provider: str, payload: object) -> Answer:
    body = as_object(payload)
    if not body:
        raise BadResponse(f"{provider}: the answer is no object")
    if body.get("error"):
        raise BadResponse(f"{provider}: a success with an error")
    status = body.get("status")
    if status not in STATUSES:
        raise BadResponse(f"{provider}: status is none of {', '.join(STATUSES)}")
    cursor = body.get("next_cursor")
    if cursor is not None and (not isinstance(cursor, str) or not cursor):
        raise BadResponse(f"{provider}: next_cursor is no text")
    if cursor is not None and len(cursor) > MAX_CURSOR_CHARS:
        raise BadResponse(f"{provider}: next_cursor is too long")
    return Answer(cast(Status, status), body, cursor)


class Reader:
    """Reads the fields of one object of an answer: what has another type is a BadResponse."""

    def __init__(self, provider: str, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise BadResponse(f"{provider}: {path} is no object")
        self._provider, self._value, self._path = provider, value, path

    def text(self, name: str, most: int = 500) -> str:
        """ "" when it is missing."""
        value = self._value.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._fault(name, "text")
        return as_text(value, most)

    def optional_text(self, name: str, most: int = 500) -> str | None:
        """None when it is missing."""
        return None if self._value.get(name) is None else self.text(name, most)

    def needed_text(self, name: str, most: int = 500) -> str:
        value = self.text(name, most)
        if not value.strip():
            raise self._fault(name, "text that is not empty")
        return value

    def number(self, name: str, low: float, high: float) -> float | None:
        value = self._value.get(name)
        if value is None:
            return None
        number = as_float(value)
        if number is None or not low <= number <= high:
            raise self._fault(name, f"a number from {low:g} to {high:g}")
        return number

    def count(self, name: str) -> int | None:
        value = self._value.get(name)
        if value is None:
            return None
        count = None if isinstance(value, str) else as_int(value)
        if count is None:
            raise self._fault(name, "a count")
        return count

    def flag(self, name: str) -> bool:
        value = self._value.get(name)
        if not isinstance(value, bool):
            raise self._fault(name, "true or false")
        return value

    def time(self, name: str) -> datetime | None:
        """ISO 8601, of which one without an offset is UTC."""
        value = self._value.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                moment = datetime.fromisoformat(value)
                aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
                if FIRST_YEAR <= aware.year <= LAST_YEAR:
                    return aware.astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        raise self._fault(name, "a time in ISO 8601")

    def needed_time(self, name: str) -> datetime:
        moment = self.time(name)
        if moment is None:
            raise self._fault(name, "a time in ISO 8601")
        return moment

    def texts(self, name: str, most: int = 100) -> list[str] | None:
        value = self._value.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._fault(name, "a list of texts")
        return [text for item in value[:most] if (text := as_text(item, 200))]

    def items(self, name: str, most: int) -> list["Reader"]:
        value = self._value.get(name)
        if not isinstance(value, list) or len(value) > most:
            raise self._fault(name, f"a list of at most {most}")
        return [
            Reader(self._provider, item, f"{self._path}{name}[{at}]")
            for at, item in enumerate(as_list(value))
        ]

    def part(self, name: str) -> "Reader | None":
        value = self._value.get(name)
        return None if value is None else Reader(self._provider, value, f"{self._path}{name}.")

    def _fault(self, name: str, wanted: str) -> BadResponse:
        return BadResponse(f"{self._provider}: {self._path}{name} must be {wanted}")
