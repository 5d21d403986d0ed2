"""Reads and judges pages of a run: parsing, link keys, checks, and packing for storage."""

from lsos.checks.engine import bind
from lsos.reader.protocol import (
    OpenRun,
    PageRead,
    PageRow,
    ReadPage,
    ReadStored,
    finding_row,
)
from lsos.web.discovery import Interner
from lsos.web.facts import PageFacts
from lsos.web.html.parse import parse
from lsos.web.stored import links_from, pack_facts, pack_links, unpack_facts, unpack_links
from lsos.web.urls import Scope

MAX_TITLE = 1_000


class RunReader:
    """State of one run: its checks, its scope, and the URLs it has reported."""

    def __init__(self, run: OpenRun) -> None:
        scope = Scope.of(run.site.start_url, run.include, run.exclude, run.subdomains)
        self.known = Interner(run.secret, scope, run.max_depth)
        self._site = run.site
        self._checks = bind(run.checks)
        self._drop_params = run.drop_params

    def read(self, order: ReadPage, body: bytes) -> PageRead:
        page = order.page
        if page.status and page.error is None:
            parse(page, body, drop_params=self._drop_params)
        return self._judge(page, order.hops)

    def read_stored(self, order: ReadStored) -> PageRead:
        page = unpack_facts(order.facts)
        page.depth, page.in_sitemap = order.depth, order.in_sitemap
        page.links = links_from(unpack_links(order.links), order.urls)
        return self._judge(page, order.hops)

    def _judge(self, page: PageFacts, hops: int) -> PageRead:
        links, discovered = self.known.read(page, hops)
        findings = self._checks.run_page(page, self._site)
        return PageRead(
            row=_row(page),
            facts=pack_facts(page),
            links=pack_links(links),
            findings=[finding_row(f, self.known.key(f.subject)) for f in findings],
            discovered=discovered,
            failed_checks=findings.failed_checks,
        )


def _row(page: PageFacts) -> PageRow:
    return PageRow(
        url=page.url,
        depth=page.depth,
        status=page.status,
        error=page.error,
        redirect_url=page.redirect_url or page.meta_refresh,
        content_type=page.content_type,
        canonical=page.canonical_url,
        title=page.title[:MAX_TITLE],
        etag=page.etag,
        last_modified=page.last_modified,
        words=page.word_count,
        body_bytes=page.body_bytes,
        transfer_bytes=page.transfer_bytes,
        ttfb_ms=page.ttfb_ms,
        text_hash=page.text_hash,
        is_html=page.is_html,
        is_indexable=page.is_indexable,
        is_eligible=page.is_eligible,
        is_measured=page.is_measured,
        robots_allowed=page.robots_allowed,
    )
