"""What the terminal view reads of the bridge, over loopback HTTP. Blocks; made to run in a thread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cctelegram.client import BridgeError, Unreachable, bridge, routes
from cctelegram.tui.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Callable

# How many of the newest events and questions are read.
EVENTS: Final = 20
QUESTIONS: Final = 50
# The type of an event that asks a person for a decision.
QUESTION: Final = "approval_request"


class Reading(NamedTuple):
    """The bridge at one moment.

    Attributes:
        at: in seconds of a clock that is never set.
        status: as client.bridge.status returns it; `running` is false while no bridge answers.
        samples: None while they are unknown.
        events: the newest events, as /search returns them.
        questions: those that nobody has answered yet, among the newest.
    """

    at: float
    status: dict[str, Any]
    samples: Samples | None = None
    events: list[dict[str, Any]] = []  # noqa: RUF012 - never changed
    questions: list[dict[str, Any]] = []  # noqa: RUF012 - as above


class Reader:
    """Reads a bridge again and again; events only when the counts say that there are others."""

    def __init__(self, home: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._home = home
        self._clock = clock
        self._seen: tuple[Any, ...] = ()
        self._events: list[dict[str, Any]] = []
        self._questions: list[dict[str, Any]] = []

    def read(self) -> Reading:
        """Return the bridge as it is now."""
        status, samples = bridge.status(self._home), None
        if status["running"]:
            try:
                samples = Samples(bridge.metrics(self._home))
                self._read_events(status)
            except (Unreachable, BridgeError, ValueError) as error:
                if isinstance(error, Unreachable):
                    status = {"running": False, "note": str(error)}
        return Reading(self._clock(), status, samples, self._events, self._questions)

    def _read_events(self, status: dict[str, Any]) -> None:
        counted = status["delivery"]
        seen = (
            status["pid"],
            counted["accepted"],
            counted["sent"],
            status["deliveries"],
            status["decisions"],
        )
        if seen == self._seen:
            return
        self._events = routes.search(self._home, "", None, 0, EVENTS)["hits"]
        asked = routes.search(self._home, "", QUESTION, 0, QUESTIONS)["hits"]
        self._questions = [hit for hit in asked if not hit.get("answer")]
        self._seen = seen
