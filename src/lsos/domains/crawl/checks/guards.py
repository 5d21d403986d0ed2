"""Guards that checks share: on which pages a rule may speak at all."""

from lsos.domains.crawl.facts import PageFacts, SiteContext


def ok_html(page: PageFacts) -> bool:
    """An HTML page that answered 200."""
    return page.is_html and page.status == 200


def indexable(page: PageFacts) -> bool:
    return page.is_indexable


def answered(page: PageFacts) -> bool:
    """A response came, whatever its status."""
    return page.status > 0


def public_https(page: PageFacts, site: SiteContext) -> bool:
    return page.url.startswith("https:") and not site.is_private_host
