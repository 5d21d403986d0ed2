"""Decides which URLs, hosts and addresses may be requested, to keep private networks safe."""

from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from typing import NamedTuple

import ada_url

# The IANA special-purpose registries (RFC 6890, RFC 8190). Blocks that they call globally reachable
# (AS112, AMT, 6to4 relays) are refused as well: they host no websites.
_SPECIAL_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        # Azure's metadata server has an address in public space.
        "168.63.129.16/32",
    )
)
# Global unicast is 2000::/3. Everything outside it (loopback, ULA, link-local, site-local,
# multicast, IPv4-compatible, IPv4-translated, NAT64, SRv6) is refused without a list.
_GLOBAL_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
# RFC 6761, RFC 6762, RFC 8375, and the private-use name that ICANN reserved.
_LOCAL_SUFFIXES = ("localhost", "local", "internal", "home.arpa")


class Target(NamedTuple):
    """An absolute http(s) URL as it is requested."""

    url: str
    """WHATWG-normalised, without userinfo and fragment."""
    origin: str
    """scheme://host[:port], default port left out."""
    host: str
    """Lower-case ASCII; an IPv6 literal without its brackets."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address belongs to the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _SPECIAL_V4)
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    return address in _GLOBAL_V6 and not any(address in block for block in _SPECIAL_V6)


def is_public_literal(text: str) -> bool:
    """Whether the text is a public IP address."""
    try:
        return is_public(ip_address(text))
    except ValueError:
        return False


def is_local_name(host: str) -> bool:
    """Whether the name can only be local: a single label, or a local suffix."""
    name = host.rstrip(".")
    return "." not in name or name.endswith(tuple("." + suffix for suffix in _LOCAL_SUFFIXES))


@lru_cache(maxsize=4096)
def may_ask(host: str) -> bool:
    """Whether a host may be requested: literals are decided here, names must still be resolved."""
    try:
        return is_public(ip_address(host))
    except ValueError:
        return not is_local_name(host)


def parse_target(url: str, base: str | None = None) -> Target:
    """Parse by the WHATWG URL standard; ValueError if it is not an absolute http(s) URL.

    Userinfo is dropped: credentials in a URL are never sent.
    """
    href = ada_url.URL(url, base).href.partition("#")[0]
    # In a serialised special URL the authority ends at the first slash, and userinfo contains no
    # bare "@", so splitting the text is as safe as calling the parser five times.
    scheme, _, rest = href.partition("://")
    if scheme not in ("http", "https"):
        raise ValueError("not an http(s) URL")
    authority, _, path = rest.partition("/")
    netloc = authority.rpartition("@")[2]
    host = netloc[1 : netloc.index("]")] if netloc.startswith("[") else netloc.partition(":")[0]
    return Target(f"{scheme}://{netloc}/{path}", f"{scheme}://{netloc}", host)


def printable(url: str) -> str:
    """The URL without userinfo, query and fragment, for messages and logs; at most 200 chars."""
    try:
        target = parse_target(url)
    except ValueError:
        return "(not an http(s) URL)"
    return target.url.partition("?")[0][:200]
