"""What a person sees and does, for tests of the whole path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from running import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.sandbox.child import Sandbox


def texts(sandbox: Sandbox) -> list[str]:
    """Return the texts on the phone, oldest first."""
    return [message.get("text", "") for message in sandbox.control.messages()]


def see(sandbox: Sandbox, *words: str) -> dict[str, Any]:
    """Wait until one message has all of these words; return it."""

    def look() -> dict[str, Any]:
        for message in sandbox.control.messages():
            if all(word in message.get("text", "") for word in words):
                return message
        return {}

    return wait_for(look, f"a message with {words}, among {texts(sandbox)}")


def see_where(sandbox: Sandbox, look: Callable[[dict[str, Any]], Any], what: str) -> dict[str, Any]:
    """Wait until one message meets the condition; return it."""
    return wait_for(lambda: next((m for m in sandbox.control.messages() if look(m)), {}), what)


def labels(message: dict[str, Any]) -> list[str]:
    """Return the labels of a message's buttons."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button["text"] for row in rows for button in row]


def sends(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the calls that sent a message."""
    return sandbox.control.calls("sendMessage")
