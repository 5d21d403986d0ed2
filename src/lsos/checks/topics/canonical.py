"""Checks of the canonical link that a page names."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from lsos.checks.base import Check, Context, Evidence, text
from lsos.checks.helpers.guards import indexable
from lsos.checks.helpers.language_codes import ISO_639_1
from lsos.checks.helpers.url_parts import is_on_domain, is_relative
from lsos.web.facts import Canonical, PageFacts

_PAGE_PARAM = re.compile(r"([?&])(?:page|paged|pg|p|seite|pagina)=0*([0-9]{1,6})(?:&|$)")
_PAGE_PATH = re.compile(r"/(?:page|seite|pagina)/0*([0-9]{1,6})(?=/|$|\?)")


def _named(page: PageFacts, _: Context) -> bool:
    return bool(page.canonicals) and page.is_ok_html


def _named_twice(page: PageFacts, _: Context) -> bool:
    return len(page.canonicals) > 1 and page.is_ok_html


def _canonicalised(page: PageFacts, _: Context) -> bool:
    return page.is_ok_html and page.is_canonicalised


def _named_on_https(page: PageFacts, _: Context) -> bool:
    return bool(page.canonicals) and page.is_ok_html and page.url.startswith("https:")


def _selector(entry: Canonical) -> str:
    return "header:link" if entry.source == "header" else "link[rel=canonical]"


def _in_force(page: PageFacts) -> list[Canonical]:
    return [entry for entry in page.canonicals if entry.in_head and entry.url]


def _canonical_missing(page: PageFacts, _: Context) -> Iterator[Evidence]:
    # Browsers resolve an empty href to the page, search engines ignore it.
    if all(not entry.raw.strip() for entry in page.canonicals):
        yield Evidence(
            value="empty" if page.canonicals else None,
            selector="link[rel=canonical]",
            severity="medium" if "?" in page.url else None,
        )


def _canonical_multiple(page: PageFacts, _: Context) -> Iterator[Evidence]:
    entries = _in_force(page)
    if len(entries) > 1 and len({entry.url for entry in entries}) == 1:
        selectors = sorted({_selector(entry) for entry in entries})
        yield Evidence(value=len(entries), selector=", ".join(selectors), limit=1)


def _canonical_conflict(page: PageFacts, _: Context) -> Iterator[Evidence]:
    entries = _in_force(page)
    urls = list(dict.fromkeys(entry.url for entry in entries))
    if len(urls) > 1:
        selectors = sorted({_selector(entry) for entry in entries})
        yield Evidence(value=len(urls), selector=", ".join(selectors), limit=1, urls=urls[:20])


def _canonical_relative(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for entry in page.canonicals:
        if entry.raw.strip() and is_relative(entry.raw):
            yield Evidence(value=text(entry.raw), selector=_selector(entry))


def _canonical_fragment(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for entry in page.canonicals:
        if entry.raw.partition("#")[2]:
            yield Evidence(value=text(entry.raw), selector=_selector(entry))


def _canonical_outside_head(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for entry in page.canonicals:
        if not entry.in_head:
            yield Evidence(value=text(entry.raw), selector="body link[rel=canonical]")


def _canonical_http(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for entry in page.canonicals:
        if entry.url.startswith("http:"):
            yield Evidence(value=text(entry.url), selector=_selector(entry))


def _canonical_cross_host(page: PageFacts, at: Context) -> Iterator[Evidence]:
    if not is_on_domain(page.canonical_url, at.site):
        yield Evidence(value=text(page.canonical_url), urls=[page.canonical_url])


def page_number(url: str) -> tuple[str, int]:
    """The URL of the series without its page number, and the number; 1 when it names none."""
    if found := _PAGE_PARAM.search(url):
        # Keep the separator when parameters follow, as in ?page=2&sort=new.
        tail = url[found.end() :]
        head = url[: found.start()] + (found[1] if tail else "")
        return head + tail, int(found[2])
    if found := _PAGE_PATH.search(url):
        return (url[: found.start()] + url[found.end() :]).rstrip("/"), int(found[1])
    return url, 1


def _paginated_canonical_first(page: PageFacts, _: Context) -> Iterator[Evidence]:
    series, number = page_number(page.url)
    if number < 2:
        return
    target_series, target_number = page_number(page.canonical_url)
    if target_number == 1 and target_series.rstrip("/") == series.rstrip("/"):
        yield Evidence(value=number, selector="link[rel=canonical]", urls=[page.canonical_url])


def _language_segment(url: str) -> str:
    """Language that the first segment of a path names: de of /de/ and /de-at/x; "" if none."""
    first = urlsplit(url).path.strip("/").partition("/")[0].casefold()
    return first if first.partition("-")[0] in ISO_639_1 else ""


def _canonical_other_language(page: PageFacts, _: Context) -> Iterator[Evidence]:
    """By the page's own hreflang set, or by language folders that agree with its language tag."""
    target = page.canonical_url
    own = {entry.lang.casefold() for entry in page.hreflangs if entry.url == page.url}
    other = {entry.lang.casefold() for entry in page.hreflangs if entry.url == target}
    languages = {lang for lang in (*own, *other) if lang != "x-default"}
    is_other = bool(own and other) and own.isdisjoint(other) and len(languages) > 1
    folder = _language_segment(page.url)
    if folder and not is_other and not other:
        tag = (page.lang or "").casefold().partition("-")[0]
        is_other = folder.partition("-")[0] == tag and _language_segment(target) != folder
    if is_other:
        value = f"{page.lang or folder} page with the canonical of another language version"
        yield Evidence(value=text(value), selector="link[rel=canonical]", urls=[target])


