"""Opening hours of structured data: which values are no times, days or dates, and which overlap."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from lsos.web.schema_org.nodes import (
    Node,
    as_node,
    as_text,
    has_properties,
    is_reference,
    values_of,
)

_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_DAY_NAMES = {
    "monday": 0,
    "tuesday": 1,
    "wednesday": 2,
    "thursday": 3,
    "friday": 4,
    "saturday": 5,
    "sunday": 6,
    "publicholidays": 7,
}
_DAY = "(?:mo|tu|we|th|fr|sa|su)"
_TIME = "[0-9]{2}:[0-9]{2}(?::[0-9]{2})?"
_RULE = re.compile(
    rf"(?P<days>{_DAY}(?: ?- ?{_DAY})?(?: ?, ?{_DAY}(?: ?- ?{_DAY})?)*)"
    rf"(?: (?P<times>{_TIME} ?- ?{_TIME}(?: ?, ?{_TIME} ?- ?{_TIME})*))?(?![\w:])",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].{0,40}|Z|[+-][0-9]{2}:?[0-9]{2})?")
_DAY_MINUTES = 24 * 60
_MAX_CHARS = 1_000
_MAX_SPANS = 500


MIDNIGHT = "write 23:59 for the end of the day"
"""Reason of 24:00: valid by ISO 8601, and not read by all consumers."""


class Fault(NamedTuple):
    value: str
    reason: str
    """bad_time, bad_day, bad_date, missing_time, overlap or MIDNIGHT."""


class Span(NamedTuple):
    day: int
    start: int
    end: int
    """Minutes from the day's midnight; over 1,440 when it lasts into the next day."""
    period: tuple[str, str]
    shown: str


def text_faults(values: Iterable[object]) -> Iterator[Fault]:
    """Faults of openingHours strings such as `Mo-Fr 09:00-17:00` (schema.org/openingHours)."""
    spans: list[Span] = []
    for value in values:
        shown = as_text(value)
        if shown:
            yield from _read_text(shown, spans)
    yield from _overlaps(spans)


def node_faults(values: Iterable[object]) -> Iterator[Fault]:
    """Faults of OpeningHoursSpecification nodes; a string is judged as openingHours."""
    spans: list[Span] = []
    for value in values:
        node = as_node(value)
        if node is not None:
            if has_properties(node) and not is_reference(node):
                yield from _read_node(node, spans)
        elif shown := as_text(value):
            yield from _read_text(shown, spans)
    yield from _overlaps(spans)


def _minutes(value: str, *, is_end: bool) -> int | None:
    """Minutes since midnight; 24:00 only as an end (ISO 8601)."""
    found = _CLOCK.fullmatch(value)
    if not found:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if hour == 24 and minute == second == 0 and is_end:
        return _DAY_MINUTES
    return hour * 60 + minute if hour < 24 and minute < 60 and second < 60 else None


def _closing(start: int, end: int) -> int | None:
    """End of a span that may last overnight; None for a closed day (00:00-00:00) or no span."""
    if start == end:
        return None
    return end if end > start else end + _DAY_MINUTES


def _day_numbers(days: str) -> Iterator[int]:
    for part in days.lower().replace(" ", "").split(","):
        first, _dash, last = part.partition("-")
        start = _DAYS.index(first)
        count = (_DAYS.index(last) - start) % 7 if last else 0
        yield from ((start + step) % 7 for step in range(count + 1))


def _read_text(shown: str, spans: list[Span]) -> Iterator[Fault]:
    if len(shown) > _MAX_CHARS:
        yield Fault(shown, "bad_time")
        return
    position = 0
    while position < len(shown):
        rule = _RULE.match(shown, position)
        if not rule:
            yield Fault(shown, "bad_time" if shown[position].isdigit() else "bad_day")
            return
        yield from _read_rule(rule, shown, spans)
        position = rule.end()
        # Several rules in one string are common, and every reader splits them.
        while position < len(shown) and shown[position] in " ,;":
            position += 1


