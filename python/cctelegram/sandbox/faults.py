"""Answers the next calls of a method with what a test asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cctelegram.sandbox.refused import Refused

_USUAL = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    413: "Request Entity Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` calls of `method` (`*` for every method)."""

    method: str
    times: int = 1
    error_code: int = 0
    """The answer; 0 lets the method answer (after a delay, or into a dropped connection)."""
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    drop: str = ""
    """`before` or `after` the method has done its work the connection is reset, without an answer."""
    delay_seconds: float = 0.0
    chat_id: int | None = None
    """Only calls with this chat."""

    def refusal(self) -> Refused | None:
        """Return the answer, with Telegram's usual words where none were given."""
        if not self.error_code:
            return None
        usual = _USUAL.get(self.error_code, "Internal Server Error")
        if self.error_code == 429:
            self.parameters.setdefault("retry_after", 1)
            usual = f"Too Many Requests: retry after {self.parameters['retry_after']}"
        return Refused(self.error_code, self.description or usual, self.parameters or None)


class Faults:
    """The faults that are still to happen, oldest first."""

    def __init__(self) -> None:
        self.pending: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let a fault happen after those that wait already."""
        self.pending.append(fault)

    def take(self, method: str, chat_id: Any) -> Fault | None:
        """Return the fault of this call, if there is one, and count it."""
        for fault in self.pending:
            if fault.method.lower() in ("*", method.lower()) and fault.chat_id in (None, chat_id):
                fault.times -= 1
                if fault.times <= 0:
                    self.pending.remove(fault)
                return fault
        return None