CHECKS = (
    Check(
        code="canonical_other_language",
        topic="canonical",
        severity="high",
        scope="page",
        title="The canonical names another language version",
        why="Search engines drop this version from their index in favour of the other one, so "
        "nobody finds the page in its language.",
        fix="Let each language version name itself as canonical, and join the versions by "
        "hreflang.",
        run_page=_canonical_other_language,
        applies=_canonicalised,
        source="Google Search Central: localized versions of your pages",
    ),
    Check(
        code="canonical_missing",
        topic="canonical",
        severity="low",
        scope="page",
        judges="search",
        title="Indexable page without a canonical",
        why="When the page is reached under several URLs (parameters, slashes, www), search "
        "engines choose by themselves which of them to rank.",
        fix="Add a self-referencing rel=canonical with the absolute URL, in head or in the Link "
        "header.",
        run_page=_canonical_missing,
        applies=indexable,
        source="RFC 6596; Google Search Central: specify a canonical URL",
    ),
    Check(
        code="canonical_multiple",
        topic="canonical",
        severity="low",
        scope="page",
        title="The same canonical is given more than once",
        why="It works as long as both agree; as soon as one of the two plugins or templates "
        "changes, Google may ignore both.",
        fix="Keep one: remove the canonical of the second plugin, template or header.",
        run_page=_canonical_multiple,
        applies=_named_twice,
        source="Google Search Central: specify a canonical URL",
    ),
    Check(
        code="canonical_conflict",
        topic="canonical",
        severity="high",
        scope="page",
        title="Canonicals name different URLs",
        why="Contradicting canonicals are ignored as a hint, so duplicates compete and the wrong "
        "URL may rank.",
        fix="Decide which URL is the canonical one and remove the others from HTML and Link "
        "header.",
        run_page=_canonical_conflict,
        applies=_named_twice,
        source="Google Search Central: specify a canonical URL",
    ),
    Check(
        code="canonical_relative",
        topic="canonical",
        severity="low",
        scope="page",
        title="Canonical is a relative URL",
        why="It is valid, but resolves to another URL under a base element, on a mirror or a "
        "staging host, which then names itself canonical.",
        fix="Write the canonical as an absolute URL with scheme and host.",
        run_page=_canonical_relative,
        applies=_named,
        source="RFC 6596 section 3; Google Search Central: specify a canonical URL",
    ),
    Check(
        code="canonical_fragment",
        topic="canonical",
        severity="low",
        scope="page",
        title="Canonical has a #fragment",
        why="Google doesn't support fragments as canonicals; the part after # is dropped or the "
        "hint ignored.",
        fix="Remove the fragment from the canonical.",
        run_page=_canonical_fragment,
        applies=_named,
        source="Google Search Central: specify a canonical URL",
    ),
    Check(
        code="canonical_outside_head",
        topic="canonical",
        severity="high",
        scope="page",
        title="Canonical stands outside head",
        why="Google accepts rel=canonical only in head: in the body it is ignored.",
        fix="Move the link element into head, and take out of head whatever closes it early "
        "(div, img, iframe, noscript with such elements).",
        run_page=_canonical_outside_head,
        applies=_named,
        source="Google Search Central: specify a canonical URL",
    ),
    Check(
        code="canonical_http",
        topic="canonical",
        severity="medium",
        scope="page",
        title="https page with an http canonical",
        why="The page asks search engines to prefer the insecure form, against its own redirects "
        "and links.",
        fix="Give the canonical the https URL.",
        run_page=_canonical_http,
        applies=_named_on_https,
        source="Google Search Central: specify a canonical URL",
    ),
    Check(
        code="canonical_cross_host",
        topic="canonical",
        severity="medium",
        scope="page",
        title="Canonical is on another domain",
        why="The page hands its rankings to another site. That is right for syndicated content and "
        "wrong when it comes from a copied template.",
        fix="Confirm that the other site owns the content; otherwise name the page's own URL.",
        run_page=_canonical_cross_host,
        applies=_canonicalised,
        source="RFC 6596 section 3",
    ),
    Check(
        code="paginated_canonical_first",
        topic="canonical",
        severity="medium",
        scope="site",
        title="Page 2 or later names page 1 as its canonical",
        why="The pages of a series hold different items: with page 1 as canonical, what only later "
        "pages link to may never be found.",
        fix="Give each page of the series a canonical to itself.",
        run_page=_paginated_canonical_first,
        applies=_canonicalised,
        source="Google Search Central: pagination and incremental page loading",
    ),
)
