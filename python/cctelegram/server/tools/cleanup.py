"""The tool that previews and runs cleanup."""

# ruff: noqa: ARG001  all tools share one signature

from __future__ import annotations

from cctelegram import _native
from cctelegram.server import bridge
from cctelegram.server.refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram._native import Call
    from cctelegram.server.session import Session

# A round over a million files takes some seconds; a client waits at least five minutes.
SECONDS = 120.0
DOWN = f"{bridge.DOWN} `cctelegram cleanup` works without it."


def cleanup(arguments: dict[str, Any], call: Call, session: Session) -> tuple[str, dict[str, Any]]:
    """Ask the bridge to plan or run a cleanup, or for its statistics."""
    action, directory = arguments["action"], arguments.get("directory")
    told = ask(session.home(), action, directory)
    return _sentence(action, told), told


def ask(home: str, action: str, directory: str | None) -> dict[str, Any]:
    """Send the request over loopback HTTP. Raises Refusal when the bridge is down or reports an error."""
    if not bridge.is_up(home):
        raise Refusal(DOWN)
    from cctelegram.pools.loopback import segment  # noqa: PLC0415  imports socket, and is rarely needed

    at = bridge.where(home)
    path = f"/cleanup/{action}" + (f"?directory={segment(directory)}" if directory else "")
    try:
        code, body = bridge.ask(at, path, order=action == "run", seconds=SECONDS)
        told = _native.loads(body)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refusal(bridge.SILENT.format(why=f"{type(error).__name__}: {error}")) from None
    if code != 200 or not isinstance(told, dict):
        why = told.get("error") if isinstance(told, dict) else None
        raise Refusal(str(why or f"The bridge answered {code}."))
    found: dict[str, Any] = told
    return found


def _sentence(action: str, told: dict[str, Any]) -> str:
    if action == "stats":
        files = sum(row["files"] for row in told["directories"])
        return f"{files} entries in {len(told['directories'])} directories."
    what = "Would remove" if told["dry_run"] else "Removed"
    problems = "; ".join(told["problems"])
    return f"{what} {told['files']} entries, {told['bytes']} bytes.{f' {problems}' if problems else ''}"
