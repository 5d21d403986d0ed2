"""What the answer of a provider, or its absence, means, and whether one may ask again."""

from collections.abc import Callable
from typing import Literal
from urllib.parse import quote, quote_plus

import msgspec

from lsos.domains.providers.base import (
    BadResponse,
    Denied,
    Permanent,
    ProviderError,
    QuotaSpent,
    Transient,
)

Repeat = Literal["safe", "if_unsent"]
"""safe: asking again neither changes nor costs anything. if_unsent: only when the request can't
have had an effect."""
Judge = Callable[[int, object], ProviderError | None]
"""(HTTP status, decoded body or None) -> what this provider means by it; None: ask by_status."""


class Failure(msgspec.Struct, frozen=True):
    error: ProviderError
    is_unsent: bool = False
    """The provider can't have seen the request."""
    is_limited: bool = False
    is_fault: bool = False
    """Counts against the provider in its breaker."""
    after_s: float | None = None

    def may_repeat(self, repeat: Repeat) -> bool:
        if not isinstance(self.error, Transient):
            return False
        return repeat == "safe" or self.is_limited


def by_status(provider: str, status: int, message: str) -> ProviderError:
    """What a status means where the provider's own documents say nothing else (RFC 9110)."""
    text = f"{provider}: HTTP {status}" + (f": {message}" if message else "")
    if status in (401, 403):
        return Denied(text)
    if status == 402:
        return QuotaSpent(text)
    if status == 429:
        return Transient(text, code="provider_rate_limited")
    if status in (408, 425) or status >= 500:
        return Transient(text)
    return BadResponse(text) if status < 400 else Permanent(text)


def decode(body: bytes) -> object:
    """The JSON of a body; ValueError for what is none (NaN, 1e400, bad UTF-8, endless nesting)."""
    try:
        payload: object = msgspec.json.decode(body)
    except UnicodeDecodeError:
        raise ValueError("bad UTF-8") from None
    except (msgspec.MsgspecError, RecursionError) as error:
        kind = "nested too deeply" if isinstance(error, RecursionError) else "malformed"
        raise ValueError(kind) from None
    return payload


def spellings(secret: str) -> set[str]:
    """As it stands in a URL, too."""
    return {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
