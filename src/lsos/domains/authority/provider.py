"""Where backlinks come from: the seam of all adapters, and the one of the generic contract."""

from typing import Protocol
from uuid import UUID

from lsos.domains.authority.rules import LinkCounts, LinkPage, RawLink, host_of
from lsos.domains.providers.base import BadResponse
from lsos.domains.providers.generic import Answer, GenericProvider, Reader

PAGE_SIZE = 1_000
MAX_URL_CHARS = 2_048


class BacklinkProvider(Protocol):
    source: str
    """synthetic | provider: shown with everything that was measured by it."""

    async def fetch(
        self, domain: str, cursor: str | None, limit: int, *, tenant_id: UUID
    ) -> LinkPage:
        """The counts of a domain and a page of its live links; failures are ProviderErrors."""


class GenericBacklinks:
    source = "provider"

    def __init__(self, provider: GenericProvider) -> None:
        self._provider = provider

    async def fetch(
        self, domain: str, cursor: str | None, limit: int, *, tenant_id: UUID
    ) -> LinkPage:
        values = {"domain": domain, "limit": min(limit, PAGE_SIZE), "cursor": cursor}
        answer = await self._provider.ask("/v1/backlinks", values, tenant_id=tenant_id)
        return parse(self._provider.name, answer)


def parse(provider: str, answer: Answer) -> LinkPage:
    if answer.status == "not_found":
        return LinkPage("not_found", LinkCounts(), [])
    if answer.status == "empty":
        return LinkPage("empty", LinkCounts(0, 0, 0), [])
    body = Reader(provider, answer.body, "")
    counts = LinkCounts(
        backlinks=body.count("backlinks_total"),
        referring_domains=body.count("referring_domains"),
        followed_domains=body.count("followed_domains"),
    )
    if counts.followed_domains is None:
        raise BadResponse(f"{provider}: followed_domains must be a count")
    links = [_link(provider, entry) for entry in body.items("backlinks", PAGE_SIZE)]
    if not links and answer.next_cursor:
        raise BadResponse(f"{provider}: a page without links names another one")
    return LinkPage("found", counts, links, answer.next_cursor)


def _link(provider: str, entry: Reader) -> RawLink:
    link = RawLink(
        source_url=entry.needed_text("source_url", MAX_URL_CHARS),
        target_url=entry.needed_text("target_url", MAX_URL_CHARS),
        anchor=entry.text("anchor"),
        is_followed=entry.flag("is_followed"),
        first_seen_at=entry.time("first_seen_at"),
        last_seen_at=entry.time("last_seen_at"),
    )
    for url in (link.source_url, link.target_url):
        if not url.startswith(("http://", "https://")) or not host_of(url):
            raise BadResponse(f"{provider}: a backlink's end is no http or https URL")
    return link
