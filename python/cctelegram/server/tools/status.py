"""The tool that says whether events reach the phone."""

# ruff: noqa: ARG001, PTH208  # all tools have one signature; pathlib costs more than a start may

from __future__ import annotations

import os

from cctelegram.config import place
from cctelegram.server import bridge
from cctelegram.server.refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram._native import Call
    from cctelegram.server.session import Session


def get_bridge_status(arguments: dict[str, Any], call: Call, session: Session) -> tuple[str, dict[str, Any]]:
    """Ask the bridge, and count the files it has not taken."""
    home = session.home()
    status = bridge.status(home)
    names = os.listdir(place.events_dir(home))
    status["waiting_files"] = sum(name.endswith((".json", ".jsonl")) and name[0] != "." for name in names)
    # A tool's answer says only what is known: null is for "the bridge does not know" elsewhere.
    status = {key: value for key, value in status.items() if value is not None}
    return _sentence(status), status


def get_delivery(arguments: dict[str, Any], call: Call, session: Session) -> tuple[str, dict[str, Any]]:
    """Ask the bridge what became of an event; while it is down, say that its file waits."""
    event_id = str(arguments["event_id"])
    try:
        found = bridge.delivery(session.home(), event_id)
    except Refusal as refusal:
        note = str(refusal)
        return note, {"event_id": event_id, "known": False, "state": "unknown", "note": note}
    if found is None:
        note = f"No event {event_id} is known: it may still lie in events/ as a file, or the id is another."
        return note, {"event_id": event_id, "known": False, "state": "unknown", "note": note}
    deliveries = [
        {key: value for key, value in each.items() if value is not None} for each in found["deliveries"]
    ]
    told = {**found, "known": True, "deliveries": deliveries}
    reasons = "; ".join(each["reason"] for each in deliveries if each.get("reason"))
    return f"{event_id}: {found['state']}{': ' + reasons if reasons else ''}.", told


def _sentence(status: dict[str, Any]) -> str:
    waiting = status["waiting_files"]
    if not status["running"]:
        return f"{status['note']} Event files waiting: {waiting}."
    connected = "connected to Telegram" if status.get("telegram_connected") else "not connected to Telegram"
    reasons = "; ".join(str(reason) for reason in status.get("reasons", ()))
    return (
        f"The bridge runs, {status.get('mode', 'mode unknown')}, {connected}, "
        f"health {status.get('health', 'unknown')}{': ' + reasons if reasons else ''}."
    )
