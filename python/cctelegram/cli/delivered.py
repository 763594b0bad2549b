"""Waiting until Telegram has an event: for `cctelegram send --wait`."""

from __future__ import annotations

import os
import time

from cctelegram.client import BridgeError, routes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# How often the bridge is asked, in seconds.
LOOK = 0.05
OVER = ("sent", "dead", "ambiguous", "held", "digested")


def wait(home: str, path: str, event_id: str | None, seconds: float) -> dict[str, Any]:
    """Give `state` and, where there is one, `reason`; waits at most `seconds` for the event to be over.

    An event that was read from standard input may have no id of its own: then what is waited for is that
    its file is taken.
    """
    deadline = time.monotonic() + seconds
    while True:
        told = _look(home, path, event_id)
        if told["state"] in OVER or time.monotonic() > deadline:
            return told
        time.sleep(LOOK)


def _look(home: str, path: str, event_id: str | None) -> dict[str, Any]:
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
