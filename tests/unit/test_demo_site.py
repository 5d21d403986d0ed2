"""The demo site: sound where it should be, broken only where the ledger says so."""

import json
from pathlib import Path
from urllib.parse import urljoin
from xml.etree import ElementTree

import pytest
from selectolax.lexbor import LexborHTMLParser

from lsos.demo.faults import CAMPAIGN_FAULTS, FAULTS, PUBLIC_FAULTS, SIDE_EFFECTS
from lsos.demo.site import ABSENT, FORM_TARGET, Page, build, not_found
from lsos.demo.texts import BUSINESS, to_html

BASE = "http://127.0.0.1:8099"
PAGES = build(BASE)
LEDGERS = {
    "plain": FAULTS,
    "campaign": CAMPAIGN_FAULTS,
    "public": PUBLIC_FAULTS,
    "side": SIDE_EFFECTS,
}
CODES = Path(__file__).parent.parent / "data" / "check_codes.txt"


def is_html(page: Page) -> bool:
    return page.status == 200 and page.headers["Content-Type"].startswith("text/html")


HTML = {path: LexborHTMLParser(page.body) for path, page in PAGES.items() if is_html(page)}


def spoilt(*codes: str) -> set[str]:
    return {path for code in codes for path in FAULTS[code]}


def answer(path: str) -> Page | None:
    """As the server looks a request target up."""
    return PAGES.get(path) or PAGES.get(path.partition("?")[0])


def internal_targets(path: str) -> set[str]:
    """Everything that a page points at on its own site, fragments dropped."""
    found = set()
    for name in ("href", "src"):
        for node in HTML[path].css(f"[{name}]"):
            url = urljoin(BASE + path, node.attributes[name] or "").partition("#")[0]
            if url.startswith(f"{BASE}/"):
                found.add(url.removeprefix(BASE))
    return found


@pytest.mark.parametrize("path", HTML)
def test_links_lead_somewhere(path):
    lost = {target for target in internal_targets(path) if answer(target) is None}
    assert lost <= set(ABSENT)


def test_absent_paths_are_absent_and_named():
    named = {target for path in HTML for target in internal_targets(path)}
    named |= {page.headers.get("Location", "") for page in PAGES.values()}
    named |= {loc.removeprefix(BASE) for loc in sitemap_urls()}
    assert named >= set(ABSENT)
    assert not set(ABSENT) & set(PAGES)


def test_every_page_can_be_reached_or_is_in_the_sitemap():
    seen, todo = set(), ["/"]
    while todo:
        path = todo.pop()
        page = answer(path)
        if path in seen or page is None:
            continue
        seen.add(path)
        key = path if path in HTML else path.partition("?")[0]
        target = page.headers.get("Location")
        todo += [target] if target else internal_targets(key) if key in HTML else []
    listed = {url.removeprefix(BASE) for url in sitemap_urls()}
    assert set(HTML) - seen <= listed
    assert spoilt("sitemap_orphan") <= listed - seen


@pytest.mark.parametrize(
    "selector, planted",
    [
        ("head title", spoilt("title_missing")),
        ("h1", spoilt("h1_missing")),
        ("html[lang]", spoilt("lang_missing")),
        ("meta[name=viewport]", spoilt("viewport_missing")),
        ("link[rel=canonical]", spoilt("canonical_missing")),
        ("meta[name=description]", spoilt("desc_missing")),
        ("meta[charset]", spoilt("charset_missing")),
        ("script[type='application/ld+json']", spoilt("sd_missing", "noindex") | {"/"}),
        ("main a[href], nav a[href]", spoilt("dead_end")),
    ],
)
def test_only_planted_pages_lack_an_element(selector, planted):
    lacking = {path for path, tree in HTML.items() if tree.css_first(selector) is None}
    assert lacking == planted - {"/"}


@pytest.mark.parametrize(
    "selector, planted",
    [
        ("head title", spoilt("title_multiple")),
        ("h1", spoilt("h1_multiple")),
        ("meta[name=description]", spoilt("desc_multiple")),
        ("link[rel=canonical]", spoilt("canonical_multiple")),
    ],
)
def test_only_planted_pages_have_an_element_twice(selector, planted):
    assert {path for path, tree in HTML.items() if len(tree.css(selector)) > 1} == planted


def test_only_planted_pages_share_a_title():
    owners: dict[str, set[str]] = {}
    for path, tree in HTML.items():
        title = tree.css_first("head title")
        if title is not None:
            owners.setdefault(title.text(), set()).add(path)
    shared = {path for paths in owners.values() if len(paths) > 1 for path in paths}
    assert shared == spoilt("title_duplicate", "url_slash_duplicate")


