"""Small parts that all sections use: clean texts, numbers in words, cells, lines of history."""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise

from lsos.domains.reports import charts, texts
from lsos.domains.reports.document import Align, Cell, Chart, Column, Tone
from lsos.domains.reports.facts import Point
from lsos.domains.reports.rules import MAX_CELL

# Marks that turn the order of the letters around them; no name needs them, and they outlive a cell.
BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str, limit: int = MAX_CELL) -> str:
    """One line of printable text, cut at `limit` characters; joiners of scripts and emoji stay."""
    kept = (
        " " if char.isspace() or unicodedata.category(char) in ("Cc", "Zl", "Zp") else char
        for char in text[: 4 * limit]
        if char not in BIDI_CONTROLS
        and (unicodedata.category(char) not in ("Cs", "Cn", "Co", "Cf") or char in "\u200c\u200d")
    )
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def day(at: datetime | date) -> str:
    """`24 November 2026`: read the same on both sides of the ocean."""
    return texts.DAY.format(day=at.day, month=texts.MONTHS[at.month - 1], year=at.year)


def number(value: float | None, digits: int = 1) -> str:
    if value is None:
        return texts.NOT_MEASURED
    return f"{value:,.{digits}f}"


def count(value: float | None) -> str:
    return texts.NOT_MEASURED if value is None else f"{value:,.0f}"


def percent(part: float, whole: float) -> str:
    """Whole percents that say neither 0 nor 100 unless it is so."""
    share = 100 * part / whole
    if 0 < share < 1 or 99 < share < 100:
        return f"{share:.1f}"
    return f"{share:.0f}"


def change(now: float | None, before: float | None) -> str:
    """`up 2.1`; "" unless both were measured."""
    if now is None or before is None:
        return ""
    delta = round(now - before, 1)
    if not delta:
        return texts.UNCHANGED
    return (texts.UP if delta > 0 else texts.DOWN).format(steps=f"{abs(delta):.1f}")


def grade(score: float | None) -> Tone:
    if score is None:
        return "muted"
    if score >= 80:
        return "good"
    return "warn" if score >= 50 else "bad"


def score_cell(score: float | None) -> Cell:
    """A score with its grade in words, since colour alone tells not everybody."""
    tone = grade(score)
    word = texts.GRADES.get(tone, "")
    return Cell(text=number(score), detail=word, tone=tone)


def plain(text: str, limit: int = MAX_CELL) -> Cell:
    return Cell(text=clean(text, limit))


def columns(labels: Sequence[str], widths: Sequence[float], aligns: str) -> list[Column]:
    """`aligns`: a letter a column, s for start and e for end."""
    sides: dict[str, Align] = {"s": "start", "e": "end"}
    return [
        Column(label=label, width=width, align=sides[side])
        for label, width, side in zip(labels, widths, aligns, strict=True)
    ]


def cut(shown: int, total: int) -> str:
    return texts.CUT.format(shown=shown, total=f"{total:,}") if total > shown else ""


def history(title: str, points: Sequence[Point], colour: str, top: float = 100) -> list[Chart]:
    """A line of values by day; none when fewer than two were measured."""
    measured = [(p.day, p.value) for p in points if p.value is not None]
    if len(measured) < 2:
        return []
    assert all(a.day <= b.day for a, b in pairwise(points)), "points come in order of days"
    (first_day, first), (last_day, last) = measured[0], measured[-1]
    description = texts.HISTORY_SAY.format(
        first=number(first),
        first_day=day(first_day),
        last=number(last),
        last_day=day(last_day),
        count=len(measured),
    )
    return [charts.line(title, description, points, colour, top)]


def origin(at: datetime, source: str = "") -> str:
    if not source:
        return texts.MEASURED_ON.format(day=day(at))
    named = texts.SYNTHETIC_ORIGIN if source == "synthetic" else clean(source)
    return texts.MEASURED_BY.format(day=day(at), source=named)
