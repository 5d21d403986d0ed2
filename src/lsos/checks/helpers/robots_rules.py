"""What a host's robots.txt says about the root path, for checks of bots and whole sites."""

from collections.abc import Iterable

from lsos.web.host_facts import HostFacts, RobotsGroup
from lsos.web.robots import Robots

_ROOT = "https://host/"
"""Rules hold for the path alone, so any host will do."""


def blocked_bots(host: HostFacts, bots: Iterable[str]) -> list[str]:
    """The bots, spelled as given, whose access to / the host's robots.txt refuses."""
    robots = Robots(host.groups)
    return [bot for bot in bots if not robots.allows(bot, _ROOT)]


def blocks_root(group: RobotsGroup) -> bool:
    """The group, taken alone, disallows / for its bots."""
    return not Robots([group]).allows(group.agents[0] if group.agents else "*", _ROOT)


def has_robots_txt(host: HostFacts) -> bool:
    """A robots.txt was read."""
    return 200 <= host.robots_status < 300 and not host.robots_is_html
