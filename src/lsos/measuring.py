"""The providers that the settings name, made once a worker process for the rooms that measure."""

from lsos.core.outbound import Outbound
from lsos.core.settings import Settings
from lsos.domains.authority.choice import backlink_provider
from lsos.domains.local.choice import profile_provider
from lsos.domains.providers.gate import Gate
from lsos.domains.rank.providers.choice import rank_provider
from lsos.domains.reviews.choice import review_provider


def measuring_providers(
    settings: Settings, gate: Gate, public: Outbound, once: Outbound, private: Outbound
) -> dict[str, object]:
    """By the name under which tasks ask for them.

    `once` sends no request twice, `private` reaches hosts inside the operator's network.
    """
    return {
        "rank_provider": rank_provider(settings, once, gate),
        "profile_provider": profile_provider(settings, public, private, gate),
        "review_provider": review_provider(settings, public, private, gate),
        "backlink_provider": backlink_provider(settings, public, private, gate),
    }
