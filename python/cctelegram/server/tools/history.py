"""The tool that searches sent events and their answers."""

# ruff: noqa: ARG001  all tools share one signature

from __future__ import annotations

import time

from cctelegram.server import history
from cctelegram.server.refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram._native import Call
    from cctelegram.server.session import Session

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def search_history(arguments: dict[str, Any], call: Call, session: Session) -> tuple[str, dict[str, Any]]:
    """Search by a request to the bridge, which owns the store."""
    since = arguments.get("since")
    told: dict[str, Any] = history.ask(
        session.home(),
        "/search",
        text=arguments["text"],
        type=arguments.get("type"),
        since=None if since is None else ago(since),
        limit=arguments["limit"],
    )
    lines = [_line(hit) for hit in told["hits"]]
    return "\n".join([f"{told['count']} found.", *lines]), told


def ago(length: str) -> int:
    """Return the time `length` ago, such as 90s, 30m, 12h or 2d, in microseconds since the epoch.

    Raises Refusal for an invalid length.
    """
    if not length[:-1].isdecimal() or length[-1] not in SECONDS:
        raise Refusal(f"since: read {length}; it takes a number and a unit, such as 90s, 30m, 12h or 2d")
    return time.time_ns() // 1000 - int(length[:-1]) * SECONDS[length[-1]] * 1_000_000


def _line(hit: dict[str, Any]) -> str:
    answer = hit.get("answer", {})
    chosen = answer.get("option") or answer.get("text")
    name = f" {hit['event_id']}" if "event_id" in hit else ""
    return f"{hit['when'][:19]}Z {hit['type']}{name}, {hit['state']}: {hit['title']}" + (
        f" (answered: {chosen})" if chosen else ""
    )
