"""A profile of the bridge, while it is being taken. Start-cheap."""

from __future__ import annotations

import threading

from cctelegram.client import BridgeError, Unreachable, bridge, routes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Profile:
    """One that the bridge is asked for at once, by a thread, so that the caller can report and end it.

    Raises Unreachable if no bridge runs.
    """

    def __init__(self, home: str, kind: str, seconds: int) -> None:
        if not bridge.is_up(home):
            raise Unreachable(f"{bridge.DOWN} Only a running bridge can be profiled.")
        self._home = home
        self._found: dict[str, Any] = {}
        self._error: Exception | None = None
        self._done = threading.Event()
        threading.Thread(target=self._ask, args=(kind, seconds), name="profile", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Wait at most this long; return whether the answer is there."""
        return self._done.wait(seconds)

    def end(self) -> None:
        """End it now, with what was measured; the answer follows."""
        try:
            routes.end_profile(self._home)
        except BridgeError as error:
            self._error = self._error or error
            self._done.set()

    def result(self) -> dict[str, Any]:
        """Return the bridge's answer, when it is there. Raises BridgeError with the bridge's sentence."""
        if self._error is not None:
            raise self._error
        return self._found

    def _ask(self, kind: str, seconds: int) -> None:
        try:
            self._found = routes.profile(self._home, kind, seconds)
        except Exception as error:  # noqa: BLE001  `result` raises it where it can be reported
            self._error = error
        self._done.set()
