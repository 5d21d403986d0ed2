"""Dates that the visible text gives as published or updated, in the usual European spellings."""

import re
from collections.abc import Iterator
from datetime import date

_MONTHS = {
    1: "january jan januar jänner janvier enero gennaio janeiro januari",
    2: "february feb februar februari février febrero febbraio fevereiro",
    3: "march mar märz mars marzo março maart",
    4: "april apr avril abril aprile",
    5: "may mai mayo maggio maio mei",
    6: "june jun juni juin junio giugno junho",
    7: "july jul juli juillet julio luglio julho",
    8: "august aug août agosto augustus",
    9: "september sep sept septembre septiembre settembre setembro",
    10: "october oct oktober octobre octubre ottobre outubro",
    11: "november nov novembre noviembre novembro",
    12: "december dec dezember décembre diciembre dicembre dezembro",
}
_MONTH_NUMBERS = {word: number for number, words in _MONTHS.items() for word in words.split()}
_MONTH = "|".join(sorted(_MONTH_NUMBERS, key=len, reverse=True))
_LABEL = (
    r"\b(?:published|posted|(?:last )?(?:updated|modified|reviewed)"
    r"|veröffentlicht|(?:zuletzt )?(?:aktualisiert|geändert)|stand"
    r"|publié|mis à jour|publicado|actualizado|atualizado|pubblicato|aggiornato"
    r"|gepubliceerd|bijgewerkt)\b"
)
_YEAR = r"[0-9]{4})(?![0-9])"
_LABELLED = re.compile(
    rf"{_LABEL}[^0-9.!?]{{0,30}}?(?:"
    r"(?P<iso>[0-9]{4}-[0-9]{2}-[0-9]{2})(?![0-9])"
    r"|(?P<first>[0-9]{1,2})(?P<mark>[./])(?P<second>[0-9]{1,2})(?P=mark)"
    rf"(?P<year>{_YEAR}"
    rf"|(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th|er|\.|º)? (?:de )?(?P<month>{_MONTH})\.?,? (?:de )?"
    rf"(?P<year2>{_YEAR}"
    rf"|\b(?P<month3>{_MONTH})\.? (?P<day3>[0-9]{{1,2}})(?:st|nd|rd|th)?,? "
    rf"(?P<year3>{_YEAR})",
    re.IGNORECASE,
)


def labelled_dates(text: str) -> Iterator[tuple[str, set[date]]]:
    """Each labelled date as written, with its possible readings (01/02/2024 has two)."""
    for found in _LABELLED.finditer(text):
        readings = set(_readings(found.groupdict()))
        if readings:
            yield found[0], readings


def _readings(parts: dict[str, str | None]) -> Iterator[date]:
    if iso := parts["iso"]:
        yield from _valid(*iso.split("-"))
    elif year := parts["year"]:
        first, second = parts["first"] or "", parts["second"] or ""
        yield from _valid(year, second, first)
        # Full stops are European, always day first.
        if parts["mark"] == "/":
            yield from _valid(year, first, second)
    else:
        month = _MONTH_NUMBERS.get((parts["month"] or parts["month3"] or "").lower(), 0)
        year = parts["year2"] or parts["year3"] or ""
        yield from _valid(year, str(month), parts["day"] or parts["day3"] or "")


def _valid(year: str, month: str, day: str) -> Iterator[date]:
    try:
        yield date(int(year), int(month), int(day))
    except ValueError:
        return
