"""The errors that a method answers when it refuses a call.

Descriptions have Telegram's own wording, so that a program written against the sandbox meets the same
texts in production. Where the sandbox is stricter than Telegram (which ignores what it does not know,
or corrects it silently), the description begins with `Bad Request: SANDBOX:` and says what Telegram
would have done. These are all such cases:

- a parameter that the method does not have, or that the sandbox does not act on;
- an Integer or Boolean given as a string in a JSON body;
- more than 100 entities, entities of an unknown type, entities that overlap without nesting;
- entities and a parse mode together; the legacy parse mode `Markdown`;
- an inline button without, or with more than one, action; an unknown style.
"""

from __future__ import annotations

from typing import Any, Final

OTHER_POLL: Final = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
OTHER_WEBHOOK: Final = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
MIGRATED: Final = "Bad Request: group chat was upgraded to a supergroup chat"


class Refused(Exception):
    """An answer with `ok: false`: HTTP status and error code, description, response parameters."""

    def __init__(self, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> dict[str, Any]:
        """Return the JSON object that Telegram answers."""
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad(text: str) -> Refused:
    """Return a 400 in Telegram's wording."""
    return Refused(400, f"Bad Request: {text}")


def stricter(text: str) -> Refused:
    """Return a 400 for a call that Telegram would accept; the text says what it would do."""
    return Refused(400, f"Bad Request: SANDBOX: {text}")


def flood(seconds: int) -> Refused:
    """Return a 429 with a `retry_after` of whole `seconds`."""
    return Refused(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
