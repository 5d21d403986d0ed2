"""Checks of how a page's own URL is written."""

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import unquote

from lsos.checks.base import Check, Context, Evidence, text
from lsos.checks.helpers.guards import indexable, ok_html
from lsos.checks.helpers.url_parts import is_on_host, path_of, query_names, query_of
from lsos.web.facts import PageFacts

_PERCENT_OCTET = re.compile(r"%[0-9A-Fa-f]{2}")
_HIGH_OCTET = re.compile(r"%[89A-Fa-f][0-9A-Fa-f]")
_TRACKING = re.compile(r"[?&](utm_[a-z0-9_]{1,40}|gclid|fbclid)=", re.IGNORECASE)
_SESSION_NAME = re.compile(
    r"(?:jsessionid|phpsessid|sess(?:ion)?[_-]?id|aspsessionid[a-z]*|oscsid|xtcsid|zenid|cftoken"
    r"|asp\.net_sessionid)",
    re.IGNORECASE,
)
_SESSION_VALUE = re.compile(r"[0-9A-Za-z_-]{16,}")
_SESSION_PATH = re.compile(
    r";(?:jsessionid|sid|phpsessid)=[^/;]+|/\((?:[A-Z]\([0-9A-Za-z]{20,}\))+\)/", re.IGNORECASE
)
_SEARCH_NAMES = frozenset(
    {
        "s",
        "q",
        "query",
        "search",
        "search_query",
        "searchword",
        "searchterm",
        "search_term",
        "keyword",
        "keywords",
        "suche",
        "suchbegriff",
        "recherche",
        "buscar",
        "busca",
        "cerca",
        "zoeken",
        "szukaj",
    }
)
_SEARCH_PATHS = frozenset(
    {
        "search",
        "search-results",
        "searchresults",
        "suche",
        "suchergebnisse",
        "recherche",
        "resultats-recherche",
        "buscar",
        "busqueda",
        "busca",
        "cerca",
        "zoeken",
        "szukaj",
        "catalogsearch",
    }
)


