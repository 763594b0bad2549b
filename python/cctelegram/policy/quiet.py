"""Quiet hours: the windows of the settings, as instants.

A window belongs to the day on which it begins. It begins when the local clock first shows `from`, or jumps
past it, and ends when the clock shows `to` for the last time, or jumps past it: in the night in which an hour
occurs twice a window is one window, in the night that lacks an hour it is shorter.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from cctelegram.config.quiet_hours import ALERTS, NEEDS_YOU, NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, tzinfo

    from cctelegram.config.quiet_hours import QuietHours

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
# What windows let through, strictest first: where windows overlap, the strictest counts.
STRICTEST: Final = (NOTHING, NEEDS_YOU, ALERTS)
# A window lasts a day at most, and no clock was ever changed by more than a day.
DAYS_AROUND: Final = (-2, -1, 0, 1)


class Quiet(NamedTuple):
    """The quiet hours in effect: what they let through, and when (us) the last open window ends."""

    let_through: str
    ends: int


def quiet(hours: Iterable[QuietHours], zone: tzinfo, now: int) -> Quiet | None:
    """Return the quiet hours in effect at `now` (us since the epoch); None when no window is open."""
    found = [
        (each.let_through, end)
        for each in hours
        for begin, end in _windows(each, zone, now)
        if begin <= now < end
    ]
    if not found:
        return None
    return Quiet(
        min((let_through for let_through, _ in found), key=STRICTEST.index), max(end for _, end in found)
    )


def _windows(hours: QuietHours, zone: tzinfo, now: int) -> Iterator[tuple[int, int]]:
    today = (EPOCH + now * MICROSECOND).astimezone(zone).date()
    begins, ends = time.fromisoformat(hours.begins), time.fromisoformat(hours.ends)
    for days in DAYS_AROUND:
        day = today + timedelta(days)
        if day.weekday() in hours.weekdays:
            last = day + timedelta(int(ends <= begins))
            yield _instant(day, begins, zone, last=False), _instant(last, ends, zone, last=True)


def _instant(day: date, at: time, zone: tzinfo, *, last: bool) -> int:
    """Return when (us) the clock shows a time of a day, for the first or the last time, or jumps past it."""
    local = datetime.combine(day, at, zone).replace(fold=int(last))
    found = local.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        found = _jump(local, zone)
    return (found - EPOCH) // MICROSECOND


def _jump(local: datetime, zone: tzinfo) -> datetime:
    """Return the second at which the clock jumps past a time that it never shows."""
    before = local.replace(fold=1).astimezone(UTC)
    after = local.replace(fold=0).astimezone(UTC)
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
