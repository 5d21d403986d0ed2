"""The ways out of this installation: public, into the operator's network, and sent at most once."""

from lsos.core.outbound.client import Outbound
from lsos.core.resources import Resources
from lsos.core.settings.provider_config import parse_proxies
from lsos.domains.providers.proxies import ProxyPool


def proxy_pool(resources: Resources) -> ProxyPool | None:
    proxies, _ = parse_proxies(resources.settings.proxy_provider_config_json)
    return ProxyPool(resources.redis, proxies) if proxies else None


def public_outbound(resources: Resources) -> Outbound:
    return _public(resources, is_sent_once=False)


def once_outbound(resources: Resources) -> Outbound:
    """Sends no request twice: for questions that cost money."""
    return _public(resources, is_sent_once=True)


def private_outbound(resources: Resources) -> Outbound:
    """Reaches hosts inside the operator's network."""
    settings = resources.settings
    outbound = Outbound(user_agent=settings.crawl_user_agent, allow_private=True).open()
    resources.on_close(outbound.close)
    return outbound


def _public(resources: Resources, *, is_sent_once: bool) -> Outbound:
    settings = resources.settings
    outbound = Outbound(
        user_agent=settings.crawl_user_agent,
        allow_origins=settings.allowed_origins,
        proxies=resources.get(proxy_pool),
        is_sent_once=is_sent_once,
    ).open()
    resources.on_close(outbound.close)
    return outbound
