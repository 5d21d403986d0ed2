"""Checks of the links that a page carries."""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from lsos.checks.base import Check, Context, Evidence, text
from lsos.checks.helpers.guards import ok_html
from lsos.checks.helpers.url_parts import is_on_domain, is_on_host
from lsos.web.facts import Link, PageFacts
from lsos.web.urls import host_of

_GENERIC = """
click here, click, click this, here, this, link, this link, this page, read more, more,
learn more, more info, more information, find out more, see more, view more, show more,
discover more, details, view details, more details, continue, continue reading, go, go here,
start, visit, read, website, page, article, info,
hier, hier klicken, klicken sie hier, klick hier, mehr, mehr lesen, mehr erfahren, weiterlesen,
weiter, weitere informationen, mehr infos, mehr informationen, details anzeigen,
ici, cliquez ici, cliquer ici, en savoir plus, lire la suite, lire plus, plus, plus d'infos,
voir plus, découvrir,
aquí, aqui, haz clic aquí, haga clic aquí, clic aquí, leer más, más, más información,
saber más, ver más, seguir leyendo,
qui, clicca qui, leggi tutto, leggi di più, scopri di più, continua, continua a leggere,
maggiori informazioni,
klik hier, lees meer, lees verder, meer, meer info, meer informatie,
clique aqui, leia mais, ler mais, saiba mais, veja mais,
kliknij tutaj, tutaj, czytaj więcej, więcej, zobacz więcej,
klicka här, här, läs mer, klik her, læs mere, les mer, lue lisää, подробнее, читать далее,
здесь, tıklayın, devamını oku, 詳しくはこちら, こちら, 続きを読む, 点击这里, 了解更多, 更多
"""
GENERIC_ANCHORS = frozenset(phrase.strip() for phrase in _GENERIC.split(","))
_TRIM = " \t\u00a0.…,:;!?»›→>+-–—|[]()"
_STAGING = frozenset({"staging", "stage", "stg", "preprod", "pre-prod"})
_OWN_STAGING = _STAGING | frozenset(
    {"dev", "develop", "development", "test", "testing", "uat", "qa", "preview", "beta"}
)
_PRIVATE_SUFFIXES = (
    ".localhost",
    ".local",
    ".internal",
    ".intranet",
    ".lan",
    ".home.arpa",
    ".test",
    ".invalid",
)
# RFC 3966 forbids spaces, yet every dialler drops them: they are no reason to call it invalid.
_TEL = re.compile(r"\+?[0-9*#(][0-9*#\s().\-/]*")
_ATOM = r"[\w!#$%&'*+/=?^`{|}~.-]{1,64}"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_MAILBOX = re.compile(rf"{_ATOM}@(?:{_LABEL}\.){{1,10}}{_LABEL}")


def _name_of(url: str) -> str:
    """Host of an http(s) URL without its port."""
    host = host_of(url)
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _is_local_name(name: str) -> bool:
    if name.endswith(_PRIVATE_SUFFIXES) or ("." not in name and ":" not in name):
        return True
    try:
        return not ipaddress.ip_address(name).is_global
    except ValueError:
        return False


def _is_staging(name: str, *, is_own: bool) -> bool:
    """A label below the domain says staging; on a foreign host dev or test may be a product."""
    words = _OWN_STAGING if is_own else _STAGING
    labels = name.split(".")[:-2]
    return any(
        label in words or label.partition("-")[0] in words or label.rpartition("-")[2] in words
        for label in labels
    )


@lru_cache(maxsize=256)
def _is_public_site(start_url: str) -> bool:
    name = _name_of(start_url)
    return not _is_local_name(name) and not _is_staging(name, is_own=True)


def _public_site(page: PageFacts, at: Context) -> bool:
    is_public = not at.site.is_private_host and _is_public_site(at.site.start_url)
    return is_public and page.is_ok_html


def _ok_https(page: PageFacts, _: Context) -> bool:
    return page.is_ok_html and page.url.startswith("https:")


