"""The rank provider that the settings name, made once per process."""

from lsos.core.resources import Resources
from lsos.core.settings.provider_config import parse_json_source, secrets_of
from lsos.domains.providers.client import Limits, ProviderClient
from lsos.domains.providers.limits import shared_limits
from lsos.domains.providers.outbounds import once_outbound
from lsos.domains.rank.providers.base import RankProvider
from lsos.domains.rank.providers.http import HttpRanks
from lsos.domains.rank.providers.serpapi import SerpApiRanks
from lsos.domains.rank.providers.synthetic import SyntheticRanks

LIMITS = Limits(timeout_s=12.0, attempts=2, permit_wait_s=10.0, longest_wait_s=4.0)
"""A keyword, with all its questions and repeats, fits into a slice."""


def rank_provider(resources: Resources) -> RankProvider:
    settings = resources.settings
    outbound, limits = resources.get(once_outbound), resources.get(shared_limits)
    if settings.rank_provider_backend == "serpapi":
        key = settings.serpapi_api_key
        client = ProviderClient("serpapi", outbound, limits, credential=key, limits=LIMITS)
        return SerpApiRanks(client, settings.serpapi_base_url, key)
    raw = settings.rank_http_provider_config_json
    config, _ = parse_json_source(raw)
    if settings.rank_provider_backend == "http" and config is not None:
        client = ProviderClient(
            "rank_http",
            outbound,
            limits,
            credential=raw,
            secrets=secrets_of("", raw),
            limits=LIMITS,
        )
        return HttpRanks(client, config)
    return SyntheticRanks()
