"""Guards that checks share: on which pages a rule may speak at all."""

from lsos.checks.base import Context
from lsos.web.facts import PageFacts


def ok_html(page: PageFacts, _: Context) -> bool:
    """An HTML page that answered 200 and does not send visitors on."""
    return page.is_ok_html


def indexable(page: PageFacts, _: Context) -> bool:
    return page.is_indexable


def public_https(page: PageFacts, at: Context) -> bool:
    """An https response of a host that the public can reach."""
    return page.status > 0 and page.url.startswith("https:") and not at.site.is_private_host