def test_structured_data_is_json_except_where_planted():
    broken = set()
    for path, tree in HTML.items():
        for node in tree.css("script[type='application/ld+json']"):
            try:
                data = json.loads(node.text())
            except ValueError:
                broken.add(path)
            else:
                assert data["@context"] == "https://schema.org"
                assert all("@type" in item for item in data["@graph"])
    assert broken == spoilt("jsonld_parse_error")


def test_pages_read_as_written_by_people():
    short = set()
    for path in HTML:
        tree = LexborHTMLParser(PAGES[path].body)  # one of its own, since it is cut down
        for node in tree.css("script, style, nav, header, footer"):
            node.decompose()
        if len(tree.body.text(separator=" ").split()) < 200:
            short.add(path)
    unread = spoilt("noindex", "robots_blocked", "sitemap_noindex", "sitemap_blocked")
    excepted = spoilt("thin_content", "redirect_meta_refresh", "url_internal_search")
    assert short == excepted | unread


def test_images_exist_and_have_a_type():
    for path in HTML:
        for target in internal_targets(path):
            page = answer(target)
            if target.startswith("/img/") and page is not None:
                assert page.headers["Content-Type"].startswith("image/")
                ElementTree.fromstring(page.body) if target.endswith(".svg") else None


def sitemap_urls() -> list[str]:
    root = ElementTree.fromstring(PAGES["/sitemap.xml"].body)
    return [node.text or "" for node in root.iter() if node.tag.endswith("}loc")]


def test_sitemap_lists_good_pages_and_the_planted_ones():
    listed = {url.removeprefix(BASE) for url in sitemap_urls()}
    bad = {path for path in listed if path not in HTML}
    assert bad == spoilt("sitemap_redirect", "sitemap_non200", "sitemap_offhost")
    assert listed >= spoilt("sitemap_noindex", "sitemap_blocked", "sitemap_noncanonical")


def test_ledger_uses_known_codes_once():
    known = set(CODES.read_text(encoding="utf-8").split("\n"))
    planted = [*FAULTS, *CAMPAIGN_FAULTS, *PUBLIC_FAULTS]
    assert len(planted) == len(set(planted))
    assert set(planted) | set(SIDE_EFFECTS) <= known
    assert len(FAULTS) >= 100


@pytest.mark.parametrize("name", LEDGERS)
def test_ledger_names_paths_that_the_site_has(name):
    known = set(PAGES) | set(ABSENT)
    for code, paths in LEDGERS[name].items():
        for path in paths:
            is_known = path in known or path.partition("?")[0] in known
            assert is_known or code == "sitemap_offhost", (code, path)


def test_pages_that_a_visitor_judges_by_are_good():
    good = {
        "/services/",
        "/services/check-ups/",
        "/services/emergency-dentist/",
        "/locations/alder-bay/",
        "/locations/alder-bay/emergency-dentist/",
        "/locations/fenwick-harbor/emergency-dentist/",
        "/new-patients/",
        "/es/nuevos-pacientes/",
    }
    assert good <= set(HTML)
    assert not good & {path for paths in FAULTS.values() for path in paths}


@pytest.mark.parametrize("base", ["https://www.pinecove.test", "http://localhost:1"])
def test_absolute_urls_follow_the_base(base):
    pages = build(base)
    assert pages.keys() == PAGES.keys()
    home = LexborHTMLParser(pages["/"].body)
    canonical = home.css_first("link[rel=canonical]")
    assert canonical is not None
    assert canonical.attributes["href"] == f"{base}/"
    assert f"Sitemap: {base}/sitemap.xml".encode() in pages["/robots.txt"].body
    assert not any(b"{base_url}" in page.body or b"8099" in page.body for page in pages.values())


def test_https_site_posts_its_form_over_http():
    page = LexborHTMLParser(build("https://www.pinecove.test")["/contact/"].body)
    form = page.css_first("form")
    assert form is not None
    assert form.attributes["action"] == f"http://www.pinecove.test{FORM_TARGET}"


def test_building_twice_gives_the_same_bytes():
    assert build(BASE) == PAGES


def test_error_page_is_styled_and_has_no_canonical():
    page = not_found(BASE)
    assert page.status == 404
    assert b"site.css" in page.body
    assert b"canonical" not in page.body


def test_phones_are_fictional():
    assert all("-555-01" in place.phone for place in BUSINESS.locations)


@pytest.mark.parametrize(
    "body, html",
    [
        (["One & two"], "<p>One &amp; two</p>"),
        (["## A", "b"], "<h2>A</h2>\n<p>b</p>"),
        (["- a", "- b"], "<ul><li>a</li><li>b</li></ul>"),
        (["x", "- a", "y"], "<p>x</p>\n<ul><li>a</li></ul>\n<p>y</p>"),
        (["[go](/a/) on"], '<p><a href="/a/">go</a> on</p>'),
        ([], ""),
    ],
)
def test_markup(body, html):
    assert to_html(body) == html
