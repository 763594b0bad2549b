"""A clock for computing ages, which a jump of the wall clock does not move at once.

Otherwise a machine that starts with a wrong time, or whose time is set, would find all files a year old.
The clock follows the wall clock backward at once, which only retains more. It moves forward by the time
that has surely passed, and adopts a wall clock that is ahead only after that has held for a day.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

import msgspec

SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND
# Largest difference of two readings that is not a jump: corrections of the wall clock, a slow start.
TOLERANCE: Final = 600 * SECOND
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The machine's clocks, in us: the wall clock, and the time since boot, including suspended time."""

    wall: int
    up: int
    boot: str


class Steady(msgspec.Struct, frozen=True, kw_only=True):
    """Stored state: the last reading, the time for ages, and the wall time since which the wall has held."""

    last: Reading
    now: int
    holds_since: int

    @property
    def behind(self) -> int:
        """How far this clock is behind the wall clock, in us; 0 when they agree."""
        return max(0, self.last.wall - self.now)


def read() -> Reading:
    """Read the machine's clocks."""
    if sys.platform == "linux":
        up = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    else:
        up = time.monotonic_ns()
    try:
        boot = BOOT_ID.read_text().strip()
    except OSError:
        boot = ""
    return Reading(wall=time.time_ns() // 1000, up=up // 1000, boot=boot)


def following(before: Steady | None, reading: Reading) -> Steady:
    """Return the state to store after a reading; its `now` is the current time."""
    wall = reading.wall
    if before is None:
        return Steady(last=reading, now=wall, holds_since=wall)
    went = wall - before.last.wall
    if reading.boot == before.last.boot and reading.up >= before.last.up:
        passed = reading.up - before.last.up
    else:
        passed = min(max(went, 0), DAY)  # across a reboot, at most a day is trusted
    jumped = went > passed + TOLERANCE or went < -TOLERANCE
    holds_since = wall if jumped else before.holds_since
    now = before.now + passed
    if wall <= now + TOLERANCE or wall - holds_since >= DAY:
        now = wall
    return Steady(last=reading, now=now, holds_since=holds_since)
