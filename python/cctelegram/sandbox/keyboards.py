"""Checks of `reply_markup` beyond its types."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

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
# Telegram publishes no limit for a keyboard's bytes; about ten thousand are the most seen to pass.
MOST_BYTES = 10_000
CALLBACK_BYTES = 64
COPY_LIMIT = 256


def checked(markup: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the inline keyboard that the message will show, or None; raise `Refused`.

    Other keyboards (reply keyboards, removal, forced replies) are left out: Telegram does not show
    them in the message either.
    """
    if markup is None or "inline_keyboard" not in markup:
        return None
    rows = [row for row in markup["inline_keyboard"] if row]
    if sum(map(len, rows)) > MOST_BUTTONS:
        raise bad("reply markup is too long")
    for row in rows:
        for button in row:
            _check(button)
    if len(json.dumps(rows, ensure_ascii=False).encode()) > MOST_BYTES:
        raise bad("REPLY_MARKUP_TOO_LONG")
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
        wrong = _wrong(button["url"])
        if wrong:
            raise bad(f"inline keyboard button URL '{button['url']}' is invalid: {wrong}")
    if "style" in button and button["style"] not in STYLES:
        raise stricter(f'a button of style "{button["style"]}"; Telegram knows {", ".join(STYLES)}')


_LINK = re.compile(r"(?:([^:/?#@\[\]]*)://)?([^/?#]*)")
_PORT = re.compile(r":([^:\]@]*)$")
_HOST = re.compile(r"(?:[a-z0-9.\-_!$,~*'();&+=\u0080-\U0010ffff]|%[0-9a-f]{2})*", re.IGNORECASE)


def _wrong(url: str) -> str:
    """Return Telegram's reason to refuse a link, parsed as TDLib does; empty if it accepts the link."""
    if not url:
        return "URL must be non-empty"
    inner = re.match(r"(?:tg|ton):(?://)?", url, re.IGNORECASE)
    link = _LINK.match(url[inner.end() :] if inner else url)
    assert link is not None  # noqa: S101 - the pattern matches any text
    protocol, authority = (link[1] or "http").lower(), link[2]
    if protocol not in ("http", "https"):
        return "Unsupported URL protocol"
    port = _PORT.search(authority)
    if port is not None and not (port[1].isdecimal() and 1 <= int(port[1]) <= 65_535):
        return "Wrong port number specified in the URL"
    host = (authority[: port.start()] if port else authority).rpartition("@")[2]
    if inner:
        return "" if re.fullmatch(r"[A-Za-z0-9_-]+", host) else "Wrong tg URL"
    if host.startswith("[") and host.endswith("]"):
        return "" if _is_ipv6(host[1:-1]) else "Wrong IPv6 address specified in the URL"
    if not host:
        return "URL host is empty"
    if not _HOST.fullmatch(host):
        return "Disallowed character in URL host"
    return "" if "." in host and host != "." else "Wrong HTTP URL"


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