def _has_contact_links(page: PageFacts, _: Context) -> bool:
    return page.is_ok_html and bool(page.tel_links or page.mailto_links)


def _numbered(page: PageFacts) -> Iterator[tuple[str, Link]]:
    """Links with their selectors: a[3] is the third `a` with a URL, whatever else is linked."""
    counts: Counter[str] = Counter()
    for link in page.links:
        counts[link.kind] += 1
        yield f"{link.kind}[{counts[link.kind]}]", link


def _dead_end(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for link in page.links:
        if link.is_http and link.kind != "iframe" and link.url != page.url:
            return
    yield Evidence(value=0, selector="a[href]")


def _too_many_links(page: PageFacts, at: Context) -> Iterator[Evidence]:
    limit = at.limits["links"]
    if len(page.links) > limit:
        count = sum(link.kind != "iframe" for link in page.links)
        if count > limit:
            yield Evidence(value=count, selector="a[href]", limit=limit)


def _anchor_empty(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for selector, link in _numbered(page):
        if not link.has_name and link.kind != "iframe":
            yield Evidence(value=text(link.href), selector=selector)


def _is_generic(anchor: str) -> bool:
    return anchor.strip(_TRIM).casefold() in GENERIC_ANCHORS


def _anchor_generic(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for selector, link in _numbered(page):
        # A link to the page itself is a button: a filter, a tab, the way up.
        leads_on = link.is_http and link.kind != "iframe" and link.url != page.url
        if leads_on and _is_generic(link.anchor):
            yield Evidence(value=text(link.anchor), selector=selector, urls=[text(link.url)])


def _is_script(link: Link) -> bool:
    # Browsers drop tabs and line ends within a URL (WHATWG URL).
    href = re.sub(r"[\t\r\n]", "", link.href[:100]).lower()
    if not href.startswith("javascript:"):
        return False
    return not (link.role == "button" and href.startswith("javascript:void"))


def _link_uncrawlable(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for selector, link in _numbered(page):
        if not link.is_http and link.kind != "iframe" and _is_script(link):
            yield Evidence(value=text(link.href), selector=selector)
    for entry in page.anchorless:
        yield Evidence(value=text(entry.text), selector=f"a[{entry.hook}]")


def _link_localhost(page: PageFacts, at: Context) -> Iterator[Evidence]:
    size = page.url.find("/", 8) + 1
    own = page.url[:size]
    for selector, link in _numbered(page):
        if link.url[:size] == own or not link.is_http:
            continue
        name = _name_of(link.url)
        is_own = is_on_domain(link.url, at.site)
        if _is_local_name(name) or _is_staging(name, is_own=is_own):
            yield Evidence(value=name, selector=selector, urls=[text(link.url)])


def _https_downgrade(page: PageFacts, at: Context) -> Iterator[Evidence]:
    # One search of all URLs settles nearly every page at half the cost of a loop.
    if "\nhttp:" not in "\n".join(["", *[link.url for link in page.links]]):
        return
    for selector, link in _numbered(page):
        if link.url.startswith("http:") and is_on_host(link.url, at.site):
            yield Evidence(value=text(link.url), selector=selector)


def is_valid_tel(value: str) -> bool:
    """A number that phones can dial: 3 to 15 digits (E.164); parameters after ; or , are free."""
    number = re.split(r"[;,]", value.strip(), maxsplit=1)[0].strip()
    if not _TEL.fullmatch(number):
        return False
    if number.startswith("+") and ("(0)" in number or number[1:2] == "0"):
        # The trunk zero is dialled too: +44 (0)20 reaches nobody.
        return False
    digits = len(re.findall(r"[0-9]", number))
    return 3 <= digits <= 15


def is_valid_mailto(value: str) -> bool:
    """Addresses separated by commas; none is valid when headers follow (RFC 6068 section 2)."""
    addresses, has_headers, _headers = value.partition("?")
    if not addresses.strip():
        return bool(has_headers)
    return all(_MAILBOX.fullmatch(address.strip()) for address in addresses.split(","))


def _tel_mailto_bad(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for value in page.tel_links:
        if not is_valid_tel(value):
            yield Evidence(value=text(f"tel:{value}"), selector="a[href^=tel]")
    for value in page.mailto_links:
        if not is_valid_mailto(value):
            yield Evidence(value=text(f"mailto:{value}"), selector="a[href^=mailto]")


CHECKS = (
    Check(
        code="dead_end",
        topic="links",
        severity="medium",
        scope="page",
        judges="search",
        title="Page without any outgoing link",
        why="Visitors and crawlers can only go back, and the link equity that the page receives is "
        "passed on to nothing.",
        fix="Add the site's navigation and links to related services, locations and contact.",
        run_page=_dead_end,
        applies=ok_html,
        source="Google Search Central: link best practices",
    ),
    Check(
        code="too_many_links",
        topic="links",
        severity="info",
        scope="page",
        judges="search",
        title="More than 300 links on the page",
        why="Each link passes on a smaller share of the page's equity, and visitors can't find the "
        "ones that matter.",
        fix="Cut mega menus and footer lists to what visitors use; split long indexes into pages.",
        run_page=_too_many_links,
        applies=ok_html,
        limits={"links": 300},
    ),
    Check(
        code="anchor_empty",
        topic="links",
        severity="low",
        scope="page",
        title="Link without an accessible name",
        why="Screen readers announce only the URL, and search engines get no anchor text for the "
        "target.",
        fix="Put text in the link, an alt text on its image, or an aria-label on icon links.",
        run_page=_anchor_empty,
        applies=ok_html,
        source="WCAG 2.2 criterion 2.4.4; Google Search Central: link best practices",
    ),
    Check(
        code="anchor_generic",
        topic="links",
        severity="low",
        scope="page",
        judges="search",
        title="Generic anchor text",
        why="Words such as 'click here' tell neither visitors nor search engines what the target "
        "is about.",
        fix="Name the target in the link, such as 'boiler repair in Springfield' for 'read more'.",
        run_page=_anchor_generic,
        applies=ok_html,
        source="Google Search Central: link best practices",
    ),
    Check(
        code="link_uncrawlable",
        topic="links",
        severity="low",
        scope="page",
        title="Link that crawlers can't follow",
        why="Google follows only a elements with an href that is a URL; script links pass no link "
        "equity and hide their targets.",
        fix="Give the link a real href; use a button element for what only runs a script.",
        run_page=_link_uncrawlable,
        applies=ok_html,
        source="Google Search Central: link best practices",
    ),
    Check(
        code="link_localhost",
        topic="links",
        severity="high",
        scope="page",
        title="Link to localhost, a private address or a staging host",
        why="Visitors get an error or an unfinished copy of the site, and search engines may find "
        "and index the staging host.",
        fix="Replace the host by the public one, and put the staging host behind a login.",
        run_page=_link_localhost,
        applies=_public_site,
        source="RFC 6761; RFC 6890",
    ),
    Check(
        code="https_downgrade",
        topic="links",
        severity="medium",
        scope="page",
        title="https page links to an internal http URL",
        why="The visit leaves the encrypted connection or costs a redirect, and the http form "
        "stays in circulation as a duplicate.",
        fix="Change the link to https; search and replace http:// in templates and content.",
        run_page=_https_downgrade,
        applies=_ok_https,
        source="RFC 9110 section 4.2.2",
    ),
    Check(
        code="tel_mailto_bad",
        topic="links",
        severity="low",
        scope="page",
        title="tel: or mailto: link with an invalid value",
        why="A tap on the link doesn't reach the business: a lost call or mail, on phones above "
        "all.",
        fix="Write phone numbers in international form, such as tel:+15550100123, and mail "
        "addresses as mailto:name@domain.",
        run_page=_tel_mailto_bad,
        applies=_has_contact_links,
        source="RFC 3966 section 3; RFC 6068 section 2",
    ),
)
