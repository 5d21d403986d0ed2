"""Checks of local search that one page decides: can visitors on a phone call the business."""

from collections.abc import Iterator

from lsos.checks.base import Check, Context, Evidence, text
from lsos.checks.helpers.shown_phones import is_fax
from lsos.web.facts import PageFacts
from lsos.web.phones import has_enough_digits, is_same
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


CHECKS = (
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
