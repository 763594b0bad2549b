"""Checks of `reply_markup` beyond its types."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from cctelegram.sandbox.refused import bad, stricter

ACTIONS = (
    "url",
    "callback_data",
    "copy_text",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "pay",
)
STYLES = ("danger", "success", "primary")
MOST_BUTTONS = 100
CALLBACK_BYTES = 64
COPY_LIMIT = 256


def checked(markup: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the inline keyboard that the message will show, None without one; raise `Refused`.

    Other keyboards (reply keyboards, removal, forced replies) are looked at and left out: Telegram does
    not show them in the message either.
    """
    if markup is None or "inline_keyboard" not in markup:
        return None
    rows = [row for row in markup["inline_keyboard"] if row]
    if sum(map(len, rows)) > MOST_BUTTONS:
        raise bad("reply markup is too long")
    for row in rows:
        for button in row:
            _check(button)
    return {"inline_keyboard": rows} if rows else None


def _check(button: dict[str, Any]) -> None:
    if not button["text"].strip():
        raise bad('can\'t parse inline keyboard button: Field "text" must be non-empty')
    actions = [name for name in ACTIONS if name in button]
    if not actions:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise stricter(f"an inline button with {' and '.join(actions)}; Telegram would take one")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= CALLBACK_BYTES:
        raise bad("BUTTON_DATA_INVALID")
    if "copy_text" in button and not 1 <= len(button["copy_text"]["text"]) <= COPY_LIMIT:
        raise bad("BUTTON_COPY_TEXT_INVALID")
    if "url" in button:
        parts = urlsplit(button["url"])
        if parts.scheme not in ("http", "https", "tg") or not parts.netloc:
            raise bad(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
    if "style" in button and button["style"] not in STYLES:
        raise stricter(f'a button of style "{button["style"]}"; Telegram knows {", ".join(STYLES)}')
