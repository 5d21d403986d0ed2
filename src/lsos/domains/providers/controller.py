"""Routes of providers: the health of the proxies."""

from arq.connections import ArqRedis
from litestar import Controller, get
from litestar.di import NamedDependency

from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, ok
from lsos.core.http.principal import needs
from lsos.core.settings.provider_config import parse_proxies
from lsos.domains.providers.proxies import ProxyHealth, ProxyPool


class ProviderController(Controller):
    path = "/providers"
    tags = ("providers",)

    @get(
        "/proxies",
        operation_id="listProxies",
        opt=needs("providers:read"),
    )
    async def list_proxies(
        self,
        settings: inject.Settings,
        redis: NamedDependency[ArqRedis],
        session: inject.Session,
    ) -> Envelope[list[ProxyHealth]]:
        """List the configured proxies and their health, over all processes; no credentials."""
        proxies, _ = parse_proxies(settings.proxy_provider_config_json)
        return ok(await ProxyPool(redis, proxies).health())


CONTROLLERS = (ProviderController,)
