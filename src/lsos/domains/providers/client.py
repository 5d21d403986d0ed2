"""Asks providers: with permits, pauses, a breaker and repeats that never cost twice."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec
import structlog

from lsos.core.clock import now
from lsos.core.errors import Transient as CoreTransient
from lsos.core.observability.telemetry import span
from lsos.core.outbound.client import Outbound, OutboundError, Response
from lsos.core.outbound.response import retry_after_s
from lsos.core.redaction import Redactor
from lsos.core.redis.client import PROVIDER_PERMITS, tenant_key
from lsos.domains.providers.account_locks import AccountLock, account_of
from lsos.domains.providers.answers import (
    Failure,
    Judge,
    Repeat,
    by_status,
    decode,
    spellings,
)
from lsos.domains.providers.base import (
    PROVIDER_ERRORS,
    BadResponse,
    Busy,
    Denied,
    Permanent,
    ProviderError,
    QuotaSpent,
    Transient,
    message_of,
)
from lsos.domains.providers.limits import SharedLimits
from lsos.domains.providers.spending import note_call

log = structlog.get_logger(__name__)

DENIED_S = 900.0
"""A refused credential is asked for again only after that, or when another one is configured."""
QUOTA_S = 3_600.0
LONGEST_PAUSE_S = 86_400.0
MESSAGE_CHARS = 200


class Limits(msgspec.Struct, frozen=True):
    timeout_s: float = 30.0
    """Of one attempt."""
    attempts: int = 3
    backoff_s: float = 0.5
    """Of the first repeat; doubles, with jitter."""
    unsaid_pause_s: float = 4.0
    """After a 429 without Retry-After."""
    longest_wait_s: float = 5.0
    """A longer pause is raised as Busy instead of waited out."""
    max_bytes: int = 2_000_000
    per_provider: int = 20
    """Calls under way, over all processes."""
    per_tenant: int = 5
    permit_wait_s: float = 20.0


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One question to a provider."""

    url: str
    """May hold secrets in its query: it is never shown."""
    method: str = "GET"
    headers: Mapping[str, str] | None = None
    json: object = None
    repeat: Repeat = "safe"
    judge: Judge | None = None


