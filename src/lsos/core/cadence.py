"""Computes the next run of a daily, weekly or monthly cadence at a local time; pure.

A local time that daylight saving skips runs at the first minute after the gap; one that it repeats
runs once, at its first occurrence.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from lsos.core.errors import Invalid

Kind = Literal["daily", "weekly", "monthly"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_LOCAL_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


class Cadence(msgspec.Struct, frozen=True):
    """When something recurs; use `parse` to create a validated one."""

    kind: Kind
    local_time: str
    """HH:MM."""
    timezone: str
    """IANA name."""
    weekday: int | None = None
    """ISO weekday of a weekly cadence: 1 is Monday, 7 is Sunday."""
    day_of_month: int | None = None
    """Day of a monthly cadence, 1 to 31; in shorter months, the last day."""


def parse(
    kind: Kind,
    local_time: str,
    timezone: str,
    weekday: int | None = None,
    day_of_month: int | None = None,
) -> Cadence:
    """Validate a cadence; raises Invalid for a field that is missing, superfluous or wrong."""
    if not _LOCAL_TIME.fullmatch(local_time):
        raise Invalid(
            f"{local_time!r} is not a time HH:MM, from 00:00 to 23:59", field="local_time"
        )
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(
            f"{timezone!r} is not an IANA time zone, such as Europe/Riga",
            field="timezone",
            code="zone_unknown",
        ) from error
    for field, value, owner, last in (
        ("weekday", weekday, "weekly", 7),
        ("day_of_month", day_of_month, "monthly", 31),
    ):
        if kind != owner and value is not None:
            raise Invalid(f"allowed with the cadence {owner} only", field=field)
        if kind == owner and (value is None or not 1 <= value <= last):
            raise Invalid(f"the cadence {owner} needs one, from 1 to {last}", field=field)
    return Cadence(kind, local_time, timezone, weekday, day_of_month)


def next_run(cadence: Cadence, after: datetime) -> datetime:
    """The first due time (UTC) strictly after the aware time `after`.

    After downtime, call this once with the current time: all missed times then count as one.
    """
    zone = ZoneInfo(cadence.timezone)
    at = time.fromisoformat(cadence.local_time)
    # Start two days back: a zone may have skipped a date, whose run then falls on the next.
    start = after.astimezone(zone).date() - timedelta(days=2)
    return next(due for day in _days(cadence, start) if (due := instant(day, at, zone)) > after)


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Convert a local time to UTC: the first of two, or the first minute after a gap."""
    early = datetime.combine(day, at, zone)  # fold=0: the offset before a change
    found = early.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == early.replace(tzinfo=None):
        return found
    # In a gap, the change lies between this time read with either offset.
    before, behind = early.replace(fold=1).astimezone(UTC), found
    offset = behind.astimezone(zone).utcoffset()
    while behind - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(behind - before) // timedelta(minutes=2))
        if middle.astimezone(zone).utcoffset() == offset:
            behind = middle
        else:
            before = middle
    return behind


def _days(cadence: Cadence, start: date) -> Iterator[date]:
    """The days of the cadence, from the period that contains `start`."""
    day = start
    if cadence.kind == "daily":
        while True:
            yield day
            day += timedelta(days=1)
    if cadence.kind == "weekly":
        assert cadence.weekday is not None
        day += timedelta(days=cadence.weekday - day.isoweekday())
        while True:
            yield day
            day += timedelta(weeks=1)
    assert cadence.day_of_month is not None
    day = day.replace(day=1)
    while True:
        last = monthrange(day.year, day.month)[1]
        yield day.replace(day=min(cadence.day_of_month, last))
        day = (day + timedelta(days=31)).replace(day=1)
