"""The provider of reviews that the settings name, made once per process."""

from lsos.core.resources import Resources
from lsos.domains.providers.generic import generic_provider
from lsos.domains.reviews.provider import GenericReviews
from lsos.domains.reviews.rules import ReviewProvider
from lsos.domains.reviews.synthetic import SyntheticReviews


def review_provider(resources: Resources) -> ReviewProvider:
    settings = resources.settings
    if settings.local_provider_backend != "provider":
        return SyntheticReviews()
    url, key = settings.local_provider_url, settings.local_provider_api_key
    return GenericReviews(generic_provider(resources, "local", url, key))
