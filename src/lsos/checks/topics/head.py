"""Checks of title, description, headings and social tags: what search results and previews show."""

from collections.abc import Iterator
from itertools import pairwise

from lsos.checks.base import Check, Context, Evidence, text
from lsos.checks.helpers.guards import indexable, ok_html
from lsos.checks.helpers.lengths import folded, length, width
from lsos.checks.topics import document
from lsos.web.facts import PageFacts

_GOOGLE_TITLE = "https://developers.google.com/search/docs/appearance/title-link"
_GOOGLE_SNIPPET = "https://developers.google.com/search/docs/appearance/snippet"
_OPEN_GRAPH = "https://ogp.me/"


def _has_title(page: PageFacts, _: Context) -> bool:
    return page.is_ok_html and bool(page.title.strip())


def _has_description(page: PageFacts, _: Context) -> bool:
    return page.is_ok_html and bool(page.description.strip())


def _title_missing(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if not page.title.strip():
        yield Evidence(selector="title")


def _title_multiple(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if len(page.titles) > 1:
        for number, title in enumerate(page.titles, 1):
            yield Evidence(value=text(title), selector=f"title[{number}]", limit=1)


def _title_long(page: PageFacts, at: Context) -> Iterator[Evidence]:
    if width(page.title) > at.limits["chars"]:
        yield Evidence(value=text(page.title), selector="title", limit=at.limits["chars"])


def _title_short(page: PageFacts, at: Context) -> Iterator[Evidence]:
    if width(page.title) < at.limits["chars"]:
        yield Evidence(value=text(page.title), selector="title", limit=at.limits["chars"])


def _title_eq_h1(page: PageFacts, _: Context) -> Iterator[Evidence]:
    h1s = page.h1s
    if h1s and folded(h1s[0]) == folded(page.title):
        yield Evidence(value=text(page.title), selector="h1")


def _desc_missing(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if not page.description.strip():
        yield Evidence(selector="meta[name=description]")


def _desc_multiple(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if len(page.descriptions) > 1:
        for number, description in enumerate(page.descriptions, 1):
            selector = f"meta[name=description][{number}]"
            yield Evidence(value=text(description), selector=selector, limit=1)


def _desc_long(page: PageFacts, at: Context) -> Iterator[Evidence]:
    if length(page.description) > at.limits["chars"]:
        yield Evidence(
            value=text(page.description),
            selector="meta[name=description]",
            limit=at.limits["chars"],
        )


def _desc_short(page: PageFacts, at: Context) -> Iterator[Evidence]:
    if width(page.description) < at.limits["chars"]:
        yield Evidence(
            value=text(page.description),
            selector="meta[name=description]",
            limit=at.limits["chars"],
        )


def _h1_missing(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if not any(h1.strip() for h1 in page.h1s):
        yield Evidence(selector="h1")


def _h1_multiple(page: PageFacts, _: Context) -> Iterator[Evidence]:
    h1s = [h1 for h1 in page.h1s if h1.strip()]
    if len(h1s) > 1:
        for number, h1 in enumerate(h1s, 1):
            yield Evidence(value=text(h1), selector=f"h1[{number}]", limit=1)


def _h1_long(page: PageFacts, at: Context) -> Iterator[Evidence]:
    for h1 in page.h1s:
        if length(h1) > at.limits["chars"]:
            yield Evidence(value=text(h1), selector="h1", limit=at.limits["chars"])


def _heading_skip(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for above, below in pairwise(page.headings):
        if below.level > above.level + 1:
            yield Evidence(
                value=text(below.text), selector=f"h{below.level}", limit=f"h{above.level + 1}"
            )


def _og_missing(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for name, alternatives in (
        ("og:title", ()),
        ("og:description", ()),
        # ogp.me: og:image:url is identical to og:image; secure_url is its https form.
        ("og:image", ("og:image:url", "og:image:secure_url")),
    ):
        if not any(page.og.get(key, "").strip() for key in (name, *alternatives)):
            yield Evidence(selector=f'meta[property="{name}"]')


def _twitter_missing(page: PageFacts, _: Context) -> Iterator[Evidence]:
    # X takes the card from Open Graph where a page has that.
    if not page.twitter.get("twitter:card", "").strip() and not page.og.get("og:title"):
        yield Evidence(selector='meta[name="twitter:card"]')


_TITLES = (
    Check(
        code="title_missing",
        topic="head",
        severity="high",
        scope="page",
        judges="search",
        title="Title is missing or empty",
        why="The title is the main source of the headline in search results. Without it, search "
        "engines make one up from other text.",
        fix="Add one title element to the head that names the page's topic and, on location "
        "pages, the place.",
        run_page=_title_missing,
        applies=ok_html,
        source=_GOOGLE_TITLE,
    ),
    Check(
        code="title_multiple",
        topic="head",
        severity="medium",
        scope="page",
        judges="search",
        title="More than one title",
        why="Browsers use the first title element; search engines may choose or combine others.",
        fix="Keep one title element; often a plugin and the theme each write one.",
        run_page=_title_multiple,
        applies=ok_html,
        source="HTML Standard, section 4.2.2",
    ),
    Check(
        code="title_long",
        topic="head",
        severity="low",
        scope="page",
        judges="search",
        title="Title is too long",
        why="Search results cut long titles, so the end, often the place or brand, is not seen.",
        fix="Shorten the title to 60 characters and put the topic and place first.",
        run_page=_title_long,
        applies=_has_title,
        limits={"chars": 60},
        source=_GOOGLE_TITLE,
    ),
    Check(
        code="title_short",
        topic="head",
        severity="info",
        scope="page",
        judges="search",
        title="Title is very short",
        why="A title of a word or two rarely says what the page offers and where.",
        fix="Name the service or product, the place and the brand in the title.",
        run_page=_title_short,
        applies=_has_title,
        limits={"chars": 15},
        source=_GOOGLE_TITLE,
    ),
    Check(
        code="title_eq_h1",
        topic="head",
        severity="info",
        scope="page",
        judges="search",
        title="Title equals the H1",
        why="This is valid, but the title could carry words that the H1 leaves out, such as the "
        "place or brand.",
        fix="Consider adding the place or brand to the title.",
        run_page=_title_eq_h1,
        applies=_has_title,
    ),
)
_DESCRIPTIONS = (
    Check(
        code="desc_missing",
        topic="head",
        severity="low",
        scope="page",
        judges="search",
        title="Meta description is missing or empty",
        why="Without a description, search engines choose the snippet from the page's text alone.",
        fix="Write a description of one or two sentences that says what the page offers.",
        run_page=_desc_missing,
        applies=indexable,
        source=_GOOGLE_SNIPPET,
    ),
    Check(
        code="desc_multiple",
        topic="head",
        severity="low",
        scope="page",
        judges="search",
        title="More than one meta description",
        why="It is undefined which one a search engine uses for the snippet.",
        fix="Keep one meta description; often a plugin and the theme each write one.",
        run_page=_desc_multiple,
        applies=ok_html,
    ),
    Check(
        code="desc_long",
        topic="head",
        severity="low",
        scope="page",
        judges="search",
        title="Meta description is too long",
        why="Snippets are cut at the width of the result, so the end is not seen.",
        fix="Shorten the description to 155 characters with the main point first.",
        run_page=_desc_long,
        applies=_has_description,
        limits={"chars": 155},
        source=_GOOGLE_SNIPPET,
    ),
    Check(
        code="desc_short",
        topic="head",
        severity="info",
        scope="page",
        judges="search",
        title="Meta description is short",
        why="A very short description is more often replaced by text from the page.",
        fix="Describe the offer and the place in 70 to 155 characters.",
        run_page=_desc_short,
        applies=_has_description,
        limits={"chars": 70},
        source=_GOOGLE_SNIPPET,
    ),
)
_HEADINGS = (
    Check(
        code="h1_missing",
        topic="head",
        severity="medium",
        scope="page",
        judges="search",
        title="H1 is missing or empty",
        why="The H1 tells visitors, screen readers and search engines what the page is about.",
        fix="Add one H1 with the page's topic.",
        run_page=_h1_missing,
        applies=ok_html,
    ),
    Check(
        code="h1_multiple",
        topic="head",
        severity="info",
        scope="page",
        judges="search",
        title="More than one H1",
        why="Several H1s are valid, but they blur which heading is the page's topic.",
        fix="Keep one H1 and make the others H2.",
        run_page=_h1_multiple,
        applies=ok_html,
    ),
    Check(
        code="h1_long",
        topic="head",
        severity="low",
        scope="page",
        judges="search",
        title="H1 is too long",
        why="A heading of several lines is hard to scan, above all on a phone.",
        fix="Shorten the H1 to 70 characters and move the rest into the text.",
        run_page=_h1_long,
        applies=ok_html,
        limits={"chars": 70},
    ),
    Check(
        code="heading_skip",
        topic="head",
        severity="info",
        scope="page",
        judges="search",
        title="Heading level is skipped",
        why="Screen reader users move by heading level; a gap looks like a missing section.",
        fix="Choose heading levels by outline, not by size, and go down one level at a time.",
        run_page=_heading_skip,
        applies=ok_html,
        source="https://www.w3.org/WAI/tutorials/page-structure/headings/",
    ),
)
_SOCIAL = (
    Check(
        code="og_missing",
        topic="head",
        severity="low",
        scope="page",
        judges="search",
        title="Open Graph title, description or image is missing",
        why="Social networks and messengers build the link preview from these tags.",
        fix="Add og:title, og:description and og:image to the head.",
        run_page=_og_missing,
        applies=ok_html,
        source=_OPEN_GRAPH,
    ),
    Check(
        code="twitter_missing",
        topic="head",
        severity="info",
        scope="page",
        judges="search",
        title="twitter:card is missing",
        why="X shows a plain link unless twitter:card names the kind of preview.",
        fix="Add twitter:card with summary or summary_large_image.",
        run_page=_twitter_missing,
        applies=ok_html,
    ),
)

CHECKS = (*_TITLES, *_DESCRIPTIONS, *_HEADINGS, *_SOCIAL, *document.CHECKS)
