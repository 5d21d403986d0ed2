"""Checks on whole documents, as sites write them: what a specialist would and would not say."""

import json
from collections.abc import Iterable

import pytest

from lsos.checks.engine import Finding, bind
from lsos.web.facts import PageFacts
from lsos.web.html.parse import parse
from tests.support.facts import site_context

URL = "https://www.example.com/contact"
PLUMBER: dict[str, object] = {
    "@context": "https://schema.org",
    "@type": "Plumber",
    "name": "Alder Plumbing",
    "telephone": "+1-217-555-0123",
    "url": "https://www.example.com/",
    "address": {
        "@type": "PostalAddress",
        "streetAddress": "18 Main St",
        "addressLocality": "Springfield",
        "addressRegion": "IL",
        "postalCode": "62701",
        "addressCountry": "US",
    },
}
DENTIST: dict[str, object] = {
    **PLUMBER,
    "@type": "Dentist",
    "telephone": "+34 973 26 09 99",
    "address": {
        "@type": "PostalAddress",
        "streetAddress": "Carrer Major 74",
        "addressLocality": "Lleida",
        "postalCode": "25007",
        "addressCountry": "ES",
    },
}


def document(body: str, data: object = None, *, lang: str = "en", head: str = "") -> bytes:
    script = (
        "" if data is None else f"<script type='application/ld+json'>{json.dumps(data)}</script>"
    )
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Repairs</title>'
        f"{head}{script}</head><body><h1>Repairs</h1>{body}</body></html>"
    ).encode()


def all_found(html: bytes) -> Iterable[Finding]:
    page = PageFacts(url=URL, status=200, content_type="text/html; charset=utf-8")
    return bind({}).run_page(parse(page, html), site_context())


def found(html: bytes, code: str) -> list[Finding]:
    return [finding for finding in all_found(html) if finding.code == code]


@pytest.mark.parametrize(
    "body",
    [
        "<p>NPI: 1234567893. Licence 055-000321.</p><a href='tel:+12175550123'>Call us</a>",
        "<p>Lic. # 217-555-0199</p>",
        "<p>Founded in 1998. 2500 happy customers since.</p>",
        "<p>Find us opposite 24 Main St, next to the library.</p>",
        "<p>Our last project: a new boiler at 24 Main St.</p>",
        "<p>Fax: (217) 555-0199</p>",
        "<p>We serve Springfield since 1998, and 12345 customers there.</p>",
        "<p>Springfield 2019 award. Also in Decatur, IL 62521.</p>",
        "<p>18 Main St, Springfield, IL 62701. Formerly at 24 Main St, Springfield.</p>",
    ],
)
def test_what_is_not_the_own_phone_or_address_contradicts_nothing(body: str) -> None:
    assert found(document(body, PLUMBER), "sd_text_mismatch") == []


@pytest.mark.parametrize(
    "body, data, visible",
    [
        ("<p>Call (217) 555-0199</p>", PLUMBER, "(217) 555-0199"),
        ("<p>Truca al 973 00 01 23</p>", DENTIST, "973 00 01 23"),
        ("<p>24 Main Street, Springfield, IL 62701</p>", PLUMBER, "24"),
        ("<p>18 Main St, Springfield, IL 62704</p>", PLUMBER, "62704"),
        ("<p>Carrer Major 74, 25001 Lleida</p>", DENTIST, "25001"),
    ],
)
def test_a_plain_contradiction_is_high(body: str, data: object, visible: str) -> None:
    [finding] = found(document(body, data), "sd_text_mismatch")
    assert finding.severity == "high"
    assert [evidence.limit for evidence in finding.evidence] == [visible]


def test_a_number_that_may_be_something_else_is_no_high_contradiction() -> None:
    [finding] = found(document("<p>Code 217.555.0199</p>", PLUMBER), "sd_text_mismatch")
    assert finding.severity == "medium"


AREA = {**PLUMBER, "address": {**PLUMBER["address"], "streetAddress": ""}}  # type: ignore[dict-item]


@pytest.mark.parametrize("name", ["areaServed", "serviceArea"])
def test_a_business_that_comes_to_its_customers_needs_no_street(name: str) -> None:
    area = {**AREA, name: "Sangamon County"}
    assert found(document("", area), "lb_address_incomplete") == []
    [finding] = found(document("", {**area, "address": None}), "lb_required")
    assert finding.severity == "info"


