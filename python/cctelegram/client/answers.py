"""Waiting for the answer to a question for as long as one can come. Start-cheap."""

from __future__ import annotations

import time

from cctelegram import _native
from cctelegram.client import bridge
from cctelegram.config import paths
from cctelegram.spool import responses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# An answer ends the wait at once; a closed client, or a bridge that ended, is noticed after so many seconds.
SLICE = 0.5
# A running bridge writes the answer `expired` itself, by its own clock: it has so many seconds more.
GRACE = 10.0


def wait(
    home: str, event_id: str, seconds: float, check: Callable[[float], None] | None = None
) -> dict[str, Any] | None:
    """Wait for the answer to a question and take it; return None when there is none after `seconds`.

    `check` is called with the seconds passed, at first and after each SLICE; what it raises ends the wait.
    """
    directory = paths.responses_dir(home)
    waiter = _native.AnswerWaiter(directory)
    start = time.monotonic()
    while True:
        passed = time.monotonic() - start
        if check is not None:
            check(passed)
        if passed >= seconds and (passed >= seconds + GRACE or not bridge.is_up(home)):
            return None
        left = seconds - passed if passed < seconds else SLICE
        found = responses.wait(directory, event_id, min(SLICE, left), waiter=waiter)
        if found is not None:
            return found[1]
