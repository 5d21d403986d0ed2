"""Made-up backlinks for trying the product out: the same domain always has the same ones."""

import hashlib
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from lsos.core.clock import now
from lsos.domains.authority.rules import LinkCounts, LinkPage, RawLink

FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
SPREAD_DAYS = 1_000

_HOSTS = (
    "directory", "chamber", "news", "blog", "guide", "reviews", "events", "market", "council",
    "school", "club", "forum",
)  # fmt: skip
_ANCHORS = ("website", "read more", "here", "their site", "")


class SyntheticBacklinks:
    """Deterministic by domain; links come and go with the days."""

    source = "synthetic"

    async def fetch(
        self, domain: str, cursor: str | None, limit: int, *, tenant_id: UUID
    ) -> LinkPage:
        links = make_links(domain, now())
        if not links:
            return LinkPage("empty", LinkCounts(0, 0, 0), [])
        start = int(cursor) if cursor and cursor.isdecimal() else 0
        end = start + limit
        return LinkPage(
            state="found",
            counts=LinkCounts(
                backlinks=len(links),
                referring_domains=len({link.source_domain for link in links}),
                followed_domains=len({link.source_domain for link in links if link.is_followed}),
            ),
            links=links[start:end],
            next_cursor=str(end) if end < len(links) else None,
        )


def make_links(domain: str, at: datetime) -> list[RawLink]:
    """Links that live at `at`, oldest first."""
    taste = _random(domain)
    followed = taste.uniform(0.4, 0.9)
    found = []
    for number in range(taste.randrange(15, 160)):
        draw = _random(f"{domain}|{number}")
        first_seen_at = FIRST_DAY + timedelta(days=draw.randrange(SPREAD_DAYS))
        life = timedelta(days=draw.randrange(60, 2_000))
        if not first_seen_at <= at < first_seen_at + life:
            continue
        host = f"{draw.choice(_HOSTS)}-{draw.randrange(120)}.example"
        found.append(
            RawLink(
                source_url=f"https://{host}/{draw.choice(('posts', 'links', 'places'))}/{number}",
                target_url=f"https://{domain}/{draw.choice(('', '', 'contact/', 'services/'))}",
                anchor=draw.choice((*_ANCHORS, domain)),
                is_followed=draw.random() < followed,
                first_seen_at=first_seen_at,
                last_seen_at=at.replace(hour=0, minute=0, second=0, microsecond=0),
            )
        )
    return sorted(found, key=lambda link: (link.first_seen_at, link.source_url))


def _random(text: str) -> Random:
    return Random(hashlib.sha256(text.encode()).digest())  # noqa: S311 -- made-up data
