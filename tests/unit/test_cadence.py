"""A report comes once a period, at its local time, whatever daylight saving and outages do."""

import json
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.core.cadence import KINDS, Cadence, instant, next_run, parse
from lsos.core.errors import Invalid

CASES = json.loads((Path(__file__).parents[1] / "data" / "cron_cases.json").read_text())
RIGA = "Europe/Riga"
ZONES = (
    "UTC", RIGA, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia",
    "America/Sao_Paulo", "Africa/Cairo", "America/Havana", "Pacific/Kiritimati",
)  # fmt: skip

EXPRESSIONS = {
    "0 3 * * *": Cadence("daily", "03:00", RIGA),
    "0 4 * * *": Cadence("daily", "04:00", RIGA),
    "15 3 * * *": Cadence("daily", "03:15", RIGA),
    "1 1 L * *": Cadence("monthly", "01:01", "UTC", day_of_month=31),
}
"""The cron lines that a cadence can say."""
CRON_ROWS = [row for row in CASES["valid"] if row["expr"] in EXPRESSIONS]


def runs(cadence: Cadence, after: datetime, count: int) -> list[datetime]:
    found = []
    for _ in range(count):
        after = next_run(cadence, after)
        found.append(after)
    return found


def test_all_expressions_have_rows() -> None:
    assert {row["expr"] for row in CRON_ROWS} == EXPRESSIONS.keys()


@pytest.mark.parametrize("row", CRON_ROWS, ids=lambda row: str(row["id"]))
def test_what_cron_says(row: dict[str, object]) -> None:
    cadence = EXPRESSIONS[str(row["expr"])]
    zone = ZoneInfo(cadence.timezone)
    after = datetime.fromisoformat(str(row["after"])).replace(tzinfo=zone)
    expected = row["next"]
    assert isinstance(expected, list)
    want = [datetime.fromisoformat(text) for text in expected]
    want = [t if t.tzinfo else t.replace(tzinfo=zone) for t in want]
    assert runs(cadence, after.astimezone(UTC), len(want)) == want


@pytest.mark.parametrize(
    "cadence, after, expected",
    [
        # Strictly after: the minute itself is gone.
        (Cadence("daily", "09:00", RIGA), "2026-01-05T09:00+02:00", "2026-01-06T09:00+02:00"),
        (Cadence("daily", "09:00", RIGA), "2026-01-05T08:59:59+02:00", "2026-01-05T09:00+02:00"),
        (Cadence("daily", "00:00", RIGA), "2026-01-05T23:59+02:00", "2026-01-06T00:00+02:00"),
        # Skipped: 03:00 to 04:00 is not there on 29 March 2026.
        (Cadence("daily", "03:00", RIGA), "2026-03-28T12:00+02:00", "2026-03-29T04:00+03:00"),
        (Cadence("daily", "03:59", RIGA), "2026-03-28T12:00+02:00", "2026-03-29T04:00+03:00"),
        (Cadence("daily", "02:59", RIGA), "2026-03-28T12:00+02:00", "2026-03-29T02:59+02:00"),
        (Cadence("weekly", "03:30", RIGA, weekday=7), "2026-03-23T00:00+02:00",
         "2026-03-29T04:00+03:00"),
        (Cadence("monthly", "03:30", RIGA, day_of_month=29), "2026-03-01T00:00+02:00",
         "2026-03-29T04:00+03:00"),
        # A gap of half an hour, at 02:00 on 4 October 2026.
        (Cadence("daily", "02:10", "Australia/Lord_Howe"), "2026-10-03T12:00+10:30",
         "2026-10-04T02:30+11:00"),
        # Repeated: 03:00 to 04:00 is there twice on 25 October 2026; the first counts.
        (Cadence("daily", "03:30", RIGA), "2026-10-24T12:00+03:00", "2026-10-25T03:30+03:00"),
        (Cadence("daily", "03:30", RIGA), "2026-10-25T03:30+03:00", "2026-10-26T03:30+02:00"),
        (Cadence("daily", "03:30", RIGA), "2026-10-25T03:10+02:00", "2026-10-26T03:30+02:00"),
        # A whole date that was skipped: Samoa had no 30 December 2011.
        (Cadence("daily", "09:00", "Pacific/Apia"), "2011-12-29T12:00-10:00",
         "2011-12-31T00:00+14:00"),
        (Cadence("daily", "09:00", "Pacific/Apia"), "2011-12-31T00:00+14:00",
         "2011-12-31T09:00+14:00"),
        (Cadence("daily", "00:00", "Pacific/Apia"), "2011-12-31T00:00+14:00",
         "2012-01-01T00:00+14:00"),
        # Weeks and months end where they end.
        (Cadence("weekly", "08:00", "UTC", weekday=1), "2026-11-23T08:00Z", "2026-11-30T08:00Z"),
        (Cadence("weekly", "08:00", "UTC", weekday=7), "2026-12-28T08:00Z", "2027-01-03T08:00Z"),
        (Cadence("monthly", "08:00", "UTC", day_of_month=31), "2026-01-31T08:00Z",
         "2026-02-28T08:00Z"),
        (Cadence("monthly", "08:00", "UTC", day_of_month=30), "2028-01-30T08:00Z",
         "2028-02-29T08:00Z"),
        (Cadence("monthly", "08:00", "UTC", day_of_month=31), "2026-02-28T08:00Z",
         "2026-03-31T08:00Z"),
        (Cadence("monthly", "08:00", "UTC", day_of_month=1), "2026-12-01T08:00Z",
         "2027-01-01T08:00Z"),
        # Down for eleven days: the next one, not eleven.
        (Cadence("daily", "09:00", RIGA), "2026-01-16T13:00+02:00", "2026-01-17T09:00+02:00"),
    ],
)  # fmt: skip
def test_a_due_time(cadence: Cadence, after: str, expected: str) -> None:
    found = next_run(cadence, datetime.fromisoformat(after))
    assert found == datetime.fromisoformat(expected)
    assert found.tzinfo is UTC


