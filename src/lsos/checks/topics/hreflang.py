"""Checks of a page's own hreflang set."""

from collections.abc import Callable, Iterable, Iterator

from lsos.checks.base import Check, Context, Evidence, Severity, text
from lsos.checks.helpers.language_codes import (
    DEPRECATED,
    ISO_639_1,
    REGIONS,
    SCRIPTS,
    THREE_LETTER,
)
from lsos.checks.helpers.url_parts import is_relative
from lsos.web.facts import Hreflang, PageFacts

X_DEFAULT = "x-default"


def _annotated(page: PageFacts, _: Context) -> bool:
    return bool(page.hreflangs) and page.is_ok_html


def _annotated_canonical(page: PageFacts, _: Context) -> bool:
    """A page that names another URL as its canonical rightly carries that URL's set."""
    return bool(page.hreflangs) and page.is_ok_html and not page.is_canonicalised


def _in_force(page: PageFacts) -> list[Hreflang]:
    return [entry for entry in page.hreflangs if entry.in_head]


def _primary(code: str) -> str:
    return code.partition("-")[0]


def _selector(entry: Hreflang) -> str:
    if entry.source == "header":
        return f"header:link[hreflang={text(entry.lang, 40)}]"
    return f"link[hreflang={text(entry.lang, 40)}]"


def code_fault(code: str) -> tuple[str, Severity | None]:
    """Why a lower-case code is no valid hreflang value, and a severity below the check's own."""
    if code == X_DEFAULT:
        return "", None
    language, *rest = code.split("-")
    if language in DEPRECATED:
        return f"{language} is withdrawn; use {DEPRECATED[language]}", "low"
    if language not in ISO_639_1 and language not in THREE_LETTER:
        return f"{text(language, 40)!r} is no language code", None
    if rest and len(rest[0]) == 4 and rest[0].isalpha():
        if rest[0] not in SCRIPTS:
            return f"{rest[0]!r} is no script code", None
        rest = rest[1:]
    if not rest:
        return "", None
    if len(rest) > 1:
        return "more than language, script and region", None
    if len(rest[0]) == 3 and rest[0].isascii() and rest[0].isdigit():
        # RFC 5646 allows UN M49 regions such as es-419; Google reads ISO 3166-1 alpha-2 only.
        return f"{rest[0]!r} is a UN M49 region, not an ISO 3166-1 one", "low"
    return ("", None) if rest[0] in REGIONS else (f"{text(rest[0], 40)!r} is no region code", None)


