"""The provider of profiles that the settings name, made once a process."""

from lsos.core.outbound.client import Outbound
from lsos.core.settings.settings import Settings
from lsos.domains.local.provider import GenericProfiles, ProfileProvider
from lsos.domains.local.synthetic import SyntheticProfiles
from lsos.domains.providers.client import ProviderClient
from lsos.domains.providers.generic import GenericProvider, choose_outbound
from lsos.domains.providers.limits import SharedLimits


def profile_provider(
    settings: Settings, public: Outbound, private: Outbound, limits: SharedLimits
) -> ProfileProvider:
    if settings.local_provider_backend != "provider":
        return SyntheticProfiles()
    url, key = settings.local_provider_url, settings.local_provider_api_key
    outbound = choose_outbound(url, public, private)
    client = ProviderClient("local", outbound, limits, credential=key)
    return GenericProfiles(GenericProvider(client, url, key))
