"""Checks of local search that one page decides: can visitors on a phone call the business."""

from collections.abc import Iterator

from lsos.checks.base import Check, Context, Evidence, text
from lsos.checks.helpers.phones import is_phone, same_phone
from lsos.web.facts import PageFacts

_LABEL_CHARS = 20
_FAX_WORDS = ("fax", "faks", "факс", "φαξ", "ファックス", "传真", "傳真", "팩스")


def _has_location_phone(page: PageFacts, at: Context) -> bool:
    return page.is_ok_html and any(place.phone for place in at.site.places)


def _is_fax(page: PageFacts, written: str) -> bool:
    """Each time the number stands in the visible text, a fax label leads it."""
    shown = f"{page.text} {page.chrome_text}"
    start, found = 0, 0
    while (place := shown.find(written, start)) >= 0:
        before = shown[max(0, place - _LABEL_CHARS) : place].casefold()
        if not any(word in before for word in _FAX_WORDS):
            return False
        start, found = place + len(written), found + 1
    return found > 0


def _click_to_call_missing(page: PageFacts, at: Context) -> Iterator[Evidence]:
    for phone in dict.fromkeys(place.phone for place in at.site.places):
        if not is_phone(phone) or any(same_phone(phone, link) for link in page.tel_links):
            continue
        visible = [seen for seen in page.phones if same_phone(phone, seen)]
        shown = next((seen for seen in visible if not _is_fax(page, seen)), "")
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
