"""Detect clock jumps: the machine slept, or the wall clock was set.

The system reports neither. Code that wakes anyway checks here, so an idle bridge does not wake for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cctelegram.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Callable

# In seconds; shorter jumps come from clock adjustment, or from a busy machine.
SLEPT: Final = 2.0
SET: Final = 2.0


class Jump(NamedTuple):
    """Seconds that the machine slept, and by which the wall clock was set forward (or back, below 0)."""

    slept: float
    set_by: float


class Jumps:
    """Compares three clocks with their values at the last check.

    Args:
        wall: the wall clock, in us.
        elapsed: seconds of a clock that never steps and counts sleep.
        asleep: seconds that the machine has slept so far.
    """

    def __init__(
        self,
        *,
        wall: Callable[[], int] = clock.wall,
        elapsed: Callable[[], float] = clock.elapsed,
        asleep: Callable[[], float] = clock.asleep,
    ) -> None:
        self._wall = wall
        self._elapsed = elapsed
        self._asleep = asleep
        self._offset, self._slept = self._read()

    def check(self) -> Jump | None:
        """Return the jump since the last check, or None."""
        offset, slept = self._read()
        jump = Jump(slept - self._slept, offset - self._offset)
        self._offset, self._slept = offset, slept
        return jump if jump.slept > SLEPT or abs(jump.set_by) > SET else None

    def _read(self) -> tuple[float, float]:
        return self._wall() / 1_000_000 - self._elapsed(), self._asleep()
