"""The time, as everything in the bridge is told it."""

from __future__ import annotations

import time
from typing import Final

# Linux alone tells of sleep by a clock of its own; elsewhere the monotonic one has to do.
_ASLEEP_TOO: Final[int] = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", 1))


def wall() -> int:
    """Give the wall clock: microseconds since the epoch. What outlives a restart is told in this."""
    return time.time_ns() // 1000


def elapsed() -> float:
    """Give seconds of a clock that never steps and runs on while the machine sleeps, as Telegram's does."""
    return time.clock_gettime(_ASLEEP_TOO) if hasattr(time, "clock_gettime") else time.monotonic()


def monotonic() -> float:
    """Give seconds of a clock that never steps. What paces and waits is told in this."""
    return time.monotonic()


def asleep() -> float:
    """Give how many seconds the machine has slept since it was started, as far as it tells."""
    return elapsed() - time.monotonic()
