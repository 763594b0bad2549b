"""A function for each route of the bridge that a tool or a command uses.

Each raises Unreachable if no bridge answers, and BridgeError with the bridge's own sentence on an error.
Start-cheap.
"""

from __future__ import annotations

import time

from cctelegram.client import BridgeError, Unreachable, bridge
from cctelegram.client.bridge import quote, request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# A search of 100,000 events outside the index takes seconds.
SECONDS = 30.0
# The bridge renders a profile in a child process, for at most two minutes.
RENDER_SECONDS = 150.0


def delivery(home: str, event_id: str) -> dict[str, Any] | None:
    """Return the deliveries of an event, or None if it is unknown."""
    try:
        found: dict[str, Any] = request(home, f"/deliveries/{quote(event_id)}")
    except BridgeError as error:
        if error.code == 404:
            return None
        raise
    return found


def set_mode(home: str, mode: str, lasting: str | None = None) -> dict[str, Any]:
    """Set the mode; return `mode` and the bridge's own sentence.

    `lasting`: the duration of muted, such as "1h".
    """
    if not bridge.is_up(home):
        raise Unreachable(f"{bridge.DOWN} The mode can be changed when it runs.")
    answer: dict[str, Any] = request(
        home, f"/mode/{quote(mode)}", method="POST", pool="health", query={"for": lasting}
    )
    return answer


def cancel(home: str, event_id: str) -> str:
    """Cancel a question; return its state, another than `cancelled` if it was closed before."""
    return str(request(home, f"/cancel/{quote(event_id)}", method="POST")["state"])


def outbox(home: str, states: list[str], chat: int | None, limit: int) -> dict[str, Any]:
    """Return `total` and `deliveries`, the newest first: without `states`, those not over and the dead."""
    query = {"state": states, "chat": chat, "limit": limit}
    answer: dict[str, Any] = request(home, "/outbox", seconds=SECONDS, query=query)
    return answer


def details(home: str, which: str) -> list[dict[str, Any]]:
    """Return all that the store knows of the deliveries that `which` names."""
    answer: list[dict[str, Any]] = request(home, f"/outbox/show/{quote(which)}", seconds=SECONDS)
    return answer


def retry(home: str, which: str) -> dict[str, Any]:
    """Queue the deliveries again that `which` names."""
    return _action(home, f"retry/{quote(which)}")


def retry_dead(home: str) -> dict[str, Any]:
    """Queue all dead letters again, but those that an operator dropped."""
    return _action(home, "retry-dead")


def drop(home: str, which: str) -> dict[str, Any]:
    """Drop the deliveries that `which` names."""
    return _action(home, f"drop/{quote(which)}")


def search(home: str, text: str, kind: str | None, since: int | None, limit: int) -> dict[str, Any]:
    """Return `count` and `hits`; `since` in microseconds since the epoch."""
    query = {"text": text, "type": kind, "since": since, "limit": limit}
    answer: dict[str, Any] = request(home, "/search", seconds=SECONDS, query=query)
    return answer


def cleanup(home: str, action: str, directories: list[str], seconds: float) -> dict[str, Any]:
    """Return the plan, the round or the statistics of these directories, of all without any."""
    method = "POST" if action == "run" else "GET"
    query = {"directory": directories}
    answer: dict[str, Any] = request(
        home, f"/cleanup/{quote(action)}", method=method, seconds=seconds, query=query
    )
    return answer


def profile(home: str, kind: str, seconds: int) -> dict[str, Any]:
    """Let the bridge profile itself, `cpu` or `memory`; return what it found after these seconds."""
    answer: dict[str, Any] = request(
        home,
        f"/profile/{quote(kind)}",
        method="POST",
        seconds=seconds + RENDER_SECONDS,
        query={"seconds": seconds},
    )
    return answer


def end_profile(home: str) -> bool:
    """End the profile that is being taken, with what was measured; return whether there was one."""
    return bool(request(home, "/profile/end", method="POST")["ended"])


def ago(length: str) -> int:
    """Return the time `length` ago, such as 90s, 30m, 12h or 2d, in microseconds since the epoch.

    Raises ValueError for an invalid length.
    """
    from cctelegram.times import duration  # noqa: PLC0415  only a search needs it

    try:
        seconds = duration.seconds(length)
    except ValueError:
        raise ValueError(
            f"read {length}; it takes a number and a unit, such as 90s, 30m, 12h or 2d"
        ) from None
    return max(0, time.time_ns() // 1000 - int(seconds * 1_000_000))


def _action(home: str, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = request(home, f"/outbox/{path}", method="POST", seconds=SECONDS)
    return answer