def test_an_empty_canonical_is_none() -> None:
    html = document("", head='<link rel="canonical" href="">')
    [finding] = found(html, "canonical_missing")
    assert [evidence.value for evidence in finding.evidence] == ["empty"]
    assert found(html, "canonical_relative") == []


def test_the_number_of_a_link_is_that_of_its_element() -> None:
    body = (
        '<iframe src="https://maps.example.net/" title="Map"></iframe><a href="/a">Prices</a>'
        '<map name="m"><area href="/b" alt="Hall"></map><a href="/c">Team</a><a href="/d">more</a>'
    )
    [finding] = found(document(body), "anchor_generic")
    assert [evidence.selector for evidence in finding.evidence] == ["a[3]"]


@pytest.mark.parametrize("href", ["#rooms", URL, URL + "#all", "/contact"])
def test_a_button_on_the_page_is_no_generic_link(href: str) -> None:
    assert found(document(f'<a href="{href}">more</a>'), "anchor_generic") == []


@pytest.mark.parametrize(
    "image, is_missing",
    [
        ("<img>", False),
        ('<img class="lazy" data-src="/van.jpg">', False),
        ('<img src="/van.jpg">', True),
        ('<img srcset="/van.jpg 2x">', True),
    ],
)
def test_an_image_that_shows_nothing_yet_lacks_no_description(image: str, is_missing: bool) -> None:
    assert bool(found(document(image), "img_alt_missing")) is is_missing


@pytest.mark.parametrize(
    "head, data",
    [
        ("", {"@type": "HousePainter", "name": "Brightwash Exteriors"}),
        ("", {"@type": "WebSite", "name": "Brightwash"}),
        ('<meta property="og:site_name" content="Brightwash Exteriors">', None),
    ],
)
def test_a_business_that_says_its_name_stuffs_no_keyword(head: str, data: object) -> None:
    words = " ".join(f"word{number}" for number in range(300))
    body = f"<p>{words} {'brightwash ' * 30}</p>"
    [finding] = found(document(body), "keyword_stuffing")
    assert "brightwash" in str(finding.evidence[0].value)
    assert found(document(body, data, head=head), "keyword_stuffing") == []


PLAIN = "We mend your boiler. We come the same day. You pay one fair price. Call us and rest. " * 14
ITEMS = [
    "Emergency plumber and heating engineer services",
    "Installation of central heating systems",
    "Annual maintenance agreements for landlords",
    "Certified gas installation inspections",
] * 8


@pytest.mark.parametrize("tag", ["li", "td", "h3", "button", "dt"])
def test_what_stands_alone_ends_a_sentence(tag: str) -> None:
    listed = "".join(f"<{tag}>{text}</{tag}>" for text in ITEMS)
    wrapper = {"td": "<table><tr>{}</tr></table>", "dt": "<dl>{}</dl>"}.get(tag, "<ul>{}</ul>")
    assert found(document(f"<p>{PLAIN}</p>{wrapper.format(listed)}"), "reading_hard") == []


def test_choices_of_a_form_are_no_text() -> None:
    words = " ".join(f"word{number}" for number in range(300))
    options = "".join(f"<option>{n} guests</option>" for n in range(40))
    html = document(f"<p>{words}</p><select>{options}</select>")
    assert found(html, "keyword_stuffing") == []
    assert parse(PageFacts(url=URL, status=200, content_type="text/html"), html).word_count == 301


@pytest.mark.parametrize(
    "body",
    [
        "<pre><code>&lt;child&gt;Text goes here&lt;/child&gt;</code></pre>",
        "<p>Type <code>lorem ipsum dolor sit amet</code> to try it.</p>",
    ],
)
def test_code_holds_no_forgotten_placeholder(body: str) -> None:
    assert found(document(body), "lorem_placeholder") == []
    assert found(document("<p>Lorem ipsum dolor sit amet</p>"), "lorem_placeholder")


def test_a_text_about_broken_characters_is_not_broken() -> None:
    named = "<p>Decoders put \ufffd (U+FFFD, the replacement character) there.</p>"
    assert found(document(named), "mojibake") == []
    assert found(document("<p>Caf\ufffd and bar, open each day from nine</p>"), "mojibake")


