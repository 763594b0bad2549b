"""The clocks of the bridge."""

from __future__ import annotations

import time
from typing import Final

# Only Linux has a clock that counts sleep; elsewhere the monotonic clock takes its place.
_ASLEEP_TOO: Final[int] = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", 1))


def wall() -> int:
    """Return the wall clock in us since the epoch, for times that outlive a restart."""
    return time.time_ns() // 1000


def elapsed() -> float:
    """Return seconds of a clock that never steps and counts sleep, as Telegram's clock does."""
    return time.clock_gettime(_ASLEEP_TOO) if hasattr(time, "clock_gettime") else time.monotonic()


def monotonic() -> float:
    """Return seconds of a clock that never steps, for pacing and waits."""
    return time.monotonic()


def asleep() -> float:
    """Return how many seconds the machine slept since boot, as far as it reports sleep."""
    return elapsed() - time.monotonic()
