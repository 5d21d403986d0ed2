"""Checks of the document itself: language, encoding, doctype, viewport and structure."""

import re
from collections.abc import Iterator

from lsos.checks.base import Check, Context, Evidence, text
from lsos.checks.helpers.guards import ok_html
from lsos.checks.helpers.language_codes import MEANT, unregistered_subtag
from lsos.web.facts import PageFacts

_LANGUAGE_TAG = re.compile(
    r"""
    (?: [a-z]{2,3} (?:-[a-z]{3}){0,3} | [a-z]{4,8} )           # language, extlang
    (?: -[a-z]{4} )?                                           # script
    (?: - (?:[a-z]{2}|[0-9]{3}) )?                             # region
    (?: - (?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}) )*                # variants
    (?: -[0-9a-wy-z] (?:-[a-z0-9]{2,8})+ )*                    # extensions
    (?: -x (?:-[a-z0-9]{1,8})+ )?                              # private use
    | x (?:-[a-z0-9]{1,8})+
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_IRREGULAR_TAGS = frozenset(
    [
        "en-gb-oed",
        "i-ami",
        "i-bnn",
        "i-default",
        "i-enochian",
        "i-hak",
        "i-klingon",
        "i-lux",
        "i-mingo",
        "i-navajo",
        "i-pwn",
        "i-tao",
        "i-tay",
        "i-tsu",
        "sgn-be-fr",
        "sgn-be-nl",
        "sgn-ch-de",
    ]
)
"""Grandfathered tags outside the grammar; the regular ones match it."""
_TAG_CHARS = 200


def is_language_tag(tag: str) -> bool:
    """Well-formed by RFC 5646 section 2.1; whether the subtags are registered is not asked."""
    if len(tag) > _TAG_CHARS:
        return False
    return _LANGUAGE_TAG.fullmatch(tag) is not None or tag.lower() in _IRREGULAR_TAGS


def _has_lang(page: PageFacts, _: Context) -> bool:
    return page.is_ok_html and bool((page.lang or "").strip())


def _lang_missing(page: PageFacts, _: Context) -> Iterator[Evidence]:
    # HTML Standard, lang attribute: an empty lang says that the language is unknown.
    if not (page.lang or "").strip():
        yield Evidence(selector="html[lang]")


def _lang_invalid(page: PageFacts, _: Context) -> Iterator[Evidence]:
    tag = page.lang or ""
    is_formed = is_language_tag(tag)
    fault = unregistered_subtag(tag) if is_formed else tag
    if fault:
        meant = MEANT.get(fault) if is_formed else None
        limit = f"{meant} is meant" if meant else None
        yield Evidence(value=text(tag), selector="html[lang]", limit=limit)


def _charset_missing(page: PageFacts, at: Context) -> Iterator[Evidence]:
    if page.charset_source in ("", "default"):
        yield Evidence(
            value=page.charset or None, selector="meta[charset]", limit=at.limits["bytes"]
        )


def _doctype_missing(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if not page.has_doctype:
        yield Evidence(selector="!doctype")


def _viewport_missing(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if page.viewport is None:
        yield Evidence(selector="meta[name=viewport]")


def _html_structure_bad(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for fault in page.structure_faults:
        name, _colon, element = fault.partition(":")
        yield Evidence(value=text(name), selector=text(element))


def _dup_ids(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for value in page.duplicate_ids:
        yield Evidence(value=text(value), selector="[id]", limit=1)


def _dom_large(page: PageFacts, at: Context) -> Iterator[Evidence]:
    if page.element_count > at.limits["elements"]:
        yield Evidence(value=page.element_count, limit=at.limits["elements"])


CHECKS = (
    Check(
        code="lang_missing",
        topic="head",
        severity="low",
        scope="page",
        title="The html element has no lang",
        why="Screen readers and translation tools need the language of the page.",
        fix='Add the language to the html element, such as lang="en".',
        run_page=_lang_missing,
        applies=ok_html,
        source="WCAG 2.2, success criterion 3.1.1",
    ),
    Check(
        code="lang_invalid",
        topic="head",
        severity="low",
        scope="page",
        title="lang is no well-formed language tag",
        why="Browsers and screen readers ignore a tag that they can't parse.",
        fix="Use a BCP 47 tag such as en, de-AT or zh-Hans, with hyphens and no spaces.",
        run_page=_lang_invalid,
        applies=_has_lang,
        source="RFC 5646, section 2.1",
    ),
    Check(
        code="charset_missing",
        topic="head",
        severity="low",
        scope="page",
        title="Character encoding is not declared",
        why="Browsers must guess the encoding; letters outside ASCII may be shown wrong.",
        fix="Send charset=utf-8 in Content-Type, or put meta charset=utf-8 into the first 1,024 "
        "bytes.",
        run_page=_charset_missing,
        applies=ok_html,
        limits={"bytes": 1024},
        source="HTML Standard, section 4.2.5.4",
    ),
    Check(
        code="doctype_missing",
        topic="head",
        severity="low",
        scope="page",
        title="HTML doctype is missing",
        why="Browsers render the page in quirks mode, in which layout follows other rules.",
        fix="Start the document with <!doctype html>.",
        run_page=_doctype_missing,
        applies=ok_html,
        source="HTML Standard, section 13.1.1",
    ),
    Check(
        code="viewport_missing",
        topic="head",
        severity="high",
        scope="page",
        title="Viewport meta is missing",
        why="Phones show the page at desktop width with tiny text; Google indexes the mobile page.",
        fix='Add <meta name="viewport" content="width=device-width, initial-scale=1">.',
        run_page=_viewport_missing,
        applies=ok_html,
        source="https://developer.chrome.com/docs/lighthouse/pwa/viewport",
    ),
    Check(
        code="html_structure_bad",
        topic="head",
        severity="medium",
        scope="page",
        title="The head is broken or repeated",
        why="An element that is not allowed in the head ends it; title, robots, canonical and "
        "hreflang after it then stand in the body and may be ignored.",
        fix="Keep one head and one body, and move the named element out of the head.",
        run_page=_html_structure_bad,
        applies=ok_html,
        source="https://developers.google.com/search/docs/crawling-indexing/valid-page-metadata",
    ),
    Check(
        code="dup_ids",
        topic="head",
        severity="info",
        scope="page",
        title="An id is used more than once",
        why="Fragment links, labels and scripts find only the first element with the id.",
        fix="Make each id unique in the page.",
        run_page=_dup_ids,
        applies=ok_html,
        source="HTML Standard, section 3.2.6",
    ),
    Check(
        code="dom_large",
        topic="head",
        severity="low",
        scope="page",
        title="The page has very many elements",
        why="A large document takes more memory and slows layout and interaction on phones.",
        fix="Remove needless wrappers, hidden copies of menus and long lists that can be paged.",
        run_page=_dom_large,
        applies=ok_html,
        limits={"elements": 1500},
        source="https://developer.chrome.com/docs/lighthouse/performance/dom-size",
    ),
)
