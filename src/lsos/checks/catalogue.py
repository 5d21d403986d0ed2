"""The table of all checks: one list of the topics, so that a code exists once."""

from lsos.checks.base import Check
from lsos.checks.topics import (
    ai,
    canonical,
    content,
    fetch,
    head,
    hreflang,
    image,
    indexability,
    link_graph,
    links,
    local,
    pagination,
    robots_txt,
    security,
    sitemap,
    structured_data,
    url,
)

_TOPICS = (
    fetch,
    indexability,
    robots_txt,
    canonical,
    links,
    link_graph,
    url,
    sitemap,
    hreflang,
    pagination,
    ai,
    head,
    content,
    image,
    security,
    structured_data,
    local,
)


def _by_code(checks: tuple[Check, ...]) -> dict[str, Check]:
    table: dict[str, Check] = {}
    for check in checks:
        if check.code in table:
            raise ValueError(f"two checks with the code {check.code}")
        table[check.code] = check
    return table


CHECKS: tuple[Check, ...] = tuple(check for topic in _TOPICS for check in topic.CHECKS)
BY_CODE = _by_code(CHECKS)
