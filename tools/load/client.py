"""The simulator's API client: authenticated, measuring latency from each request's due time."""

import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import aiohttp
import msgspec

TIMEOUT_S = 15.0
SESSION_S = 500.0
"""Sign in again after this: access tokens live for 900 s."""
PRODUCTION_WORDS = frozenset({"prod", "production", "live"})

Outcome = Literal["answered", "timeout", "broken"]


class Refused(Exception):
    """The simulation can't or must not run here; the message says why."""


@dataclass(frozen=True)
class Call:
    t_s: float
    """When it was due, in seconds since the start of the load phase."""
    ms: float
    outcome: Outcome
    status: int


@dataclass(frozen=True)
class Answer:
    status: int
    data: Any
    error: str = ""


def check_host(base_url: str) -> None:
    """Raise Refused unless the host is this machine or is named as staging."""
    host = urlsplit(base_url).hostname or ""
    words = set(host.replace("-", ".").split("."))
    is_loopback = host in ("localhost", "::1") or (host.startswith("127.") and _is_address(host))
    if is_loopback or ("staging" in words and not words & PRODUCTION_WORDS):
        return
    raise Refused(f"{host or base_url!r} is neither this machine nor marked as staging")


def _is_address(host: str) -> bool:
    parts = host.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)


class Client:
    """One user at one base URL, such as http://127.0.0.1:8000/api/v1."""

    def __init__(self, base_url: str, email: str, password: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._credentials = {"email": email, "password": password}
        self._token = ""
        self._signed_in_at = 0.0

    async def __aenter__(self) -> Self:
        # Requests never wait for a client connection: that would hide the server's latency.
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            trust_env=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.close()

    async def sign_in(self) -> None:
        answer = await self.ask("POST", "/auth/login", self._credentials)
        if answer.status != 200:
            raise Refused(f"can't sign in: {answer.error or answer.status}")
        self._token = answer.data["access_token"]
        self._signed_in_at = time.monotonic()

    async def keep_signed_in(self) -> None:
        if time.monotonic() - self._signed_in_at > SESSION_S:
            await self.sign_in()

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        """The response, or status 0 with the reason why there is none. Never raises."""
        answer, _ = await self._exchange(method, path, body)
        return answer

    async def timed(
        self, method: str, path: str, body: object = None, *, due: float, begin: float
    ) -> tuple[Answer, Call]:
        """Latency is measured from `due` (monotonic seconds), not from the time of sending."""
        answer, outcome = await self._exchange(method, path, body)
        ms = (time.monotonic() - due) * 1_000
        return answer, Call(due - begin, ms, outcome, answer.status)

    async def _exchange(self, method: str, path: str, body: object) -> tuple[Answer, Outcome]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            async with self._http.request(
                method, self.base_url + path, json=body, headers=headers, allow_redirects=False
            ) as response:
                raw = await response.read()
        except TimeoutError:
            return Answer(0, None, f"no answer within {TIMEOUT_S:.0f} s"), "timeout"
        except (aiohttp.ClientError, OSError) as error:
            return Answer(0, None, type(error).__name__), "broken"
        return _answer(response.status, raw), "answered"


def _answer(status: int, raw: bytes) -> Answer:
    try:
        found = msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.MsgspecError:
        return Answer(status, None, "" if status < 400 else "no envelope")
    errors = found.get("errors") or []
    text = "; ".join(str(e.get("message", e.get("code"))) for e in errors if isinstance(e, dict))
    return Answer(status, found.get("data"), text)
