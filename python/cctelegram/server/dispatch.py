"""Dispatches a call to the function of its tool, and converts the return value to a result.

A tool's file is imported when one of its tools is first called. Start-cheap.
"""

from __future__ import annotations

import sys
import time

from cctelegram import _native
from cctelegram.client import BridgeError
from cctelegram.server import ToolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from cctelegram._native import Call
    from cctelegram.server.session import Session

    type_of_tool = Callable[[dict[str, Any], Call, Session], tuple[str, dict[str, Any]]]

# The file under `tools/` that defines the function named as the tool.
FILES = {
    "send_telegram_event": "events",
    "send_telegram_message": "events",
    "send_task_completion": "events",
    "send_performance_alert": "events",
    "list_event_types": "events",
    "send_approval_request": "ask",
    "ask": "ask",
    "get_telegram_responses": "responses",
    "process_pending_responses": "responses",
    "get_bridge_status": "status",
    "get_performance": "performance",
    "get_delivery": "status",
    "search_history": "search",
    "start_bridge": "lifecycle",
    "ensure_bridge_running": "lifecycle",
    "stop_bridge": "lifecycle",
    "restart_bridge": "lifecycle",
    "check_bridge_process": "lifecycle",
    "switch_to_nomad_mode": "lifecycle",
    "switch_to_local_mode": "lifecycle",
    "switch_to_mute_mode": "lifecycle",
    "cleanup": "cleanup",
    "profile": "profile",
}


def follow_this_thread() -> None:
    """Let debuggers and coverage follow this thread, created by Rust: Python sets traces in its own only."""
    threading = sys.modules.get("threading")
    trace = None if threading is None else threading.gettrace()
    if trace is not None:
        sys.settrace(trace)


class Dispatch:
    """Runs the tools of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def answer(self, call: Call) -> bytes:
        """Run the tool and return its result as JSON: a sentence and structured content, or the error."""
        follow_this_thread()
        return self._answer(call)

    def _answer(self, call: Call) -> bytes:
        began = time.perf_counter()
        error, content = self._run(call)
        self._session.count(call, "error" if error else "ok", time.perf_counter() - began)
        return content

    def _run(self, call: Call) -> tuple[bool, bytes]:
        """Return whether the tool failed, and its result as JSON."""
        try:
            text, structured = find(call.name)(_native.loads(call.arguments), call, self._session)
        except (ToolError, BridgeError) as error:
            return True, _error(str(error))
        except OSError as error:
            return True, _error(f"{call.name}: {error}. Check the disk and the permissions of the home.")
        except Exception as error:  # noqa: BLE001  the agent gets an error, the operator the traceback
            sys.excepthook(*sys.exc_info())
            return True, _error(
                f"{call.name} failed inside CCTelegram ({type(error).__name__}: {error}); nothing else is "
                "affected. Please report it with the standard error of this server."
            )
        content = [_text(text), _text(_native.dumps(structured).decode())]
        return False, _native.dumps({"content": content, "structuredContent": structured, "isError": False})


def find(name: str) -> type_of_tool:
    """Return the function of the tool `name`; import its file on first use."""
    module = f"cctelegram.server.tools.{FILES[name]}"
    __import__(module)  # importlib would be another import
    function: type_of_tool = getattr(sys.modules[module], name)
    return function


def _error(sentence: str) -> bytes:
    return _native.dumps({"content": [_text(sentence)], "isError": True})


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}
