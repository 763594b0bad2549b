"""The tool that profiles the running bridge."""

from __future__ import annotations

import time

from cctelegram.client.profile import Profile
from cctelegram.server import ToolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram._native import Call
    from cctelegram.server.session import Session

LOOK_SECONDS = 0.2
PROGRESS_SECONDS = 1.0


def profile(arguments: dict[str, Any], call: Call, session: Session) -> tuple[str, dict[str, Any]]:
    """Let the bridge profile itself; report progress meanwhile. A cancelled call ends the profile."""
    kind, seconds = arguments["kind"], arguments["seconds"]
    running = Profile(session.home(), kind, seconds)
    began, reported = time.monotonic(), -PROGRESS_SECONDS
    while not running.wait(LOOK_SECONDS):
        passed = time.monotonic() - began
        if call.cancelled():
            running.end()
            raise ToolError("The profile was cancelled; its page is in captures/ with what was measured.")
        if passed - reported >= PROGRESS_SECONDS:
            reported = passed
            what = f"Profiling the bridge, {max(0, round(seconds - passed))} s left"
            call.progress(min(passed, seconds), seconds, what)
    found = running.result()
    return f"{found['text']}\n\nFlame graph: {found['file']}", found