def _hreflang_invalid_code(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for entry in page.hreflangs:
        fault, severity = code_fault(entry.lang)
        if fault:
            value = text(f"{text(entry.lang, 100)}: {fault}")
            yield Evidence(value, _selector(entry), urls=[text(entry.url)], severity=severity)


def _hreflang_no_self(page: PageFacts, _: Context) -> Iterator[Evidence]:
    entries = _in_force(page)
    if entries and not any(entry.url == page.url for entry in entries):
        yield Evidence(value=len(entries), selector="link[hreflang]")


def _hreflang_no_xdefault(page: PageFacts, _: Context) -> Iterator[Evidence]:
    codes = {entry.lang for entry in _in_force(page)}
    if len(codes) > 1 and X_DEFAULT not in codes:
        yield Evidence(value=", ".join(sorted(codes)[:20]), selector="link[hreflang]")


def _hreflang_self_lang_mismatch(page: PageFacts, _: Context) -> Iterator[Evidence]:
    own = [e.lang for e in _in_force(page) if e.url == page.url and e.lang != X_DEFAULT]
    lang = _primary((page.lang or "").strip().lower())
    if lang and own and lang not in map(_primary, own):
        yield Evidence(value=text(own[0]), selector="html[lang]", limit=text(page.lang or "", 40))


def _hreflang_relative(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for entry in page.hreflangs:
        if is_relative(entry.raw):
            yield Evidence(value=text(entry.raw), selector=_selector(entry))


def _grouped(
    entries: Iterable[Hreflang],
    key: Callable[[Hreflang], tuple[str, str]],
    value: Callable[[Hreflang], str],
) -> dict[tuple[str, str], set[str]]:
    groups: dict[tuple[str, str], set[str]] = {}
    for entry in entries:
        groups.setdefault(key(entry), set()).add(value(entry))
    return groups


def _hreflang_multi_lang_url(page: PageFacts, _: Context) -> Iterator[Evidence]:
    entries = [entry for entry in _in_force(page) if entry.lang != X_DEFAULT]
    languages = _grouped(entries, lambda e: (e.url, ""), lambda e: _primary(e.lang))
    for (url, _none), names in languages.items():
        if len(names) > 1:
            yield Evidence(value=text(", ".join(sorted(names))), urls=[text(url)])


def _hreflang_dup_entry(page: PageFacts, _: Context) -> Iterator[Evidence]:
    # Within one source: what differs between sources is hreflang_source_conflict.
    targets = _grouped(_in_force(page), lambda e: (e.source, e.lang), lambda e: e.url)
    for (_source, lang), urls in targets.items():
        if len(urls) > 1:
            yield Evidence(value=text(lang), urls=sorted(urls)[:20])


def _hreflang_source_conflict(page: PageFacts, _: Context) -> Iterator[Evidence]:
    entries = _in_force(page)
    if len({entry.source for entry in entries}) < 2:
        return
    by_source = _grouped(entries, lambda e: (e.lang, e.source), lambda e: e.url)
    for lang in dict.fromkeys(entry.lang for entry in entries):
        sets = [urls for (code, _source), urls in by_source.items() if code == lang]
        if any(urls != sets[0] for urls in sets[1:]):
            yield Evidence(value=text(lang), urls=sorted(set().union(*sets))[:20])


def _hreflang_outside_head(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for entry in page.hreflangs:
        if not entry.in_head:
            selector = f"body link[hreflang={text(entry.lang, 40)}]"
            yield Evidence(value=text(entry.raw), selector=selector)


SOURCE = "Google Search Central: localized versions of your pages"

CHECKS = (
    Check(
        code="hreflang_invalid_code",
        topic="hreflang",
        severity="high",
        scope="page",
        judges="search",
        title="hreflang code is no valid language or language-region",
        why="Google ignores an entry whose code it doesn't know, so this version is not offered to "
        "its audience. Typical are uk for gb, dk for da, and en-eu.",
        fix="Use an ISO 639-1 language, with an ISO 3166-1 alpha-2 region if needed, such as en-gb "
        "or pt-br.",
        run_page=_hreflang_invalid_code,
        applies=_annotated,
        source=f"{SOURCE}; RFC 5646 section 2.2",
    ),
    Check(
        code="hreflang_no_self",
        topic="hreflang",
        severity="medium",
        scope="page",
        judges="search",
        title="hreflang set without the page itself",
        why="Each version has to list itself and all others; without the self-reference Google may "
        "not use the set.",
        fix="Add an hreflang entry with the page's own language and canonical URL.",
        run_page=_hreflang_no_self,
        applies=_annotated_canonical,
        source=SOURCE,
    ),
    Check(
        code="hreflang_no_xdefault",
        topic="hreflang",
        severity="info",
        scope="page",
        judges="search",
        title="hreflang set without x-default",
        why="x-default names the page for visitors whose language no entry matches. It is "
        "optional.",
        fix="Add x-default with the language selector or the most general version, if there is "
        "one.",
        run_page=_hreflang_no_xdefault,
        applies=_annotated,
        source=SOURCE,
    ),
    Check(
        code="hreflang_self_lang_mismatch",
        topic="hreflang",
        severity="info",
        scope="page",
        judges="search",
        title="The page's hreflang and html lang name different languages",
        why="Google uses neither to detect the language, but one of them is wrong: screen readers "
        "and translation rely on html lang, the set on hreflang.",
        fix="Set html lang and the self-referencing hreflang entry to the language of the text.",
        run_page=_hreflang_self_lang_mismatch,
        applies=_annotated,
        source=f"{SOURCE}; WCAG 2.2 criterion 3.1.1",
    ),
    Check(
        code="hreflang_relative",
        topic="hreflang",
        severity="medium",
        scope="page",
        judges="search",
        title="hreflang URL without scheme and host",
        why="Google asks for fully qualified URLs here; relative and // forms may be ignored.",
        fix="Write hreflang URLs in full, with https:// and the host.",
        run_page=_hreflang_relative,
        applies=_annotated,
        source=SOURCE,
    ),
    Check(
        code="hreflang_multi_lang_url",
        topic="hreflang",
        severity="medium",
        scope="page",
        judges="search",
        title="One URL for several languages",
        why="A page has one language: a URL that is given for two of them is wrong for at least "
        "one audience.",
        fix="Give each language a URL of its own; regions of one language and x-default may share "
        "a URL.",
        run_page=_hreflang_multi_lang_url,
        applies=_annotated,
        source=SOURCE,
    ),
    Check(
        code="hreflang_dup_entry",
        topic="hreflang",
        severity="medium",
        scope="page",
        judges="search",
        title="One hreflang code for several URLs",
        why="Search engines can't tell which of the URLs serves the audience, and may ignore the "
        "code.",
        fix="Keep one URL for each code.",
        run_page=_hreflang_dup_entry,
        applies=_annotated,
        source=SOURCE,
    ),
    Check(
        code="hreflang_outside_head",
        topic="hreflang",
        severity="medium",
        scope="page",
        judges="search",
        title="hreflang stands outside head",
        why="Google reads hreflang link elements only in head; in the body they have no effect.",
        fix="Move the link elements into head, and take out of head whatever closes it early.",
        run_page=_hreflang_outside_head,
        applies=_annotated,
        source=SOURCE,
    ),
    Check(
        code="hreflang_source_conflict",
        topic="hreflang",
        severity="medium",
        scope="page",
        judges="search",
        title="HTML and Link header name different hreflang targets",
        why="HTML, Link header and sitemap are equal ways to give the same set; where they differ, "
        "Google may drop the code.",
        fix="Keep the annotations in one place, or generate all of them from one list.",
        run_page=_hreflang_source_conflict,
        applies=_annotated,
        source=SOURCE,
    ),
)
