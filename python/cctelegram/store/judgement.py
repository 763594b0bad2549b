"""What becomes of an event as it is stored: its lane, its sound, and whether it waits or goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

# Deliveries of this lane and the ones behind it make no sound.
SILENT_FROM: Final = 2
LANE: Final = 7
# How the reason of a delivery begins that a rule dropped: it is `dead` by a person's own will.
DROPPED: Final = "dropped by"


class Judgement(NamedTuple):
    """How an event is to be delivered; `reason` says why it is `held`, or `dead` before it was tried."""

    lane: int
    silent: bool
    state: str = "queued"
    reason: str | None = None


if TYPE_CHECKING:
    Judge = Callable[[tuple[Any, ...]], Judgement]


def by_lane(row: tuple[Any, ...]) -> Judgement:
    """Let an event go as its lane says."""
    return Judgement(row[LANE], row[LANE] >= SILENT_FROM)
