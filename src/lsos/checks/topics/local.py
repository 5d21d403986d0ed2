"""Checks of local search that one page decides: can visitors on a phone call the business."""

from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from lsos.checks.base import Check, Context, Evidence, text
from lsos.checks.helpers.shown_phones import is_fax, is_surely_a_phone
from lsos.web.facts import PageFacts
from lsos.web.html.shown_phones import find_phones
from lsos.web.phones import compare, has_enough_digits, is_same
from lsos.web.schema_org.countries import countries_of_page


def _has_location_phone(page: PageFacts, at: Context) -> bool:
    return page.is_ok_html and any(place.phone for place in at.site.places)


def _click_to_call_missing(page: PageFacts, at: Context) -> Iterator[Evidence]:
    countries = countries_of_page(page)
    for phone in dict.fromkeys(place.phone for place in at.site.places):
        if not has_enough_digits(phone):
            continue
        if any(is_same(phone, link, countries) for link in page.tel_links):
            continue
        visible = [seen for seen in page.phones if is_same(phone, seen, countries)]
        shown = next((seen for seen in visible if not is_fax(page, seen)), "")
        if shown:
            yield Evidence(value=text(shown), selector='a[href^="tel:"]')


def _tel_text_differs(page: PageFacts, _: Context) -> Iterator[Evidence]:
    """The link's own text shows another number, or the page's only number is never dialled."""
    countries = countries_of_page(page)
    number = 0
    for link in page.links:
        number += link.kind == "a"
        scheme, _colon, dialled = link.href.partition(":")
        if scheme.casefold() != "tel" or not has_enough_digits(dialled):
            continue
        dialled = unquote(dialled)
        shown = find_phones(link.anchor.encode(), countries)
        if not shown:
            shown = _only_number(page, countries)
        if shown and all(compare(dialled, phone, countries) == "different" for phone in shown):
            yield Evidence(value=text(shown[0]), selector=f"a[{number}]", limit=text(dialled))


def _only_number(page: PageFacts, countries: Sequence[str]) -> list[str]:
    """The number that the page shows, if it shows one alone and dials one alone."""
    shown = [phone for phone in page.phones if not is_fax(page, phone)]
    dialled = page.tel_links
    is_one = all(
        is_same(phones[0], other, countries) for phones in (shown, dialled) for other in phones[1:]
    )
    return shown if shown and is_one and is_surely_a_phone(page, shown[0]) else []


def _has_tel_links(page: PageFacts, _: Context) -> bool:
    return page.is_ok_html and bool(page.tel_links)


CHECKS = (
    Check(
        code="tel_text_differs",
        topic="local",
        severity="medium",
        scope="page",
        title="The link dials another number than the one shown",
        why="Who taps and who dials what they read reach different lines; one of the two numbers "
        "is usually out of date. A call-tracking number is no fault.",
        fix="Give the link the number that the page shows, or mark it as call tracking by ignoring "
        "this issue.",
        run_page=_tel_text_differs,
        applies=_has_tel_links,
        source="RFC 3966",
    ),
    Check(
        code="click_to_call_missing",
        topic="local",
        severity="medium",
        scope="page",
        title="The phone number is not a tel: link",
        why="Most local searches come from phones; without a tel: link the number must be copied.",
        fix='Link the number, such as <a href="tel:+12125550123">(212) 555-0123</a>.',
        run_page=_click_to_call_missing,
        applies=_has_location_phone,
        source="RFC 3966",
    ),
)