cadences = st.builds(
    lambda kind, hour, minute, zone, weekday, day: Cadence(
        kind,
        f"{hour:02}:{minute:02}",
        zone,
        weekday if kind == "weekly" else None,
        day if kind == "monthly" else None,
    ),
    st.sampled_from(KINDS),
    st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from(ZONES),
    st.integers(1, 7),
    st.integers(1, 31),
)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)).map(  # noqa: DTZ001 -- made aware here
    lambda t: t.replace(tzinfo=UTC)
)


@given(cadences, moments)
def test_the_next_run_lies_after_and_asking_later_skips_none(
    cadence: Cadence, at: datetime
) -> None:
    due = next_run(cadence, at)
    assert at < due <= at + timedelta(days=34)
    assert (due.second, due.microsecond) == (0, 0)
    # Until it is due, the answer stays the same: a tick never steps over a run.
    assert next_run(cadence, due - timedelta(microseconds=1)) == due
    assert next_run(cadence, at + (due - at) / 2) == due


@given(cadences, moments)
def test_one_run_a_period(cadence: Cadence, at: datetime) -> None:
    """Local days differ from run to run; a date that a zone skipped is made good on the next."""
    zone = ZoneInfo(cadence.timezone)
    found = runs(cadence, at, 40 if cadence.kind == "daily" else 13)
    assert found == sorted(set(found))
    days = [due.astimezone(zone).date() for due in found]
    longest = {"daily": 2, "weekly": 8, "monthly": 33}[cadence.kind]
    for earlier, later in pairwise(days):
        if earlier == later:
            assert earlier == date(2011, 12, 31)
            assert cadence.timezone == "Pacific/Apia"
        assert later - earlier <= timedelta(days=longest)
    if cadence.kind == "monthly":
        assert len({(day.year, day.month) for day in days}) == len(days)
    if cadence.kind == "weekly" and cadence.timezone != "Pacific/Apia":
        assert {day.isoweekday() for day in days} == {cadence.weekday}


@given(
    st.sampled_from(ZONES), moments, st.times().map(lambda t: t.replace(second=0, microsecond=0))
)
def test_an_instant_reads_as_its_local_time_or_follows_a_gap(
    zone: str, at: datetime, local: time
) -> None:
    found = instant(at.date(), local, ZoneInfo(zone)).astimezone(ZoneInfo(zone))
    if found.time() != local or found.date() != at.date():
        before = (found.astimezone(UTC) - timedelta(minutes=1)).astimezone(ZoneInfo(zone))
        assert before.replace(tzinfo=None) < datetime.combine(at.date(), local)
        assert before.utcoffset() != found.utcoffset()


@pytest.mark.parametrize(
    "arguments, field",
    [
        (("daily", "9:00", "UTC"), "local_time"),
        (("daily", "24:00", "UTC"), "local_time"),
        (("daily", "09:60", "UTC"), "local_time"),
        (("daily", "09:00\n", "UTC"), "local_time"),
        (("daily", "٠٩:٠٠", "UTC"), "local_time"),
        (("daily", "09:00", "Europe/Atlantis"), "timezone"),
        (("daily", "09:00", "../etc/passwd"), "timezone"),
        (("daily", "09:00", "/etc/localtime"), "timezone"),
        (("daily", "09:00", ""), "timezone"),
        (("daily", "09:00", "Europe"), "timezone"),
        (("daily", "09:00", "UTC", 1), "weekday"),
        (("weekly", "09:00", "UTC"), "weekday"),
        (("weekly", "09:00", "UTC", 0), "weekday"),
        (("weekly", "09:00", "UTC", 8), "weekday"),
        (("weekly", "09:00", "UTC", 1, 1), "day_of_month"),
        (("monthly", "09:00", "UTC"), "day_of_month"),
        (("monthly", "09:00", "UTC", None, 32), "day_of_month"),
    ],
)
def test_a_cadence_that_can_not_run_is_refused_by_field(
    arguments: tuple[object, ...], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        parse(*arguments)  # type: ignore[arg-type]  # what a caller may send
    assert refused.value.field == field
