"""Windows of quiet hours, compared with a model that steps through every minute."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.config.quiet_hours import DAYS, QuietHours
from cctelegram.policy.quiet import EPOCH, MICROSECOND, quiet

if TYPE_CHECKING:
    from datetime import date

BERLIN = ZoneInfo("Europe/Berlin")
# Nights in which the clocks are turned, and one in which they are not: an hour at 2, an hour at midnight,
# half an hour at 2, a whole day.
NIGHTS = (
    (BERLIN, datetime(2026, 3, 29, tzinfo=UTC)),
    (BERLIN, datetime(2026, 10, 25, tzinfo=UTC)),
    (BERLIN, datetime(2026, 7, 1, tzinfo=UTC)),
    (ZoneInfo("Europe/London"), datetime(2026, 10, 25, tzinfo=UTC)),
    (ZoneInfo("Europe/London"), datetime(2027, 3, 28, tzinfo=UTC)),
    (ZoneInfo("America/New_York"), datetime(2026, 11, 1, tzinfo=UTC)),
    (ZoneInfo("America/New_York"), datetime(2027, 3, 14, tzinfo=UTC)),
    (ZoneInfo("America/Sao_Paulo"), datetime(2018, 11, 4, tzinfo=UTC)),
    (ZoneInfo("America/Sao_Paulo"), datetime(2019, 2, 17, tzinfo=UTC)),
    (ZoneInfo("Australia/Lord_Howe"), datetime(2026, 10, 3, tzinfo=UTC)),
    (ZoneInfo("Australia/Lord_Howe"), datetime(2026, 4, 4, tzinfo=UTC)),
    (ZoneInfo("Pacific/Apia"), datetime(2011, 12, 30, tzinfo=UTC)),
    (ZoneInfo("Asia/Kathmandu"), datetime(2026, 1, 1, tzinfo=UTC)),
    (ZoneInfo("Asia/Kolkata"), datetime(2026, 10, 25, tzinfo=UTC)),
    (ZoneInfo("UTC"), datetime(2026, 10, 25, tzinfo=UTC)),
)
MINUTE = timedelta(minutes=1)
AROUND = timedelta(days=4)


def us(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def clock_of(zone: ZoneInfo, middle: datetime) -> list[tuple[datetime, datetime]]:
    """Return each minute around a night: the instant, and the local time."""
    first, count = middle - AROUND, int(2 * AROUND / MINUTE)
    instants = (first + number * MINUTE for number in range(count))
    return [(each, each.astimezone(zone).replace(tzinfo=None)) for each in instants]


CLOCKS = [clock_of(zone, middle) for zone, middle in NIGHTS]


def naive(hours: QuietHours, clock: list[tuple[datetime, datetime]], day: date) -> tuple[datetime, datetime]:
    """Find the window that begins on a day by stepping through the minutes."""
    begins, ends = time.fromisoformat(hours.begins), time.fromisoformat(hours.ends)
    start = datetime.combine(day, begins)
    end = datetime.combine(day + timedelta(ends <= begins), ends)
    begin = next(instant for instant, shown in clock if shown >= start)
    last = [instant for instant, shown in clock if shown == end]
    return begin, last[-1] if last else next(instant for instant, shown in clock if shown > end)


times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
days = st.one_of(
    st.sampled_from(["all", "weekdays", "weekends"]), st.lists(st.sampled_from(DAYS), min_size=1).map(tuple)
)


@given(
    number=st.integers(0, len(NIGHTS) - 1),
    written=days,
    begins=times,
    ends=times,
    minutes=st.integers(-36 * 60, 36 * 60),
)
def test_a_window_is_open_exactly_when_a_naive_model_says_so(
    number: int, written: str | tuple[str, ...], begins: str, ends: str, minutes: int
) -> None:
    zone, middle = NIGHTS[number]
    hours, clock = QuietHours(days=written, begins=begins, ends=ends), CLOCKS[number]
    now = middle + minutes * MINUTE
    today = now.astimezone(zone).date()
    # A day that the calendar lacks still begins, at the jump, like any time that the clock never shows.
    windows = [
        naive(hours, clock, day)
        for day in (today + timedelta(n) for n in (-2, -1, 0, 1))
        if day.weekday() in hours.weekdays
    ]
    expected = [end for begin, end in windows if begin <= now < end]
    found = quiet([hours], zone, us(now))
    assert (found is not None) == bool(expected)
    if found is not None:
        assert found == ("needs_you", us(max(expected)))


NIGHT = QuietHours(days=("sat",), begins="22:00", ends="02:30")


@pytest.mark.parametrize(
    ("hours", "begin", "end"),
    [
        # The last Sunday of October: 3:00 CEST becomes 2:00 CET, so 2:30 comes twice.
        (NIGHT, "2026-10-24T20:00", "2026-10-25T01:30"),
        # The last Sunday of March: 2:00 CET becomes 3:00 CEST, so 2:30 never comes.
        (NIGHT, "2026-03-28T21:00", "2026-03-29T01:00"),
        (QuietHours(days="weekends", begins="02:15", ends="02:45"), "2026-10-25T00:15", "2026-10-25T01:45"),
        (QuietHours(begins="09:00", ends="09:00"), "2026-07-01T07:00", "2026-07-02T07:00"),
    ],
)
def test_a_window_ends_at_its_hour_in_the_night_of_a_clock_change(
    hours: QuietHours, begin: str, end: str
) -> None:
    first, last = (us(datetime.fromisoformat(f"{text}+00:00")) for text in (begin, end))
    assert quiet([hours], BERLIN, first) == ("needs_you", last)
    found = quiet([hours], BERLIN, last)
    assert found is None or found.ends > last
    if hours.ends != hours.begins:
        assert quiet([hours], BERLIN, first - 1) is None


def test_the_strictest_of_overlapping_windows_applies_until_the_last_one_ends() -> None:
    hours = [
        QuietHours(begins="20:00", ends="08:00", let_through="alerts"),
        QuietHours(begins="23:00", ends="06:00", let_through="nothing"),
    ]
    at = us(datetime(2026, 7, 1, 22, 0, tzinfo=UTC))  # midnight in Berlin
    end = us(datetime(2026, 7, 2, 6, 0, tzinfo=UTC))
    assert quiet(hours, BERLIN, at) == ("nothing", end)


def test_a_window_that_lies_in_a_skipped_hour_is_never_open() -> None:
    gone = QuietHours(begins="02:10", ends="02:50", days=("sun",))
    night = datetime(2026, 3, 29, tzinfo=UTC)
    assert all(quiet([gone], BERLIN, us(night + n * MINUTE)) is None for n in range(180))
