"""HTTP clients of the tests: one a user, answers as plain data."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import msgspec


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]
    headers: httpx.Headers
    text: str

    @property
    def data(self) -> Any:
        return self.body["data"]

    @property
    def code(self) -> str:
        """Code of the first error."""
        return str(self.body["errors"][0]["code"])


class Client:
    """Asks below the API's prefix, with a bearer token or without."""

    def __init__(self, http: httpx.AsyncClient, prefix: str, token: str | None = None) -> None:
        self._http = http
        self.prefix = prefix
        self.token = token

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if json is not None:
            content = msgspec.json.encode(json)
            sent.setdefault("Content-Type", "application/json")
        response = await self._http.request(
            method, self.prefix + path, content=content, headers=sent
        )
        try:
            body = msgspec.json.decode(response.content)
        except msgspec.DecodeError:
            body = {}
        return Answer(response.status_code, body, response.headers, response.text)

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> Answer:
        return await self.ask("POST", path, json=json, **options)

    async def patch(self, path: str, json: Any = None, **options: Any) -> Answer:
        return await self.ask("PATCH", path, json=json, **options)

    async def put(self, path: str, json: Any = None, **options: Any) -> Answer:
        return await self.ask("PUT", path, json=json, **options)

    async def delete(self, path: str, **options: Any) -> Answer:
        return await self.ask("DELETE", path, **options)


@dataclass(frozen=True)
class TenantClients:
    """A tenant with one signed-in client a role."""

    id: UUID
    admin: Client
    analyst: Client
    viewer: Client
    viewer_id: UUID
    emails: dict[str, str]
    password: str
