"""The provider of backlinks that the settings name, made once a process."""

from lsos.core.outbound.client import Outbound
from lsos.core.settings.settings import Settings
from lsos.domains.authority.provider import BacklinkProvider, GenericBacklinks
from lsos.domains.authority.synthetic import SyntheticBacklinks
from lsos.domains.providers.client import ProviderClient
from lsos.domains.providers.generic import GenericProvider, choose_outbound
from lsos.domains.providers.limits import SharedLimits


def backlink_provider(
    settings: Settings, public: Outbound, private: Outbound, limits: SharedLimits
) -> BacklinkProvider:
    if settings.authority_provider_backend != "provider":
        return SyntheticBacklinks()
    url, key = settings.authority_provider_url, settings.authority_provider_api_key
    outbound = choose_outbound(url, public, private)
    client = ProviderClient("authority", outbound, limits, credential=key)
    return GenericBacklinks(GenericProvider(client, url, key))
