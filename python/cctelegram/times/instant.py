"""Instants, in microseconds since the epoch, as text. Start-cheap."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo

SECOND = 1_000_000
# strftime would use the locale of the process.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def rfc3339(us: int) -> str:
    """Format an instant for a program: "2026-11-23T13:02:05.000120Z"."""
    return f"{rfc3339_seconds(us)[:-1]}.{us % SECOND:06d}Z"


def rfc3339_seconds(us: int) -> str:
    """Format an instant for a program, to the second: "2026-11-23T13:02:05Z"."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(us // SECOND))


def compact(us: int) -> str:
    """Format an instant for the name of a file, in UTC: "20261123T130205"."""
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime(us // SECOND))


def local(us: int) -> str:
    """Format an instant for a terminal, in the zone of this machine: "2026-11-23 14:02:05"."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(us // SECOND))


def moment(us: int, zone: tzinfo) -> str:
    """Format an instant for a person, in a zone: "23 Nov 14:02 CET"."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - not for what must start fast

    try:
        at = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).astimezone(zone)
    except (OverflowError, ValueError):
        return f"{us} µs since 1970"
    return f"{at.day} {MONTHS[at.month - 1]} {at:%H:%M} {at.tzname() or ''}".rstrip()
