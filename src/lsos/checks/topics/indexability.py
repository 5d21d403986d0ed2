"""Checks of what lets search engines crawl, index and quote: the page's robots directives."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lsos.checks.base import Check, Context, Evidence, Severity, text
from lsos.checks.helpers.guards import ok_html
from lsos.checks.topics.fetch import is_key_page
from lsos.web.facts import PageFacts

RICH_RESULT_TYPES = frozenset(
    {
        "Article",
        "NewsArticle",
        "BlogPosting",
        "BreadcrumbList",
        "Book",
        "Course",
        "CourseInstance",
        "Dataset",
        "DiscussionForumPosting",
        "EmployerAggregateRating",
        "Event",
        "FAQPage",
        "ImageObject",
        "ItemList",
        "JobPosting",
        "LocalBusiness",
        "MathSolver",
        "Movie",
        "Organization",
        "Product",
        "ProductGroup",
        "ProfilePage",
        "QAPage",
        "Quiz",
        "Recipe",
        "Review",
        "AggregateRating",
        "SoftwareApplication",
        "VacationRental",
        "VideoObject",
    }
)


def _directed(page: PageFacts, _: Context) -> bool:
    return bool(page.directives) and page.status == 200


def _directed_unlisted(page: PageFacts, _: Context) -> bool:
    return bool(page.directives) and page.status == 200 and not page.in_sitemap


def _noindex_with_items(page: PageFacts, _: Context) -> bool:
    return bool(page.items) and bool(page.directives) and page.is_ok_html and page.is_noindex


def _unasked_unlisted(page: PageFacts, _: Context) -> bool:
    return page.error == "robots_disallowed" and not page.in_sitemap


def _signals_two_ways(page: PageFacts, _: Context) -> bool:
    """Only a noindex or a robots.txt block can undo another signal."""
    return page.is_ok_html and (not page.googlebot_allowed or page.is_noindex)


def _sources(page: PageFacts, directive: str) -> str:
    """Where the directive stands, as selectors."""
    names = {
        (
            "header:x-robots-tag"
            if entry.source == "header"
            else f"meta[name={entry.bot or 'robots'}]"
        )
        for entry in page.directives
        if entry.bot in ("", "googlebot") and directive in entry.values
    }
    return ", ".join(sorted(names))


def _directive(page: PageFacts, *directives: str) -> Iterator[Evidence]:
    for directive in directives:
        if selector := _sources(page, directive):
            yield Evidence(value=directive, selector=selector)


def _noindex(page: PageFacts, _: Context) -> Iterator[Evidence]:
    yield from _directive(page, "noindex", "none")


def _nofollow_page(page: PageFacts, _: Context) -> Iterator[Evidence]:
    yield from _directive(page, "nofollow", "none")


def _nosnippet(page: PageFacts, _: Context) -> Iterator[Evidence]:
    yield from _directive(page, "nosnippet", "max-snippet:0", "max-snippet: 0")


def _noimageindex(page: PageFacts, _: Context) -> Iterator[Evidence]:
    yield from _directive(page, "noimageindex")


def _robots_blocked(page: PageFacts, at: Context) -> Iterator[Evidence]:
    severity: Severity | None = "medium" if is_key_page(page, at) else None
    yield Evidence(value=text(page.error_detail), selector="robots.txt", severity=severity)


def _index_signals_conflict(page: PageFacts, _: Context) -> Iterator[Evidence]:
    target = page.canonical_url
    if page.is_noindex:
        if page.is_canonicalised:
            yield Evidence(value="noindex and a canonical to another URL", urls=[target])
        if any(entry.url == page.url for entry in page.hreflangs):
            # Google ignores the set of a noindex page, which stays out of search as wished.
            value = "noindex and an hreflang set that names the page"
            yield Evidence(value=value, selector="link[hreflang]", severity="low")
        if not page.googlebot_allowed:
            yield Evidence(value="noindex that a robots.txt block keeps from being read")
    if target and not page.googlebot_allowed:
        yield Evidence(
            value="canonical that a robots.txt block keeps from being read", urls=[target]
        )


def _values(page: PageFacts, source: str, bot: str) -> set[str]:
    values: set[str] = set()
    for entry in page.directives:
        if entry.source == source and entry.bot in ("", bot):
            values.update(entry.values)
    return values | {"noindex", "nofollow"} if "none" in values else values


def _robots_meta_header_conflict(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for bot in sorted({entry.bot for entry in page.directives}):
        meta, header = _values(page, "meta", bot), _values(page, "header", bot)
        for word in ("index", "follow"):
            opposite = f"no{word}"
            if (word in meta and opposite in header) or (word in header and opposite in meta):
                value = f"{word} and {opposite} for {bot or 'all bots'}"
                yield Evidence(value=value, selector="meta[name=robots], header:x-robots-tag")


def _moment(value: str) -> datetime | None:
    """Aware time of an RFC 822, RFC 850 or ISO 8601 date; None when it is none of them."""
    try:
        parsed = datetime.fromisoformat(value.upper())
    except ValueError:
        try:
            parsed = parsedate_to_datetime(value)
        except (ValueError, OverflowError, IndexError):
            return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _unavailable_after_past(page: PageFacts, _: Context) -> Iterator[Evidence]:
    # Rules read no clock: the response's own Date says when it was made.
    now = _moment(page.headers.get("date", ""))
    if now is None:
        return
    for directive in sorted(page.robots_values()):
        name, _colon, value = directive.partition(":")
        if name.strip() == "unavailable_after":
            end = _moment(value.strip())
            if end is not None and end < now:
                yield Evidence(value=text(value.strip()), limit=page.headers["date"])


def _directives_outside_head(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for name in page.body_metas:
        yield Evidence(value=text(name), selector=f"body meta[name={text(name, 40)}]")
    for title in page.body_titles:
        yield Evidence(value=text(title), selector="body title")


def _schema_on_noindex(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for item in page.items:
        for name in item.types:
            if item.is_top and name in RICH_RESULT_TYPES:
                yield Evidence(value=name, selector=item.source)


CHECKS = (
    Check(
        code="noindex",
        topic="indexability",
        severity="info",
        scope="page",
        title="Page is set to noindex",
        why="The page can't appear in search results. That is right for thank-you or account pages "
        "and costly on a page that should bring visitors.",
        fix="Confirm that the page is meant to stay out of search; otherwise remove noindex from "
        "the robots meta element or the X-Robots-Tag header.",
        run_page=_noindex,
        applies=_directed_unlisted,
        source="Google Search Central: robots meta tag specifications",
    ),
    Check(
        code="nofollow_page",
        topic="indexability",
        severity="low",
        scope="page",
        title="Page-level nofollow",
        why="Search engines don't follow any link of the page, so the pages it links to get no "
        "link equity from it and may go undiscovered.",
        fix="Remove nofollow from the page's robots directives; mark single untrusted links with "
        "rel=nofollow, ugc or sponsored.",
        run_page=_nofollow_page,
        applies=_directed,
        source="Google Search Central: robots meta tag specifications",
    ),
    Check(
        code="nosnippet",
        topic="indexability",
        severity="low",
        scope="page",
        title="Snippets are forbidden (nosnippet or max-snippet:0)",
        why="The result shows no description, which costs clicks, and Google keeps the page out of "
        "AI Overviews and AI Mode.",
        fix="Remove nosnippet or raise max-snippet (-1 sets no limit); hide single passages by "
        "data-nosnippet.",
        run_page=_nosnippet,
        applies=_directed,
        source="Google Search Central: robots meta tag specifications",
    ),
    Check(
        code="noimageindex",
        topic="indexability",
        severity="low",
        scope="page",
        title="Images are kept out of the index (noimageindex)",
        why="Photos of work, team and premises bring visitors from image search and local results; "
        "with noimageindex none of this page's images do so from here.",
        fix="Remove noimageindex unless the images must not be found.",
        run_page=_noimageindex,
        applies=_directed,
        source="Google Search Central: robots meta tag specifications",
    ),
    Check(
        code="robots_blocked",
        topic="indexability",
        severity="info",
        scope="page",
        title="Linked URL is disallowed by robots.txt",
        why="The URL can't be crawled, so its content, links and directives are unknown; it may "
        "still be indexed by its bare address.",
        fix="Keep the rule if the area is meant to stay uncrawled; otherwise remove or narrow the "
        "Disallow line.",
        run_page=_robots_blocked,
        applies=_unasked_unlisted,
        source="RFC 9309 section 2.2.2",
    ),
    Check(
        code="index_signals_conflict",
        topic="indexability",
        severity="high",
        scope="site",
        title="Indexing signals of the URL undo each other",
        why="A search engine that gets contrary signals picks one by itself, or can't read one at "
        "all behind a robots.txt block; the page may be indexed, or dropped, against your intent.",
        fix="Decide on one outcome: to deindex, noindex alone and crawlable, without hreflang "
        "entries here and on the other language versions; to consolidate, the canonical alone; to "
        "index, neither noindex nor a block.",
        run_page=_index_signals_conflict,
        applies=_signals_two_ways,
        source="Google Search Central: block Search indexing with noindex",
    ),
    Check(
        code="robots_meta_header_conflict",
        topic="indexability",
        severity="low",
        scope="page",
        title="Robots meta element and X-Robots-Tag header disagree",
        why="The stricter directive wins, so the page may be noindexed or nofollowed although its "
        "HTML says the opposite.",
        fix="Set the robots directives in one place only, or make both say the same.",
        run_page=_robots_meta_header_conflict,
        applies=_directed,
        source="Google Search Central: robots meta tag specifications",
    ),
    Check(
        code="unavailable_after_past",
        topic="indexability",
        severity="medium",
        scope="page",
        title="unavailable_after lies in the past",
        why="Google drops the page from its results after that date, while the site still links to "
        "it or lists it.",
        fix="Remove unavailable_after if the page is still valid; otherwise remove the links and "
        "answer 404, 410 or a redirect.",
        run_page=_unavailable_after_past,
        applies=_directed,
        source="Google Search Central: robots meta tag specifications",
    ),
    Check(
        code="directives_outside_head",
        topic="indexability",
        severity="medium",
        scope="page",
        title="Robots, title or description stands in the body",
        why="Browsers and search engines read these elements in head; an element that closes head "
        "early, such as an iframe or a div, can void all that follow it.",
        fix="Move the elements into head, and take out of head whatever may not stand there.",
        run_page=_directives_outside_head,
        applies=ok_html,
        source="Google Search Central: valid page metadata",
    ),
    Check(
        code="schema_on_noindex",
        topic="indexability",
        severity="info",
        scope="page",
        title="Rich-result structured data on a noindex page",
        why="A noindex page can't show a rich result: either the markup is of no use or the "
        "noindex is a mistake.",
        fix="Check whether the page should be indexed; if not, the markup may go.",
        run_page=_schema_on_noindex,
        applies=_noindex_with_items,
        source="Google Search Central: general structured data guidelines",
    ),
)
