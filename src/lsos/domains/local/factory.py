"""The provider of profiles that the settings name, made once per process."""

from lsos.core.resources import Resources
from lsos.domains.local.provider import GenericProfiles, ProfileProvider
from lsos.domains.local.synthetic import SyntheticProfiles
from lsos.domains.providers.generic import generic_provider


def profile_provider(resources: Resources) -> ProfileProvider:
    settings = resources.settings
    if settings.local_provider_backend != "provider":
        return SyntheticProfiles()
    url, key = settings.local_provider_url, settings.local_provider_api_key
    return GenericProfiles(generic_provider(resources, "local", url, key))