def _read_rule(rule: re.Match[str], shown: str, spans: list[Span]) -> Iterator[Fault]:
    days = set(_day_numbers(rule["days"]))
    for part in (rule["times"] or "").replace(" ", "").split(","):
        if not part:
            continue
        opens, _dash, closes = part.partition("-")
        start, end = _minutes(opens, is_end=False), _minutes(closes, is_end=True)
        if start is None or end is None:
            yield Fault(shown, "bad_time")
            continue
        if end == _DAY_MINUTES:
            yield Fault(shown, MIDNIGHT)
        if (closing := _closing(start, end)) is not None:
            spans.extend(Span(day, start, closing, ("", ""), shown) for day in sorted(days))


def _read_node(node: Node, spans: list[Span]) -> Iterator[Fault]:
    period = ("", "")
    bounds = [_first_text(node, name) for name in ("validFrom", "validThrough")]
    for bound in bounds:
        if bound and not _is_date(bound):
            yield Fault(bound, "bad_date")
    if all(not bound or _is_date(bound) for bound in bounds):
        period = (bounds[0][:10], bounds[1][:10])
        if all(bounds) and period[0] > period[1]:
            yield Fault(f"{bounds[0]} - {bounds[1]}", "bad_date")
    days: set[int] = set()
    named = [_day_name(value) for value in values_of(node, "dayOfWeek")]
    for name in named:
        if name.lower() in _DAY_NAMES:
            days.add(_DAY_NAMES[name.lower()])
        else:
            yield Fault(name, "bad_day")
    yield from _read_times(node, set(range(7)) if not named else days, period, spans)


def _read_times(
    node: Node, days: set[int], period: tuple[str, str], spans: list[Span]
) -> Iterator[Fault]:
    opens = [as_text(value) for value in values_of(node, "opens")]
    closes = [as_text(value) for value in values_of(node, "closes")]
    if len(opens) != len(closes):
        yield Fault(f"{', '.join(opens[:5])} - {', '.join(closes[:5])}", "missing_time")
    # Neither opens nor closes: closed on these days (schema.org/OpeningHoursSpecification).
    for first, last in zip(opens, closes, strict=False):
        start, end = _minutes(first, is_end=False), _minutes(last, is_end=True)
        shown = f"{first} - {last}"
        if start is None or end is None:
            yield Fault(shown, "bad_time")
            continue
        if end == _DAY_MINUTES:
            yield Fault(shown, MIDNIGHT)
        if (closing := _closing(start, end)) is not None:
            spans.extend(Span(day, start, closing, period, shown) for day in sorted(days))


def _first_text(node: Node, name: str) -> str:
    values = values_of(node, name)
    return as_text(values[0]) if values else ""


def _day_name(value: object) -> str:
    node = as_node(value)
    if node is not None:
        name = node.get("@id")
        value = name if isinstance(name, str) else as_text(node)
    return as_text(value).replace("#", "/").replace(":", "/").rpartition("/")[2]


def _is_date(value: str) -> bool:
    found = _DATE.fullmatch(value)
    if not found:
        return False
    try:
        date.fromisoformat(found[1])
    except ValueError:
        return False
    return True


def _overlaps(spans: list[Span]) -> Iterator[Fault]:
    """One fault for each pair of values; equal values are a repetition, not a contradiction."""
    groups: dict[tuple[int, tuple[str, str]], set[Span]] = defaultdict(set)
    for span in spans[: _MAX_SPANS * 7]:
        groups[span.day, span.period].add(span)
    seen: set[tuple[str, str]] = set()
    for key in sorted(groups):
        ordered = sorted(groups[key], key=lambda span: (span.start, span.end, span.shown))
        for before, after in pairwise(ordered):
            pair = (before.shown, after.shown)
            is_same = (before.start, before.end) == (after.start, after.end)
            if after.start < before.end and not is_same and pair not in seen:
                seen.add(pair)
                yield Fault(" / ".join(dict.fromkeys(pair)), "overlap")