def test_the_alternative_text_of_an_image_is_its_headings_text() -> None:
    html = b"<html><body><h1><img src='/logo.png' alt='Alder Plumbing'></h1></body></html>"
    page = parse(PageFacts(url=URL, status=200, content_type="text/html"), html)
    assert [heading.text for heading in page.headings] == ["Alder Plumbing"]


STUB = '<!doctype html><meta http-equiv="refresh" content="{}"><link rel="canonical" href="/home/">'


@pytest.mark.parametrize("content", ["0; url=/home/", "0;URL='/home/'", "0,/home/"])
def test_a_page_that_sends_visitors_on_at_once_is_a_redirect_and_nothing_else(
    content: str,
) -> None:
    findings = {finding.code: finding for finding in all_found(STUB.format(content).encode())}
    assert findings["redirect_meta_refresh"].severity == "medium"
    about_pages = {c for c, f in findings.items() if f.severity != "info" and f.scope != "host"}
    assert about_pages == {"redirect_meta_refresh"}


def test_a_page_that_is_read_before_it_sends_visitors_on_is_a_page() -> None:
    codes = {finding.code for finding in all_found(STUB.format("30; url=/home/").encode())}
    assert {"redirect_meta_refresh", "viewport_missing"} <= codes


ABOUT_CONTENT = {
    "desc_missing", "title_short", "og_missing", "twitter_missing", "h1_missing", "dead_end",
    "thin_content", "canonical_missing", "sd_missing", "hreflang_no_xdefault", "reading_hard",
}  # fmt: skip
HREFLANG = (
    '<link rel="alternate" hreflang="af" href="/af/"><link rel="alternate" hreflang="en" href="/">'
)


@pytest.mark.parametrize(
    "head",
    [
        '<meta name="robots" content="noindex">',
        '<link rel="canonical" href="https://www.example.com/af/p/">' + HREFLANG,
    ],
)
def test_pages_that_nobody_should_find_are_not_judged_as_if_they_should(head: str) -> None:
    html = document("<p>one two</p>", head=head).replace(b' name="viewport"', b"")
    codes = {finding.code for finding in all_found(html)}
    assert codes.isdisjoint(ABOUT_CONTENT)
    assert "viewport_missing" in codes, "visitors see it all the same"


def test_a_page_that_scripts_build_gets_one_finding_that_says_so() -> None:
    shell = '<div id="root"></div><noscript>No scripts?</noscript><script src="/app.js"></script>'
    html = f"<!doctype html><html lang=en><title>Alder</title><body>{shell}</body></html>".encode()
    codes = {finding.code for finding in all_found(html)}
    assert "script_built" in codes
    assert codes.isdisjoint(ABOUT_CONTENT)


@pytest.mark.parametrize(
    "lang, is_invalid",
    [
        ("jp", True), ("en-UK", True), ("xx", True), ("\u201czxx\u201d", True), ("ger", True),
        ("isv-Latn", False), ("zxx", False), ("es-419", False), ("de-AT", False), ("iw", False),
        ("en-x-uk", False), ("nds", False), ("zh-Hant-TW", False),
    ],
)  # fmt: skip
def test_language_tags_are_those_of_the_registry(lang: str, is_invalid: bool) -> None:
    assert bool(found(document("", lang=lang), "lang_invalid")) is is_invalid


def test_a_wrong_language_tag_is_told_the_right_one() -> None:
    [finding] = found(document("", lang="jp"), "lang_invalid")
    assert finding.evidence[0].limit == "ja is meant"


@pytest.mark.parametrize(
    "opens, closes, severity",
    [
        ("00:00", "24:00", "low"), ("18:00", "03:00", None), ("00:00", "23:59", None),
        ("9:00 AM", "5:00 PM", "medium"),
    ],
)  # fmt: skip
def test_hours_at_midnight(opens: str, closes: str, severity: str | None) -> None:
    hours = {"dayOfWeek": "Monday", "opens": opens, "closes": closes}
    html = document("", {**PLUMBER, "openingHoursSpecification": hours})
    findings = found(html, "lb_hours_invalid")
    assert [finding.severity for finding in findings] == ([severity] if severity else [])
