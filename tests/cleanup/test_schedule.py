"""When the next round is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.cleanup.schedule import SECOND, SPREAD, WITHIN, following
from cctelegram.config.kinds import NotAllowed
from cctelegram.config.retention import SCHEDULE

NOW = int(datetime(2026, 11, 23, 17, 41, 12, tzinfo=UTC).timestamp()) * SECOND


def moment(us: int | None) -> str:
    assert us is not None
    return datetime.fromtimestamp(us / SECOND, UTC).isoformat()


ZONES = (
    "UTC",
    "Asia/Kolkata",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",  # its clock changes by 30 minutes
)
# Nights in which a clock of one of the zones changes, and days in which none does.
DAYS = (
    date(2026, 7, 1),
    date(2026, 10, 4),
    date(2026, 10, 25),
    date(2026, 11, 1),
    date(2027, 1, 15),
    date(2027, 3, 14),
    date(2027, 3, 28),
    date(2027, 4, 4),
)


def runs(words: str, zone: str, begin: datetime, lasting: timedelta) -> list[str]:
    """Return the local times with offset at which rounds are due; each round takes no time."""
    local, now = ZoneInfo(zone), int(begin.timestamp()) * SECOND
    end = now + int(lasting.total_seconds()) * SECOND
    found: list[str] = []
    while True:
        due = following(words, now, local, 0.0)
        assert due is not None
        assert due > now, "a round that is due in the past runs back to back"
        if due > end:
            return found
        found.append(f"{datetime.fromtimestamp(due / SECOND, local):%d %H:%M %z}")
        now = due


@given(st.floats(0, 1))
def test_an_interval_is_at_least_as_long_as_set_plus_a_random_delay(chance: float) -> None:
    due = following("1h", NOW, UTC, chance)
    assert due is not None
    assert 3600 * SECOND <= due - NOW <= 3600 * SECOND * (1 + SPREAD)


@pytest.mark.parametrize(
    ("words", "due"),
    [
        ("30 3 * * *", "2026-11-24T03:30:00+00:00"),
        ("42 17 * * *", "2026-11-23T17:42:00+00:00"),
        ("0 0 1 1 *", "2027-01-01T00:00:00+00:00"),
        ("*/15 * * * MON", "2026-11-23T17:45:00+00:00"),
    ],
)
def test_a_cron_expression_names_a_minute(words: str, due: str) -> None:
    assert moment(following(words, NOW, UTC, 0.0)) == due
    late = following(words, NOW, UTC, 1.0)
    early = following(words, NOW, UTC, 0.0)
    assert late is not None
    assert early is not None
    assert late - early == WITHIN


def test_a_cron_expression_uses_the_display_zone() -> None:
    assert moment(following("30 3 * * *", NOW, ZoneInfo("Asia/Tokyo"), 0.0)) == "2026-11-23T18:30:00+00:00"


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", [date(2026, 7, 1), date(2027, 1, 15)])
def test_a_daily_round_runs_at_its_wall_clock_time_in_summer_and_winter(zone: str, day: date) -> None:
    begin = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    due = following("30 3 * * *", int(begin.timestamp()) * SECOND, ZoneInfo(zone), 0.0)
    assert due is not None
    assert datetime.fromtimestamp(due / SECOND, ZoneInfo(zone)) == begin.replace(hour=3, minute=30)


@pytest.mark.parametrize(
    ("words", "zone", "begin", "expected"),
    [
        # The hour that comes twice: a daily round runs once, a wildcard runs through both.
        ("30 1 * * *", "Europe/London", "2026-10-24T22:00Z", ["25 01:30 +0100"]),
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T22:00Z", ["25 02:30 +0200"]),
        ("30 1 * * *", "America/New_York", "2026-11-01T03:00Z", ["01 01:30 -0400"]),
        ("45 1 * * *", "Australia/Lord_Howe", "2027-04-03T13:00Z", ["04 01:45 +1100"]),
        (
            "*/30 0-2 * * *",
            "Europe/London",
            "2026-10-24T23:00Z",
            [
                *("25 00:30 +0100", "25 01:00 +0100", "25 01:30 +0100"),
                *("25 01:00 +0000", "25 01:30 +0000", "25 02:00 +0000", "25 02:30 +0000"),
            ],
        ),
        # The hour that is missing: a daily round runs once, when the clock jumps past its time.
        ("30 1 * * *", "Europe/London", "2027-03-27T22:00Z", ["28 02:00 +0100"]),
        ("30 2 * * *", "Europe/Berlin", "2027-03-27T22:00Z", ["28 03:00 +0200"]),
        ("30 2 * * *", "America/New_York", "2027-03-14T03:00Z", ["14 03:00 -0400"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00Z", ["04 02:30 +1100"]),
        ("10,50 2 * * *", "Europe/Berlin", "2027-03-27T22:00Z", ["28 03:00 +0200"]),
        ("30 3 * * *", "Asia/Kolkata", "2027-03-27T20:00Z", ["28 03:30 +0530"]),
    ],
)
def test_a_change_of_the_clock_neither_repeats_nor_skips_a_round(
    words: str, zone: str, begin: str, expected: list[str]
) -> None:
    assert runs(words, zone, datetime.fromisoformat(begin), timedelta(hours=9)) == expected


def test_in_the_second_pass_of_an_hour_a_daily_round_waits_for_the_next_day() -> None:
    begin = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)  # 01:15 in London for the second time
    assert runs("30 1 * * *", "Europe/London", begin, timedelta(hours=30)) == ["26 01:30 +0000"]


PLANS = st.one_of(
    st.sampled_from([1, 5, 15, 20, 30]).map(lambda n: (f"*/{n} * * * *", n * 60)),
    st.integers(0, 59).map(lambda minute: (f"{minute} * * * *", 3600)),
    st.tuples(st.integers(0, 59), st.sampled_from([2, 3, 6, 12])).map(
        lambda drawn: (f"{drawn[0]} */{drawn[1]} * * *", drawn[1] * 3600)
    ),
    st.tuples(st.integers(0, 59), st.integers(0, 23)).map(
        lambda drawn: (f"{drawn[0]} {drawn[1]} * * *", 86_400)
    ),
)


@given(
    PLANS, st.sampled_from(ZONES), st.sampled_from(DAYS), st.integers(-86_400, 86_400), st.integers(0, 10**6)
)
def test_rounds_are_in_the_future_and_no_gap_exceeds_the_slot_by_more_than_the_change(
    plan: tuple[str, int], zone: str, day: date, offset: int, fraction: int
) -> None:
    words, slot = plan
    local = ZoneInfo(zone)
    # CronSim steps over a round when the clock changes by half an hour, as on Lord Howe Island alone.
    longest = (slot * (2 if zone == "Australia/Lord_Howe" else 1) + 3600) * SECOND
    begin = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) + offset
    now, dues = begin * SECOND + fraction, []
    for _ in range(12):
        due = following(words, now, local, 0.0)
        assert due is not None
        assert due > now
        assert due - now <= longest
        dues.append(now := due)
    assert all(later - earlier <= longest for earlier, later in pairwise(dues))
    if slot == 86_400:
        dates = [datetime.fromtimestamp(due / SECOND, local).date() for due in dues]
        assert all(later - earlier == timedelta(1) for earlier, later in pairwise(dates)), "one a day"


def test_off_schedules_no_round() -> None:
    assert following("off", NOW, UTC, 0.5) is None


@pytest.mark.parametrize("words", ["1h", "90m", "7d", "30 3 * * *", "0 4 * * SUN", "off"])
def test_valid_schedules_are_accepted(words: str) -> None:
    assert SCHEDULE.check(words) == words


@pytest.mark.parametrize(
    "words", ["", "1", "30s", "hourly", "61 * * * *", "0 0 31 2 *", "* * * * * *", "1 2 3 4 5 6 7", 3600]
)
def test_invalid_schedules_are_refused(words: object) -> None:
    with pytest.raises((ValueError, NotAllowed)):
        SCHEDULE.check(words)
