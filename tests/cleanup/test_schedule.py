"""When the next round is due."""

from __future__ import annotations

from datetime import UTC, datetime
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


@given(st.floats(0, 1))
def test_an_interval_is_at_least_as_long_as_it_says_and_spread_behind(chance: float) -> None:
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


def test_a_cron_expression_is_of_the_zone_of_the_display() -> None:
    assert moment(following("30 3 * * *", NOW, ZoneInfo("Asia/Tokyo"), 0.0)) == "2026-11-23T18:30:00+00:00"


def test_off_is_never() -> None:
    assert following("off", NOW, UTC, 0.5) is None


@pytest.mark.parametrize("words", ["1h", "90m", "7d", "30 3 * * *", "0 4 * * SUN", "off"])
def test_what_can_be_done_is_allowed(words: str) -> None:
    assert SCHEDULE.check(words) == words


@pytest.mark.parametrize(
    "words", ["", "1", "30s", "hourly", "61 * * * *", "0 0 31 2 *", "1 2 3 4 5 6 7", 3600]
)
def test_what_cannot_be_done_is_not(words: object) -> None:
    with pytest.raises((ValueError, NotAllowed)):
        SCHEDULE.check(words)
