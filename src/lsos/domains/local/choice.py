"""The provider of profiles that the settings name, made once a process."""

from lsos.core.outbound import Outbound
from lsos.core.settings import Settings
from lsos.domains.local.provider import GenericProfiles, ProfileProvider
from lsos.domains.local.synthetic import SyntheticProfiles
from lsos.domains.providers.client import ProviderClient
from lsos.domains.providers.gate import Gate
from lsos.domains.providers.generic import GenericProvider, choose_outbound


def profile_provider(
    settings: Settings, public: Outbound, private: Outbound, gate: Gate
) -> ProfileProvider:
    if settings.local_provider_backend != "provider":
        return SyntheticProfiles()
    url, key = settings.local_provider_url, settings.local_provider_api_key
    outbound = choose_outbound(url, public, private)
    client = ProviderClient("local", outbound, gate, credential=key)
    return GenericProfiles(GenericProvider(client, url, key))
