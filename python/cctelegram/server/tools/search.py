"""The tool that searches sent events and their answers."""

# ruff: noqa: ARG001  all tools share one signature

from __future__ import annotations

from cctelegram.client import routes
from cctelegram.server import ToolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram._native import Call
    from cctelegram.server.session import Session


def search_history(arguments: dict[str, Any], call: Call, session: Session) -> tuple[str, dict[str, Any]]:
    """Search by a request to the bridge, which owns the store."""
    home, since = session.home(), arguments.get("since")
    try:
        at = None if since is None else routes.ago(since)
    except ValueError as error:
        raise ToolError(f"since: {error}") from None
    answer = routes.search(home, arguments["text"], arguments.get("type"), at, arguments["limit"])
    lines = [_line(hit) for hit in answer["hits"]]
    return "\n".join([f"{answer['count']} found.", *lines]), answer


def _line(hit: dict[str, Any]) -> str:
    answer = hit.get("answer", {})
    said = answer.get("option") or answer.get("text")
    name = f" {hit['event_id']}" if "event_id" in hit else ""
    return f"{hit['when'][:19]}Z {hit['type']}{name}, {hit['state']}: {hit['title']}" + (
        f" (answered: {said})" if said else ""
    )
