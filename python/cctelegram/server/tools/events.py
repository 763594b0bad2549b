"""Tools that send an event and return at once, and the list of event types."""

# ruff: noqa: ARG001  all tools share one signature

from __future__ import annotations

from cctelegram import _native
from cctelegram.server.outgoing import send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram._native import Call
    from cctelegram.server.session import Session

    Result = tuple[str, dict[str, Any]]

TITLE_LIMIT = 200


def send_telegram_event(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Send an event of any type."""
    return send(session, arguments, call)


def send_telegram_message(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Send a text; its first line is the title, or if that is too long its beginning, then the whole text."""
    message = arguments["message"]
    first, _, rest = message.strip().partition("\n")
    if not first:
        first, rest = "Message", message
    elif len(first) > TITLE_LIMIT:
        first, rest = first[: TITLE_LIMIT - 1] + "…", message
    event = {"type": "info_notification", "title": first, "description": rest.strip()}
    return send(session, {**event, "source": arguments["source"]}, call)


def send_task_completion(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Send an event for a completed task."""
    data: dict[str, Any] = {"status": "completed"}
    data.update((key, arguments[key]) for key in ("files_affected", "duration_ms") if key in arguments)
    event = {
        "type": "task_completion",
        "title": arguments["title"],
        "description": arguments.get("results", ""),
        "task_id": arguments["task_id"],
        "data": data,
    }
    return send(session, event, call)


def send_performance_alert(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Send an alert for a figure that has passed its threshold."""
    data = {key: arguments[key] for key in ("current_value", "threshold", "severity")}
    event = {"type": "performance_alert", "title": arguments["title"], "data": data}
    return send(session, event, call)


def list_event_types(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """List the types of the catalogue."""
    category = arguments.get("category")
    types = [
        {
            "type": each.type,
            "category": each.category,
            "description": each.description,
            "example": _native.loads(each.example),
        }
        for each in _native.event_types()
        if category in (None, each.category)
    ]
    return f"{len(types)} event types.", {"count": len(types), "event_types": types}
