"""Wait until an event is delivered: for `cctelegram send --wait`."""

from __future__ import annotations

import os
import time

from cctelegram.client import BridgeError, routes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The polling interval, in seconds.
INTERVAL = 0.05
FINAL = ("sent", "dead", "ambiguous", "held", "digested")


def wait(home: str, path: str, event_id: str | None, seconds: float) -> dict[str, Any]:
    """Wait at most `seconds` for a final state of the event; return `state` and, if there is one, `reason`.

    An event that was read from standard input may have no id of its own: then wait until its file is taken.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = _check(home, path, event_id)
        if found["state"] in FINAL or time.monotonic() > deadline:
            return found
        time.sleep(INTERVAL)


def _check(home: str, path: str, event_id: str | None) -> dict[str, Any]:
    if event_id is None:
        return {"state": "a file" if os.path.exists(path) else "queued"}  # noqa: PTH110 - pathlib is not cheap
    try:
        found = routes.delivery(home, event_id)
    except BridgeError as error:
        return {"state": "a file", "reason": str(error)}
    if found is None:
        return {"state": "a file"}
    reasons = [each["reason"] for each in found["deliveries"] if each.get("reason")]
    return {"state": found["state"], **({"reason": "; ".join(reasons)} if reasons else {})}