class ProviderClient:
    """One a provider and credential, made once a process."""

    def __init__(
        self,
        provider: str,
        outbound: Outbound,
        shared: SharedLimits,
        *,
        credential: str = "",
        secrets: Sequence[str] = (),
        limits: Limits | None = None,
    ) -> None:
        self.provider = provider
        self.limits = limits or Limits()
        self._outbound = outbound
        self._shared = shared
        self._account = account_of(provider, credential)
        hidden = {form for s in (credential, *secrets) if s for form in spellings(s)}
        self._redactor = Redactor(hidden)
        self._is_proven = False
        self._first = asyncio.Lock()

    async def fetch(self, call: Call, *, tenant_id: UUID) -> object:
        """The decoded JSON of a 2xx answer; every failure is a ProviderError.

        Repeats what may be repeated, and waits out short pauses. A credential that nobody has
        used yet is tried by one call at a time: a revoked one costs one refusal, not one a job.
        """
        if self._is_proven:
            return await self._fetch(call, tenant_id)
        async with self._first:
            if not self._is_proven:
                try:
                    return await self._fetch(call, tenant_id)
                except Denied:
                    raise
                except PROVIDER_ERRORS:
                    self._is_proven = True
                    raise
        return await self._fetch(call, tenant_id)

    async def _fetch(self, call: Call, tenant_id: UUID) -> object:
        for attempt in range(self.limits.attempts):
            is_last = attempt == self.limits.attempts - 1
            async with self._permits(tenant_id):
                await self._wait_for_hold()
                outcome = await self._attempt(call)
            if not isinstance(outcome, Failure):
                self._is_proven = True
                return outcome
            await self._note(outcome, attempt)
            if is_last or not (outcome.is_unsent or outcome.may_repeat(call.repeat)):
                raise outcome.error from None
            await asyncio.sleep(_jittered(self.limits.backoff_s * 2**attempt))
        raise AssertionError("unreachable: the last attempt raises")

    @asynccontextmanager
    async def _permits(self, tenant_id: UUID) -> AsyncIterator[None]:
        limits = self.limits
        ttl_s = limits.timeout_s + limits.longest_wait_s + 10
        own = tenant_key(tenant_id, f"provider:{self.provider}:permits")
        everybody = PROVIDER_PERMITS + self.provider
        wait_s = limits.permit_wait_s
        async with (
            self._shared.permit(own, limits.per_tenant, wait_s=wait_s, ttl_s=ttl_s),
            self._shared.permit(everybody, limits.per_provider, wait_s=wait_s, ttl_s=ttl_s),
        ):
            yield

    async def _wait_for_hold(self) -> None:
        while hold := await self._shared.account_locks.find(self._account):
            if hold.reason != "rate_limited" or hold.left_s > self.limits.longest_wait_s:
                raise self._held(hold)
            # Not all at once when it ends.
            await asyncio.sleep(hold.left_s + _jittered(self.limits.backoff_s))

    def _held(self, hold: AccountLock) -> ProviderError:
        if hold.reason == "denied":
            return Denied(f"{self.provider}: this credential was refused a while ago")
        if hold.reason == "quota_spent":
            return QuotaSpent(f"{self.provider}: the quota was spent a while ago")
        message = f"{self.provider}: asks for a pause"
        return Busy(message, code="provider_rate_limited", wait_s=hold.left_s)

    async def _attempt(self, call: Call) -> "object | Failure":
        breaker = self._shared.breaker
        leave = await breaker.allow(self.provider)
        if not leave.is_allowed:
            message = f"{self.provider}: its circuit is open"
            raise Busy(message, code="provider_circuit_open", wait_s=max(leave.wait_s, 0.1))
        with span("provider call", **{"lsos.provider": self.provider}) as current:
            note_call()
            try:
                response = await self._outbound.request(
                    call.method,
                    call.url,
                    headers={"Accept": "application/json", **(call.headers or {})},
                    json=call.json,
                    timeout_s=self.limits.timeout_s,
                    max_bytes=self.limits.max_bytes,
                )
            except OutboundError as error:
                outcome: object = self._no_response(error)
            except CoreTransient as error:  # no way out: every proxy is down
                outcome = Failure(Transient(error.message, code=error.code), is_unsent=True)
            else:
                current.set_attribute("http.response.status_code", response.status)
                outcome = self._read(response, call.judge)
        is_ok = not isinstance(outcome, Failure) or not outcome.is_fault
        await breaker.record(self.provider, is_ok=is_ok, is_probe=leave.is_probe)
        return outcome

    def _no_response(self, error: OutboundError) -> "Failure":
        message = f"{self.provider}: {self._clean(error.kind + ' ' + error.detail)}"
        if error.kind in ("too_large", "bad_encoding"):
            return Failure(BadResponse(message), is_fault=True)
        if error.kind == "address_blocked":
            return Failure(Permanent(message, code="provider_address_blocked"))
        is_unsent = error.kind in ("dns", "refused", "tls")
        code = "provider_timeout" if error.kind == "timeout" else "provider_unreachable"
        return Failure(Transient(message, code=code), is_unsent=is_unsent, is_fault=True)

    def _read(self, response: Response, judge: Judge | None) -> "object | Failure":
        status = response.status
        is_success = 200 <= status < 300
        try:
            payload = decode(response.body)
        except ValueError as error:
            if is_success:
                message = f"{self.provider}: HTTP {status} without valid JSON: {error}"
                return Failure(BadResponse(message), is_fault=True)
            payload = None
        meant = judge(status, payload) if judge is not None else None
        if meant is not None:
            self._redact(meant)
        elif is_success:
            return payload
        else:
            meant = by_status(self.provider, status, self._clean(message_of(payload)))
        after_s = retry_after_s(response.header("retry-after"), now())
        return Failure(
            meant,
            is_limited=status == 429,
            is_fault=status >= 500,
            after_s=after_s,
        )

    async def _note(self, failure: "Failure", attempt: int) -> None:
        """Tell all others what one call has learned; a longer pause ends this call."""
        error, locks = failure.error, self._shared.account_locks
        log.warning(
            "provider_failed",
            provider=self.provider,
            code=error.code,
            error=error.message,
            attempt=attempt + 1,
        )
        if isinstance(error, Denied):
            self._is_proven = False
            await locks.put(self._account, "denied", DENIED_S)
        elif isinstance(error, QuotaSpent):
            await locks.put(self._account, "quota_spent", failure.after_s or QUOTA_S)
        elif failure.is_limited or failure.after_s is not None:
            said_s = failure.after_s
            pause_s = self.limits.unsaid_pause_s if said_s is None else said_s
            pause_s = min(max(pause_s, 0.01), LONGEST_PAUSE_S)
            await locks.put(self._account, "rate_limited", pause_s)
            if pause_s > self.limits.longest_wait_s:
                raise Busy(error.message, code=error.code, wait_s=pause_s) from None

    def _redact(self, error: ProviderError) -> None:
        error.message = f"{self.provider}: {self._clean(error.message)}"
        error.args = (error.message,)

    def _clean(self, text: str) -> str:
        shown = "".join(c if c.isprintable() else " " for c in text[:2_000])
        return str(self._redactor.clean(shown))[:MESSAGE_CHARS]


def _jittered(seconds: float) -> float:
    return seconds * (0.5 + random.random())  # noqa: S311 -- spread, no secret
