"""Checks of rel next and prev."""

from collections.abc import Iterator

from lsos.checks.base import Check, Context, Evidence, text
from lsos.web.facts import PageFacts


def _has_next(page: PageFacts, _: Context) -> bool:
    return page.rel_next != "" and page.is_ok_html


def _pagination_unlinked(page: PageFacts, _: Context) -> Iterator[Evidence]:
    target = page.rel_next
    if not any(link.url == target and link.kind != "iframe" for link in page.links):
        yield Evidence(value=text(target), selector="link[rel=next]", urls=[target])


CHECKS = (
    Check(
        code="pagination_unlinked",
        topic="pagination",
        severity="medium",
        scope="site",
        title="rel next target is not linked from the page",
        why="Google ignores rel next and follows only a href links: without one, the rest of the "
        "series is not crawled, nor can visitors reach it without scripts.",
        fix="Add a plain a href link to the next page, beside any load-more button or endless "
        "scroll.",
        run_page=_pagination_unlinked,
        applies=_has_next,
        source="Google Search Central: pagination and incremental page loading",
    ),
)
