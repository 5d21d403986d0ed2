"""Checks of a page's main text: enough of it, readable, and free of left-overs."""

import re
from collections.abc import Callable, Iterator
from datetime import date

from lsos.checks.base import Check, Context, Evidence, text
from lsos.checks.helpers.guards import ok_html
from lsos.checks.helpers.placeholders import (
    Span,
    find_mojibake,
    find_placeholder,
    may_hold_placeholder,
)
from lsos.checks.helpers.stop_words import ANY_STOP_WORD, STOP_WORDS
from lsos.checks.helpers.templates import is_short_template
from lsos.checks.helpers.visible_dates import labelled_dates
from lsos.checks.helpers.words import english_prose, words_of
from lsos.web.facts import PageFacts
from lsos.web.schema_org.businesses import declared_names
from lsos.web.schema_org.nodes import as_text, values_of

_WORD = re.compile(r"\w+")
_AROUND = 30
_MIN_KEYWORD_CHARS = 3
"""Shorter words are particles in nearly every language."""
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")
_PUBLISHED_AND_UPDATED = 2


def _language(page: PageFacts) -> str:
    """Primary subtag of html lang, lower case."""
    return (page.lang or "").strip().lower().replace("_", "-").partition("-")[0]


def _surfaces(page: PageFacts) -> Iterator[tuple[str, str]]:
    """Texts that visitors or searchers see, with where they stand."""
    yield "title", page.title
    yield "meta[name=description]", page.description
    for heading in page.headings:
        yield f"h{heading.level}", heading.text
    yield "body", page.text


def _short_surfaces(page: PageFacts) -> str:
    """All surfaces but the main text, to be searched at once."""
    headings = [heading.text for heading in page.headings]
    return "\n".join((page.title, page.description, *headings))


def _first_match(find: Callable[[str], Span | None], page: PageFacts) -> Iterator[Evidence]:
    for selector, surface in _surfaces(page):
        if found := find(surface):
            around = surface[max(0, found[0] - _AROUND) : found[1] + _AROUND]
            yield Evidence(value=text(around), selector=selector)


def _may_be_thin(page: PageFacts, at: Context) -> bool:
    is_little = page.word_count < at.limits["words"]
    return is_little and page.is_indexable and not is_short_template(page)


def _thin_content(page: PageFacts, at: Context) -> Iterator[Evidence]:
    # Chinese, Japanese and Thai count half a word a character: 400 characters are 200 words.
    yield Evidence(value=page.word_count, selector="body", limit=at.limits["words"])


