"""How an event is delivered, decided as it is stored: its lane, its sound, and its first state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cctelegram.events.lane import Lane

if TYPE_CHECKING:
    from collections.abc import Callable

# Deliveries of this lane and of lower-priority lanes are silent.
SILENT_FROM: Final = Lane.ORDINARY
LANE: Final = 7
# Prefix of the reason of a delivery that a rule dropped: it is `dead` because a person wanted it so.
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
    """Queue an event in its own lane, silent where the lane is."""
    return Judgement(row[LANE], row[LANE] >= SILENT_FROM)
