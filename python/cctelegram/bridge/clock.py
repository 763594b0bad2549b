"""The time, as everything in the bridge is told it."""

from __future__ import annotations

import time


def wall() -> int:
    """Give the wall clock: microseconds since the epoch. What outlives a restart is told in this."""
    return time.time_ns() // 1000


def monotonic() -> float:
    """Give seconds of a clock that never steps. What paces and waits is told in this."""
    return time.monotonic()
