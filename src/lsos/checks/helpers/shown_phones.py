"""What stands around a phone number in the visible text of a page."""

from collections.abc import Iterator

from lsos.web.facts import PageFacts
from lsos.web.html.shown_phones import is_labelled

_LABEL_CHARS = 20
_MAX_PLACES = 20
_FAX_WORDS = ("fax", "faks", "факс", "φαξ", "ファックス", "传真", "傳真", "팩스")


def is_fax(page: PageFacts, written: str) -> bool:
    """Each time the number stands in the visible text, a fax label leads it."""
    leads = [before.casefold() for before in _before(page, written)]
    return bool(leads) and all(any(word in lead for word in _FAX_WORDS) for lead in leads)


def is_surely_a_phone(page: PageFacts, written: str) -> bool:
    """Written as nothing but a phone number is, or called one."""
    if written.startswith(("+", "00", "(")):
        return True
    return any(is_labelled(before) for before in _before(page, written))


def _before(page: PageFacts, written: str) -> Iterator[str]:
    """The text in front of each place where the number stands."""
    shown, start = f"{page.text} {page.chrome_text}", 0
    for _ in range(_MAX_PLACES):
        place = shown.find(written, start)
        if place < 0:
            return
        yield shown[max(0, place - _LABEL_CHARS) : place]
        start = place + len(written)
