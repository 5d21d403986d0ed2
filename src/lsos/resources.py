"""What task bodies share in one worker process, by the name under which they ask for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from lsos.core.outbound.client import Outbound
from lsos.core.redis.semaphore import Semaphore
from lsos.core.settings.provider_config import parse_proxies
from lsos.core.settings.settings import Settings
from lsos.core.storage import open_storage
from lsos.domains.authority.factory import backlink_provider
from lsos.domains.crawl.politeness import HostClock
from lsos.domains.local.factory import profile_provider
from lsos.domains.providers.limits import SharedLimits
from lsos.domains.providers.proxies import ProxyPool
from lsos.domains.rank.providers.factory import rank_provider
from lsos.domains.reference.library import Library
from lsos.domains.reports.mail import open_mailer
from lsos.domains.reviews.factory import review_provider
from lsos.reader.reader import Reader
from lsos.registries import (
    CHECK_NEEDS,
    CRAWL_FOLLOWERS,
    KNOWN_CODES,
    MEASUREMENT_FOLLOWERS,
    SOURCES,
)


@asynccontextmanager
async def resources(settings: Settings, redis: Redis) -> AsyncIterator[dict[str, Any]]:
    """What task bodies share in one process."""
    agent, origins = settings.crawl_user_agent, settings.allowed_origins
    proxies, _ = parse_proxies(settings.proxy_provider_config_json)
    pool = ProxyPool(redis, proxies) if proxies else None
    async with (
        Outbound(user_agent=agent, allow_origins=origins, proxies=pool) as outbound,
        Outbound(user_agent=agent, allow_private=True) as outbound_private,
        Outbound(
            user_agent=agent, allow_origins=origins, proxies=pool, is_sent_once=True
        ) as outbound_once,
        Reader(
            page_cpu_s=settings.reader_page_seconds, memory_mb=settings.reader_memory_mb
        ) as reader,
    ):
        limits = SharedLimits(redis)
        yield {
            "outbound": outbound,
            "outbound_private": outbound_private,
            "outbound_once": outbound_once,
            "provider_limits": limits,
            **_providers(settings, limits, outbound, outbound_once, outbound_private),
            "reader": reader,
            "host_clock": HostClock(redis),
            "semaphore": Semaphore(redis),
            "crawl_followers": tuple(CRAWL_FOLLOWERS),
            "followers": tuple(MEASUREMENT_FOLLOWERS),
            "storage": open_storage(settings),
            "mailer": open_mailer(settings),
            "library": Library(settings, KNOWN_CODES),
            "sources": SOURCES,
            "check_needs": CHECK_NEEDS,
        }


def _providers(
    settings: Settings, limits: SharedLimits, public: Outbound, once: Outbound, private: Outbound
) -> dict[str, object]:
    """By the name under which tasks ask for them.

    `once` sends no request twice, `private` reaches hosts inside the operator's network.
    """
    return {
        "rank_provider": rank_provider(settings, once, limits),
        "profile_provider": profile_provider(settings, public, private, limits),
        "review_provider": review_provider(settings, public, private, limits),
        "backlink_provider": backlink_provider(settings, public, private, limits),
    }
