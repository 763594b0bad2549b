"""Callback data of buttons: an opaque id, the option's number, and a MAC over both and the chat.

At most 64 bytes (Bot API, InlineKeyboardButton.callback_data). It contains no text of the event, so no title
makes it too long, and it cannot be forged without the key. The message of a tapped button is checked against
the store.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from typing import Final, NamedTuple

KEY_BYTES: Final = 32
CODE_BYTES: Final = 9
MAC_BYTES: Final = 12
# These take the place of a decision's code in the MACs of other buttons; no code has their length.
MODE: Final = "order"
PLAN: Final = "cleanup"
ACTION: Final = "action"


class Tapped(NamedTuple):
    """The content of a genuine button: the decision's code and the option's number."""

    code: str
    option: int


def new_key() -> bytes:
    """Return a new key for the buttons of a store."""
    return secrets.token_bytes(KEY_BYTES)


def new_code() -> str:
    """Return a new opaque id for a decision: 12 characters of the URL-safe alphabet."""
    return _text(secrets.token_bytes(CODE_BYTES))


def callback_data(key: bytes, code: str, option: int, chat_id: int) -> str:
    """Return the data of a decision's button: `d.<code>.<option>.<mac>`, at most 33 bytes."""
    return f"d.{code}.{option}.{_mac(key, code, option, chat_id)}"


def read(key: bytes, data: str, chat_id: int) -> Tapped | None:
    """Return the content of a button, or None when it is forged, damaged, or from another chat."""
    code, option = (*data.split("."), "", "")[1:3]
    if not _is_number(option):
        return None
    tapped = Tapped(code, int(option))
    return tapped if _same(data, callback_data(key, *tapped, chat_id)) else None


def mode_data(key: bytes, name: str, chat_id: int) -> str:
    """Return the data of a button that changes the mode: `m.<name>.<mac>`.

    `name` is a short internal name without a dot, at most 45 bytes, so that the data stays within 64.
    """
    return f"m.{name}.{_mac(key, MODE, name, chat_id)}"


def read_mode(key: bytes, data: str, chat_id: int) -> str | None:
    """Return the name of a mode button, or None when it is forged, damaged, or from another chat."""
    name = (*data.split("."), "")[1]
    return name if _same(data, mode_data(key, name, chat_id)) else None


def plan_data(key: bytes, plan: str, chat_id: int) -> str:
    """Return the data of a button that runs a plan of the cleanup: `c.<plan>.<mac>`; `plan` has no dot."""
    return f"c.{plan}.{_digest(key, PLAN, plan, chat_id).hex()}"


def is_plan(data: str) -> bool:
    """Return whether the data is that of a cleanup button, genuine or not."""
    return data.startswith("c.")


def read_plan(key: bytes, data: str, chat_id: int) -> str | None:
    """Return the plan of a cleanup button, or None when it is forged, damaged, or from another chat."""
    plan = (*data.split("."), "")[1]
    return plan if _same(data, plan_data(key, plan, chat_id)) else None


class Action(NamedTuple):
    """The content of an action's button, genuine or not: row of the event, position of the entry, MAC."""

    event: int
    position: int
    mac: str


def action_data(key: bytes, event: int, event_id: str, position: int, chat_id: int) -> str:
    """Return the data of a button of `data.actions`: `a.<event>.<position>.<mac>`, at most 56 bytes.

    The MAC also covers the event's id: the same row of another event in another store has no effect.
    """
    return f"a.{event}.{position}.{_action_mac(key, event, event_id, position, chat_id)}"


def read_action(data: str) -> Action | None:
    """Return the content of an action's button, unverified (see `is_genuine`); None for other data."""
    kind, *rest = data.split(".")
    if kind != "a" or len(rest) != 3 or not all(_is_number(part) for part in rest[:2]):
        return None
    return Action(int(rest[0]), int(rest[1]), rest[2])


def is_genuine(key: bytes, action: Action, event_id: str, chat_id: int) -> bool:
    """Return whether the bridge made an action's button, for this event and this chat."""
    return _same(action.mac, _action_mac(key, action.event, event_id, action.position, chat_id))


def _action_mac(key: bytes, event: int, event_id: str, position: int, chat_id: int) -> str:
    return _mac(key, f"{ACTION}.{event}.{event_id}", position, chat_id)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def _mac(key: bytes, code: str, option: int | str, chat_id: int) -> str:
    return _text(_digest(key, code, option, chat_id))


def _digest(key: bytes, code: str, option: int | str, chat_id: int) -> bytes:
    return hmac.digest(key, f"{code}.{option}.{chat_id}".encode(), "sha256")[:MAC_BYTES]


def _same(data: str, genuine: str) -> bool:
    return hmac.compare_digest(data.encode(), genuine.encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
