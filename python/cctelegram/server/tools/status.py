"""The tools that report whether events reach the phone."""

# ruff: noqa: ARG001, PTH208  # all tools share one signature; pathlib is too slow to import at a start

from __future__ import annotations

import os

from cctelegram.client import BridgeError, bridge, routes
from cctelegram.config import paths
from cctelegram.times.instant import rfc3339_seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram._native import Call
    from cctelegram.server.session import Session


def get_bridge_status(arguments: dict[str, Any], call: Call, session: Session) -> tuple[str, dict[str, Any]]:
    """Return the bridge's status, and the number of event files it has not taken."""
    home = session.home()
    status = bridge.status(home)
    names = os.listdir(paths.events_dir(home))
    status["waiting_files"] = sum(name.endswith((".json", ".jsonl")) and name[0] != "." for name in names)
    # A tool's result contains only known values; elsewhere null means "the bridge does not know".
    status = {key: value for key, value in status.items() if value is not None}
    return _sentence(status), status


def get_delivery(arguments: dict[str, Any], call: Call, session: Session) -> tuple[str, dict[str, Any]]:
    """Return the deliveries of an event; while the bridge is down, a note that its file waits."""
    home, event_id = session.home(), str(arguments["event_id"])
    try:
        found = routes.delivery(home, event_id)
    except BridgeError as error:
        note = str(error)
        return note, {"event_id": event_id, "known": False, "state": "unknown", "note": note}
    if found is None:
        note = f"There is no event {event_id}: its file may still be in events/, or the id is wrong."
        return note, {"event_id": event_id, "known": False, "state": "unknown", "note": note}
    deliveries = [
        {key: value for key, value in each.items() if value is not None} for each in found["deliveries"]
    ]
    for each in deliveries:
        if "digest" in each:
            each["digest"] = {key: value for key, value in each["digest"].items() if value is not None}
    result = {**found, "known": True, "deliveries": deliveries}
    return f"{event_id}: {found['state']}. {' '.join(map(_outcome, deliveries))}".rstrip(), result


def _outcome(each: dict[str, Any]) -> str:
    """Return a sentence about the outcome of one delivery, and of the digest that contains it."""
    text = str(each["state"])
    if "digest" in each:
        digest = each["digest"]
        text += f" in delivery {digest['delivery']}, which is {digest['state']}"
        if "reason" in digest:
            text += f" ({digest['reason']})"
    if each["message_ids"]:
        text += f", message {', '.join(map(str, each['message_ids']))}"
    if "sent_at" in each:
        text += f", sent {rfc3339_seconds(each['sent_at'])}"
    if "reason" in each:
        text += f": {each['reason']}"
    if "note" in each:
        text += f" ({each['note']})"
    to = f"To chat {each['chat_id']}" if "chat_id" in each else "No recipient yet"
    return f"{to}: {text}."


def _sentence(status: dict[str, Any]) -> str:
    waiting = status["waiting_files"]
    if not status["running"]:
        return f"{status['note']} Waiting event files: {waiting}."
    connected = "connected to Telegram" if status.get("telegram_connected") else "not connected to Telegram"
    # A bridge of an earlier version reports no problems, only reasons.
    reasons = "; ".join(
        problem["reason"] + (f" ({problem['action'].removesuffix('.')})" if problem["action"] else "")
        for problem in status.get("problems")
        or [{"reason": each, "action": None} for each in status.get("reasons", ())]
    )
    return (
        f"The bridge is running, mode {status.get('mode', 'unknown')}, {connected}, "
        f"health {status.get('health', 'unknown')}{': ' + reasons if reasons else ''}."
    )
