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


def found(html: bytes, code: str) -> list[Finding]:
    page = PageFacts(url=URL, status=200, content_type="text/html; charset=utf-8")
    findings: Iterable[Finding] = bind({}).run_page(parse(page, html), site_context())
    return [finding for finding in findings if finding.code == code]


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
