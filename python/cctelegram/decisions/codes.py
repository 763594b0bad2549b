"""What a button carries: an opaque id, the option's number, and a MAC over both and the chat.

At most 64 bytes (Bot API, InlineKeyboardButton.callback_data). Nothing of the event is in it, so no title
can make it too long, and nobody without the key can make one. The message it stands in is checked against
the store when it is tapped.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from typing import Final, NamedTuple

KEY_BYTES: Final = 32
CODE_BYTES: Final = 9
MAC_BYTES: Final = 12
# Stands in an order's MAC where a decision's code would; no code has this length.
ORDER: Final = "order"
# The same of an action's.
ACTION: Final = "action"


class Tapped(NamedTuple):
    """What a genuine button says: the decision's code and the option's number."""

    code: str
    option: int


def new_key() -> bytes:
    """Make the key of a store's buttons."""
    return secrets.token_bytes(KEY_BYTES)


def new_code() -> str:
    """Make a decision's opaque id: 12 characters of the URL-safe alphabet."""
    return _text(secrets.token_bytes(CODE_BYTES))


def callback_data(key: bytes, code: str, option: int, chat_id: int) -> str:
    """Give the data of one button: `d.<code>.<option>.<mac>`, 33 bytes at most."""
    return f"d.{code}.{option}.{_mac(key, code, option, chat_id)}"


def read(key: bytes, data: str, chat_id: int) -> Tapped | None:
    """Give what a button says, or None when it is not ours, not whole, or of another chat."""
    kind, _, rest = data.partition(".")
    code, _, rest = rest.partition(".")
    option, _, mac = rest.partition(".")
    if kind != "d" or not option.isascii() or not option.isdecimal() or len(option) > 2:
        return None
    if not hmac.compare_digest(mac.encode(), _mac(key, code, int(option), chat_id).encode()):
        return None
    return Tapped(code, int(option))


def order_data(key: bytes, order: str, chat_id: int) -> str:
    """Give the data of a button that orders something of the bridge: `m.<order>.<mac>`.

    `order` is a short name of our own, without a dot: at most 45 bytes, so that the whole stays within 64.
    """
    return f"m.{order}.{_mac(key, ORDER, order, chat_id)}"


def read_order(key: bytes, data: str, chat_id: int) -> str | None:
    """Give what a button orders, or None when it is not ours, not whole, or of another chat."""
    kind, _, rest = data.partition(".")
    order, _, mac = rest.partition(".")
    if kind != "m" or not hmac.compare_digest(mac.encode(), _mac(key, ORDER, order, chat_id).encode()):
        return None
    return order


class Action(NamedTuple):
    """What the button of an action says, genuine or not: the event's row, the entry's place, the MAC."""

    event: int
    place: int
    mac: str


def action_data(key: bytes, event: int, event_id: str, place: int, chat_id: int) -> str:
    """Give the data of a button of `data.actions`: `a.<event>.<place>.<mac>`, 56 bytes at most.

    The MAC is over the event's id as well: a row that another event has in another store counts for nothing.
    """
    return f"a.{event}.{place}.{_action_mac(key, event, event_id, place, chat_id)}"


def read_action(data: str) -> Action | None:
    """Give what the button of an action says, or None when it is none; `is_genuine` is to be asked."""
    kind, *rest = data.split(".")
    if kind != "a" or len(rest) != 3 or not all(_is_number(part) for part in rest[:2]):
        return None
    return Action(int(rest[0]), int(rest[1]), rest[2])


def is_genuine(key: bytes, action: Action, event_id: str, chat_id: int) -> bool:
    """Whether we made the button of an action, for this event and this chat."""
    mac = _action_mac(key, action.event, event_id, action.place, chat_id)
    return hmac.compare_digest(action.mac.encode(), mac.encode())


def _action_mac(key: bytes, event: int, event_id: str, place: int, chat_id: int) -> str:
    return _mac(key, f"{ACTION}.{event}.{event_id}", place, chat_id)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def _mac(key: bytes, code: str, option: int | str, chat_id: int) -> str:
    digest = hmac.digest(key, f"{code}.{option}.{chat_id}".encode(), "sha256")
    return _text(digest[:MAC_BYTES])


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