# Each check first asks the whole URL, which is cheap and nearly always settles it.
def _url_upper(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if not page.url.islower():
        path = path_of(page.url)
        if any(c.isupper() for c in _PERCENT_OCTET.sub("", path)):
            yield Evidence(value=text(path), selector="url")


def _url_underscore(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if "_" in page.url and "_" in path_of(page.url):
        yield Evidence(value=text(path_of(page.url)), selector="url")


def _url_space(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if "%20" in page.url or " " in page.url:
        path = path_of(page.url)
        if "%20" in path or " " in path:
            yield Evidence(value=text(path), selector="url")


def _url_double_slash(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if page.url.find("//", 8) > 0 and "//" in path_of(page.url):
        yield Evidence(value=text(path_of(page.url)), selector="url")


def _url_non_ascii(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if "%" in page.url or not page.url.isascii():
        path = path_of(page.url)
        if not path.isascii() or _HIGH_OCTET.search(path):
            yield Evidence(value=text(unquote(path)), selector="url")


def _url_long(page: PageFacts, at: Context) -> Iterator[Evidence]:
    if len(page.url) > at.limits["chars"]:
        yield Evidence(value=len(page.url), selector="url", limit=at.limits["chars"])


def _url_params_many(page: PageFacts, at: Context) -> Iterator[Evidence]:
    if "&" in page.url and len(names := query_names(page.url)) > at.limits["params"]:
        yield Evidence(value=len(names), selector="url", limit=at.limits["params"])


def _url_tracking_internal(page: PageFacts, at: Context) -> Iterator[Evidence]:
    # The href as written: the crawler's normalised URL has lost these parameters.
    for number, link in enumerate(page.links, 1):
        if "?" not in link.href or not link.is_http or not is_on_host(link.url, at.site):
            continue
        if found := _TRACKING.search(link.href):
            selector = f"{link.kind}[{number}]"
            yield Evidence(value=text(found[1]), selector=selector, urls=[text(link.href)])


def _has_session_parts(page: PageFacts, _: Context) -> bool:
    is_candidate = "?" in page.url or ";" in page.url or "(" in page.url
    return is_candidate and page.is_ok_html


def _url_session_id(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if found := _SESSION_PATH.search(path_of(page.url)):
        yield Evidence(value=text(found[0]), selector="url")
        return
    for pair in query_of(page.url).split("&"):
        name, _eq, value = pair.partition("=")
        is_generic = name.lower() in ("sid", "s_id", "session") and _SESSION_VALUE.fullmatch(value)
        if value and (is_generic or _SESSION_NAME.fullmatch(name)):
            yield Evidence(value=text(name), selector="url")


def _segments(url: str) -> list[str]:
    return [segment for segment in path_of(url).split("/") if segment]


def _url_repetitive_path(page: PageFacts, at: Context) -> Iterator[Evidence]:
    times = at.limits["times"]
    if page.url.count("/") < times + 2:
        return
    for segment, count in Counter(_segments(page.url)).items():
        if count >= times:
            yield Evidence(value=text(segment), selector="url", limit=times)
            return


def _url_internal_search(page: PageFacts, _: Context) -> Iterator[Evidence]:
    segments = [segment.lower() for segment in _segments(page.url)]
    name = next((n for n in query_names(page.url) if n.lower() in _SEARCH_NAMES), "")
    is_folder = not _SEARCH_PATHS.isdisjoint(segments[-2:-1])
    is_form_answer = "?" in page.url and not _SEARCH_PATHS.isdisjoint(segments)
    if name or is_folder or is_form_answer:
        yield Evidence(value=text(name or path_of(page.url)), selector="url")


CHECKS = (
    Check(
        code="url_upper",
        topic="url",
        severity="info",
        scope="page",
        title="Upper-case letters in the URL path",
        why="Paths are case-sensitive: the same page under two spellings becomes two URLs that "
        "compete, or one of them is a 404.",
        fix="Use lower-case paths and redirect (301) the other spellings to them.",
        run_page=_url_upper,
        applies=ok_html,
        source="RFC 3986 section 6.2.2.1",
    ),
    Check(
        code="url_underscore",
        topic="url",
        severity="info",
        scope="page",
        title="Underscores in the URL path",
        why="Google recommends hyphens, which separate words in a path; an underscore joins them.",
        fix="Use hyphens for new URLs; change existing ones only together with a 301 redirect, "
        "when a rename is due anyway.",
        run_page=_url_underscore,
        applies=ok_html,
        source="Google Search Central: URL structure best practices",
    ),
    Check(
        code="url_space",
        topic="url",
        severity="medium",
        scope="page",
        title="Space in the URL path",
        why="URLs with spaces break when they are pasted into mails, chats and citations, and "
        "their links are cut at the space.",
        fix="Replace spaces by hyphens and redirect (301) the old URL.",
        run_page=_url_space,
        applies=ok_html,
        source="RFC 3986 section 2.1",
    ),
    Check(
        code="url_double_slash",
        topic="url",
        severity="medium",
        scope="page",
        title="Two slashes in a row in the URL path",
        why="Servers often answer the same page with one slash and with two: two URLs for one "
        "page, and relative links that resolve differently.",
        fix="Correct the template or link that joins the parts, and redirect (301) the form with "
        "two slashes.",
        run_page=_url_double_slash,
        applies=ok_html,
        source="RFC 3986 section 3.3",
    ),
    Check(
        code="url_non_ascii",
        topic="url",
        severity="info",
        scope="page",
        title="Non-ASCII characters in the URL path",
        why="Search engines handle them, but copied links turn into long percent-encoded strings "
        "that people can't read.",
        fix="Nothing has to change where the audience reads the script; otherwise transliterate "
        "new URLs. Link to them percent-encoded as UTF-8.",
        run_page=_url_non_ascii,
        applies=ok_html,
        source="RFC 3987 section 3.1",
    ),
    Check(
        code="url_long",
        topic="url",
        severity="low",
        scope="page",
        title="URL over 115 characters",
        why="Long URLs are cut in search results and break when shared, and often betray needless "
        "folders or parameters.",
        fix="Shorten the path to the words that name the page, and redirect (301) the old URL.",
        run_page=_url_long,
        applies=ok_html,
        limits={"chars": 115},
    ),
    Check(
        code="url_params_many",
        topic="url",
        severity="low",
        scope="page",
        title="More than 5 query parameters",
        why="Every combination and order of parameters is a URL of its own, which multiplies near "
        "duplicates and wastes crawling.",
        fix="Drop parameters that don't change the content, give filters a fixed order, and set "
        "a canonical to the plain URL.",
        run_page=_url_params_many,
        applies=ok_html,
        limits={"params": 5},
        source="Google Search Central: URL structure best practices",
    ),
    Check(
        code="url_tracking_internal",
        topic="url",
        severity="medium",
        scope="page",
        title="Campaign parameters in an internal link",
        why="The link overwrites the source of the visit in analytics and gives search engines a "
        "second URL for the page.",
        fix="Link to the plain URL; measure internal clicks by events rather than by utm_ or click "
        "id parameters.",
        run_page=_url_tracking_internal,
        applies=ok_html,
        source="Google Analytics Help: campaign URL parameters",
    ),
    Check(
        code="url_session_id",
        topic="url",
        severity="high",
        scope="page",
        title="Session id in the URL",
        why="Each visit makes new URLs for the same page, an endless crawl of duplicates; a shared "
        "link can hand over the visitor's session.",
        fix="Keep the session in a cookie, and redirect (301) URLs with a session id to the plain "
        "URL.",
        run_page=_url_session_id,
        applies=_has_session_parts,
        source="Google Search Central: URL structure best practices",
    ),
    Check(
        code="url_repetitive_path",
        topic="url",
        severity="medium",
        scope="page",
        title="The same path segment 3 times or more",
        why="It is the mark of a relative link that nests into itself: an endless space of URLs "
        "that all answer 200.",
        fix="Make the link root-relative or absolute, and answer 404 for paths that don't exist.",
        run_page=_url_repetitive_path,
        applies=ok_html,
        limits={"times": 3},
    ),
    Check(
        code="url_internal_search",
        topic="url",
        severity="medium",
        scope="page",
        title="Internal search result page is indexable",
        why="Result pages are thin, endless in number and open to spam queries; Google asks to "
        "keep them out of its index.",
        fix="Set noindex on search result pages, or disallow them in robots.txt if none of them is "
        "indexed yet.",
        run_page=_url_internal_search,
        applies=indexable,
        source="Google Search Central: SEO starter guide",
    ),
)
