"""Writes the event of a tool to the spool."""

from __future__ import annotations

from cctelegram.client import bridge
from cctelegram.config import environment, paths
from cctelegram.events import build, traceparent
from cctelegram.server import ToolError
from cctelegram.spool import post

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram._native import Call
    from cctelegram.server.session import Session

SOURCE = "claude-code"


def put(home: str, event: dict[str, Any], call: Call) -> tuple[str, str]:
    """Check the event and write it durably; return its id and the path of its file.

    `event` has the protocol's fields, at least type and title; it belongs to the trace of `call`. Raises
    ToolError with all its errors, OSError when it cannot be written.
    """
    event_id = build.new_id()
    fields = {"source": SOURCE, **event}
    project = _project()
    if project and isinstance(fields.get("data", {}), dict):
        fields["data"] = {"project": project, **fields.get("data", {})}
    try:
        data = build.build(**fields, event_id=event_id, traceparent=traceparent.valid(call.traceparent))
    except build.InvalidEvent as error:
        raise ToolError(str(error)) from error
    return event_id, post.post(paths.events_dir(home), data)


def _project() -> str:
    """Return the name of the session's working directory if its client reports it, else an empty string."""
    return (environment.get("CLAUDE_PROJECT_DIR") or "").rstrip("/\\").replace("\\", "/").rpartition("/")[2]


def send(session: Session, event: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
    """Put `event` in the spool; return the tool's result: its file, and whether a bridge runs."""
    home = session.home()
    event_id, path = put(home, event, call)
    state = bridge.state_for_sender(home)
    text = f"Accepted as {event_id}." if state["running"] else f"Queued as {event_id}. {state['note']}"
    return text, {"event_id": event_id, "path": path, "accepted": True, "bridge": state}
