"""Which URLs this installation may request: one rule for whoever accepts a URL, and for the client.

Names are not resolved here; the client's guard decides on the addresses they resolve to.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from lsos.core.errors import Invalid
from lsos.core.outbound.addresses import Target, may_ask, parse_target
from lsos.core.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """Public hosts, and what the operator allows in addition."""

    origins: frozenset[str] = frozenset()
    """Exact scheme://host[:port] that are exempt, default ports left out."""
    allow_private: bool = False
    """Everything is exempt."""

    @classmethod
    def of(cls, origins: Iterable[str], *, allow_private: bool = False) -> Self:
        """`origins` as operators write them, with or without default ports."""
        return cls(frozenset(parse_target(origin).origin for origin in origins), allow_private)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls.of(settings.allowed_origins)

    def is_exempt(self, target: Target) -> bool:
        """Whether the operator allows the target, wherever it is."""
        return self.allow_private or target.origin in self.origins

    def allows(self, target: Target) -> bool:
        return self.is_exempt(target) or may_ask(target.host)

    def check(self, url: str, *, field: str, given: str) -> Target:
        """The URL as it is requested; Invalid if it is none, or is not allowed.

        `field` is the public name of where the URL came from, `given` the URL as to be quoted.
        """
        try:
            target = parse_target(url)
        except ValueError as error:
            raise Invalid(
                f"{given} is not an http or https URL, such as https://www.example.com/",
                field=field,
                code="url_invalid",
            ) from error
        if not self.allows(target):
            raise Invalid(
                f"{given} is inside a private network; use a public address, or have the operator"
                " add its origin to OUTBOUND_ALLOW_ORIGINS",
                field=field,
                code="address_blocked",
            )
        return target
