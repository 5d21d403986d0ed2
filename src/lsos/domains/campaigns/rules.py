"""Setup states and the pure checks of what a campaign stores, so that nothing unusable gets in."""

import re
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import ada_url
import msgspec

from lsos.core.errors import Invalid
from lsos.core.http.wording import given
from lsos.core.outbound.addresses import is_public_literal, may_ask, parse_target
from lsos.core.outbound.policy import OutboundPolicy

SetupState = Literal["Draft", "Configured", "BaselineRunning", "Active", "Paused", "Archived"]
SETUP_STATES: tuple[SetupState, ...] = get_args(SetupState)
StepState = Literal["waiting", "running", "done", "failed"]

TRANSITIONS: dict[SetupState, tuple[SetupState, ...]] = {
    "Draft": ("Configured",),
    "Configured": ("Draft", "BaselineRunning"),
    "BaselineRunning": ("Active",),
    "Active": ("Paused",),
    "Paused": ("Active", "Archived"),
    "Archived": (),
}
NOT_BY_REQUEST: frozenset[tuple[SetupState, SetupState]] = frozenset(
    {("BaselineRunning", "Active")}
)
"""Happens by itself when every step of the baseline has ended."""

DELETABLE: frozenset[SetupState] = frozenset({"Draft", "Configured", "Archived"})

MAX_URL_CHARS = 2_048
MAX_LOCATIONS = 5_000
MAX_COMPETITORS = 200

_ENTITY_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')
_DOMAIN = re.compile(r"(?=.{4,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A location as the rooms that measure it see it."""

    id: UUID
    created_at: datetime
    name: str
    street: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""
    latitude: float | None = None
    longitude: float | None = None
    place_id: str | None = None
    cid: str | None = None
    landing_url: str = ""


def requestable(state: SetupState) -> tuple[SetupState, ...]:
    """States that a request may move to from this one."""
    return tuple(to for to in TRANSITIONS[state] if (state, to) not in NOT_BY_REQUEST)


def parse_site_url(text: str, policy: OutboundPolicy, *, field: str) -> str:
    """The URL as it goes on the wire, without its fragment; Invalid names what is wrong.

    A name is not resolved here: only what can be seen to lie inside is refused.
    """
    target = policy.check(text, field=field, given=given(text))
    parsed = ada_url.URL(text)
    if parsed.username or parsed.password:
        raise Invalid("must not hold a user name or password", field=field, code="url_invalid")
    if len(target.url) > MAX_URL_CHARS:
        raise Invalid(f"is longer than {MAX_URL_CHARS} characters", field=field, code="url_invalid")
    return target.url


def parse_domain(text: str) -> str:
    """A competitor's host name from a name or URL: lower case, punycode, without `www.`."""
    refusal = Invalid(
        f"{given(text)} is not a public host name, such as example.com",
        field="domain",
        code="domain_invalid",
    )
    try:
        parsed = ada_url.URL(text if "://" in text else f"https://{text}")
        host = parse_target(parsed.href).host.rstrip(".")
    except ValueError as error:
        raise refusal from error
    if parsed.username or parsed.password or is_public_literal(host):
        raise refusal
    host = host.removeprefix("www.") if host.count(".") > 1 else host
    if not may_ask(host) or not _DOMAIN.fullmatch(host):
        raise refusal
    return host


def matches_version(if_match: str, version: int) -> bool:
    """Whether an If-Match header admits this version (RFC 9110 section 13.1.1, strong)."""
    if if_match.strip() == "*":
        return True
    tags = [_ENTITY_TAG.fullmatch(part.strip()) for part in if_match.split(",")]
    if None in tags:
        raise Invalid(
            f'{given(if_match)} is not a version in quotes, such as "3"', field="If-Match"
        )
    return any(tag is not None and not tag[1] and tag[2] == str(version) for tag in tags)


def refuse_half_position(latitude: float | None, longitude: float | None) -> None:
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        raise Invalid("latitude and longitude go together", field=missing, code="half_position")
