"""The provider of backlinks that the settings name, made once per process."""

from lsos.core.resources import Resources
from lsos.domains.authority.provider import BacklinkProvider, GenericBacklinks
from lsos.domains.authority.synthetic import SyntheticBacklinks
from lsos.domains.providers.generic import generic_provider


def backlink_provider(resources: Resources) -> BacklinkProvider:
    settings = resources.settings
    if settings.authority_provider_backend != "provider":
        return SyntheticBacklinks()
    url, key = settings.authority_provider_url, settings.authority_provider_api_key
    return GenericBacklinks(generic_provider(resources, "authority", url, key))
