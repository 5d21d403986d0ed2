"""The provider of reviews that the settings name, made once a process."""

from lsos.core.outbound.client import Outbound
from lsos.core.settings.settings import Settings
from lsos.domains.providers.client import ProviderClient
from lsos.domains.providers.generic import GenericProvider, choose_outbound
from lsos.domains.providers.limits import SharedLimits
from lsos.domains.reviews.provider import GenericReviews
from lsos.domains.reviews.rules import ReviewProvider
from lsos.domains.reviews.synthetic import SyntheticReviews


def review_provider(
    settings: Settings, public: Outbound, private: Outbound, limits: SharedLimits
) -> ReviewProvider:
    if settings.local_provider_backend != "provider":
        return SyntheticReviews()
    url, key = settings.local_provider_url, settings.local_provider_api_key
    outbound = choose_outbound(url, public, private)
    client = ProviderClient("local", outbound, limits, credential=key)
    return GenericReviews(GenericProvider(client, url, key))
