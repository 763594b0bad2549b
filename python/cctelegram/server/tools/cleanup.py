"""The tool that previews and runs cleanup."""

# ruff: noqa: ARG001  all tools share one signature

from __future__ import annotations

from cctelegram.client import Unreachable, bridge, routes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram._native import Call
    from cctelegram.server.session import Session

# A round over a million files takes some seconds; a client waits at least five minutes.
SECONDS = 120.0


def cleanup(arguments: dict[str, Any], call: Call, session: Session) -> tuple[str, dict[str, Any]]:
    """Ask the bridge to plan or run a cleanup, or for its statistics."""
    home, action, directory = session.home(), arguments["action"], arguments.get("directory")
    if not bridge.is_up(home):
        raise Unreachable(f"{bridge.DOWN} `cctelegram cleanup` works without it.")
    answer = routes.cleanup(home, action, [directory] if directory else [], SECONDS)
    return _sentence(action, answer), answer


def _sentence(action: str, answer: dict[str, Any]) -> str:
    if action == "stats":
        files = sum(row["files"] for row in answer["directories"])
        return f"{files} entries in {len(answer['directories'])} directories."
    what = "Would remove" if answer["dry_run"] else "Removed"
    problems = "; ".join(answer["problems"])
    return f"{what} {answer['files']} entries, {answer['bytes']} bytes.{f' {problems}' if problems else ''}"