def _lorem_placeholder(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if may_hold_placeholder(words_of(page.text)) or find_placeholder(_short_surfaces(page)):
        yield from _first_match(find_placeholder, page)


def _mojibake(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if find_mojibake(page.text) or find_mojibake(_short_surfaces(page)):
        yield from _first_match(find_mojibake, page)


def _is_density_judged(page: PageFacts, at: Context) -> bool:
    language = _language(page)
    is_known = not language or language in STOP_WORDS
    return page.is_ok_html and page.word_count >= at.limits["words"] and is_known


def _keyword_stuffing(page: PageFacts, at: Context) -> Iterator[Evidence]:
    words = words_of(page.text)
    most_words = words.total * at.limits["share"]
    if words.total < at.limits["words"] or words.most <= most_words:
        return
    places = (place.name for place in at.site.places)
    names = " ".join((at.site.business_name, *places, *declared_names(page)))
    ignored = STOP_WORDS.get(_language(page), ANY_STOP_WORD) | set(_WORD.findall(names.casefold()))
    for word, count in words.counts.items():
        if count <= most_words:
            continue
        if len(word) >= _MIN_KEYWORD_CHARS and not word.isdecimal() and word not in ignored:
            shown = f"{text(word, 100)}: {count / words.total:.1%}"
            yield Evidence(value=shown, selector="body", limit=at.limits["share"])


def _is_english_prose(page: PageFacts, at: Context) -> bool:
    return page.is_ok_html and _language(page) == "en" and page.word_count >= at.limits["words"]


def _reading_hard(page: PageFacts, at: Context) -> Iterator[Evidence]:
    known = words_of(page.text)
    words, syllables = english_prose(known.counts)
    if words < at.limits["words"]:
        return
    # Headings, list items and cells end a sentence without a full stop.
    sentence_words = words / max(1, known.sentence_ends + page.text_blocks)
    # Lists and tables have no full stops: what looks like one endless sentence is no prose.
    if sentence_words > at.limits["sentence_words"]:
        return
    ease = 206.835 - 1.015 * sentence_words - 84.6 * syllables / words
    if ease < at.limits["ease"]:
        yield Evidence(value=round(ease, 1), selector="body", limit=at.limits["ease"])


def _declared_dates(page: PageFacts) -> Iterator[date]:
    for item in page.items:
        if not item.is_top:
            continue
        for name in ("datePublished", "dateModified"):
            for value in values_of(item.data, name):
                found = _ISO_DATE.match(as_text(value))
                if not found:
                    continue
                try:
                    yield date.fromisoformat(found[0])
                except ValueError:
                    continue


def _date_disagreement(page: PageFacts, at: Context) -> Iterator[Evidence]:
    declared = list(_declared_dates(page))
    if not declared:
        return
    visible = list(labelled_dates(page.text))
    # More than published and updated: a listing, whose dates are other pages'.
    if len(visible) > _PUBLISHED_AND_UPDATED:
        return
    for shown, readings in visible:
        days = min(abs((one - other).days) for one in readings for other in declared)
        if days > at.limits["days"]:
            nearest = min(declared, key=lambda day: min(abs(day - one) for one in readings))
            yield Evidence(value=text(shown), selector="body", limit=nearest.isoformat())


def _is_text_share_known(page: PageFacts, _: Context) -> bool:
    return page.is_ok_html and page.body_bytes > 0 and not page.is_truncated


def _text_ratio_low(page: PageFacts, at: Context) -> Iterator[Evidence]:
    share = page.text_bytes / page.body_bytes
    if share < at.limits["share"]:
        yield Evidence(value=round(share, 3), selector="body", limit=at.limits["share"])


def _script_built(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if page.is_script_built:
        scripts = sum(resource.kind == "script" for resource in page.resources)
        yield Evidence(value=f"{page.word_count} words, 0 links, {scripts} scripts")


CHECKS = (
    Check(
        code="script_built",
        topic="content",
        severity="low",
        scope="page",
        title="Scripts build the page; its content was not judged",
        why="The document as delivered holds no text and no links. Google renders such pages "
        "later, at its own pace; many other crawlers, among them those of AI assistants, do not.",
        fix="Deliver the content in the HTML by server-side rendering or static generation. Until "
        "then, text, headings and links of this page are unmeasured.",
        run_page=_script_built,
        applies=ok_html,
        source="Google Search Central: JavaScript SEO basics",
    ),
    Check(
        code="thin_content",
        topic="content",
        severity="low",
        scope="page",
        judges="search",
        title="Little main text",
        why="A page with few words answers few questions and rarely ranks for more than its name.",
        fix="Add what visitors ask about: scope, prices, area, process, proof. Or merge the page "
        "into a fuller one.",
        run_page=_thin_content,
        applies=_may_be_thin,
        limits={"words": 200},
        source="https://developers.google.com/search/docs/fundamentals/creating-helpful-content",
    ),
    Check(
        code="lorem_placeholder",
        topic="content",
        severity="medium",
        scope="page",
        title="Placeholder text is online",
        why="Filler text or an unfilled template variable tells visitors that the page is not "
        "finished.",
        fix="Replace the placeholder with real text, or take the page offline until it is ready.",
        run_page=_lorem_placeholder,
        applies=ok_html,
    ),
    Check(
        code="mojibake",
        topic="content",
        severity="low",
        scope="page",
        title="Garbled characters",
        why="Text was decoded with the wrong encoding; words with such characters can't be found.",
        fix="Store and send the text as UTF-8 and repair what was already saved wrongly.",
        run_page=_mojibake,
        applies=ok_html,
        source="https://www.w3.org/International/questions/qa-what-is-encoding",
    ),
    Check(
        code="keyword_stuffing",
        topic="content",
        severity="low",
        scope="page",
        judges="search",
        title="One word fills the text",
        why="Unnatural repetition reads badly and is named in Google's spam policies.",
        fix="Rewrite the text for readers; use the word where it is needed and synonyms elsewhere.",
        run_page=_keyword_stuffing,
        applies=_is_density_judged,
        limits={"share": 0.05, "words": 200},
        source="https://developers.google.com/search/docs/essentials/spam-policies",
    ),
    Check(
        code="reading_hard",
        topic="content",
        severity="info",
        scope="page",
        judges="search",
        title="The text is hard to read",
        why="A Flesch reading ease under 30 is the level of academic papers; many visitors give "
        "up.",
        fix="Shorten sentences and use everyday words.",
        run_page=_reading_hard,
        applies=_is_english_prose,
        limits={"ease": 30, "words": 200, "sentence_words": 60},
        source="Flesch, A new readability yardstick, 1948",
    ),
    Check(
        code="date_disagreement",
        topic="content",
        severity="low",
        scope="page",
        judges="search",
        title="Visible and structured date differ",
        why="Search engines may show either date, or none when they contradict each other.",
        fix="Fill datePublished and dateModified from the dates that the page shows.",
        run_page=_date_disagreement,
        applies=ok_html,
        limits={"days": 1},
        source="https://developers.google.com/search/docs/appearance/publication-dates",
    ),
    Check(
        code="text_ratio_low",
        topic="content",
        severity="info",
        scope="page",
        judges="search",
        title="Little text for much HTML",
        why="Visitors wait for markup, inline styles and scripts rather than for content.",
        fix="Move inline styles, scripts and data into files, and drop markup that does nothing.",
        run_page=_text_ratio_low,
        applies=_is_text_share_known,
        limits={"share": 0.10},
    ),
)
