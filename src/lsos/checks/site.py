"""What is known of a whole site: context of every check, input of those about the whole run."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from lsos.web.host_facts import HostFacts

if TYPE_CHECKING:
    # numpy, which page checks and the API must not load.
    from lsos.checks.graph import LinkGraph


class Place(msgspec.Struct, frozen=True, gc=False):
    """A location of the campaign, as far as checks need it."""

    name: str = ""
    phone: str = ""
    """E.164 or as given."""
    street: str = ""
    city: str = ""
    postcode: str = ""
    region: str = ""
    country: str = ""
    landing_url: str = ""


class SiteContext(msgspec.Struct, frozen=True, gc=False):
    """What a run knows before its first page."""

    start_url: str
    host: str
    domain: str
    """Registrable domain by the public suffix list; the host itself for addresses and localhost."""
    is_private_host: bool
    """Loopback or private address or a name without a public suffix: https is not judged there."""
    business_name: str = ""
    places: tuple[Place, ...] = ()


class SiteFacts(msgspec.Struct, gc=False, kw_only=True):
    """A finished run as the site-wide checks see it."""

    context: SiteContext
    now: datetime
    hosts: Mapping[str, HostFacts]
    page_count: int = 0
    """HTML pages fetched."""
    indexable_count: int = 0
    is_cut_off: bool = False
    """A budget was met: URLs are known that were not fetched, and any page may have more links."""
    graph: "LinkGraph"
    """What links to what among the URLs of the site."""
