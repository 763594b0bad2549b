"""A rendered part, as the store holds it and as the Bot API takes it."""

from __future__ import annotations

from typing import Any

import msgspec

from cctelegram.render import Text

# Rows of inline buttons, each as the Bot API takes it.
Buttons = tuple[tuple[dict[str, Any], ...], ...]


class Payload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message to send: its text, and the buttons below it.

    With a `document`, the name of a file, the message is that file and the text its caption; the file is made
    from the delivery's event when it is sent, so that the event is stored once. It `asks` when it is a
    question whose buttons Telegram refused: its text numbers the options, and a reply answers it.
    """

    text: Text
    buttons: Buttons = ()
    document: str | None = None
    asks: bool = False


def pack(payload: Payload) -> str:
    """Return the JSON for the store."""
    return msgspec.json.encode(payload).decode()


def unpack(stored: str) -> Payload:
    """Parse the JSON from the store."""
    return msgspec.json.decode(stored, type=Payload)


def entities(text: Text) -> list[dict[str, Any]]:
    """Return a text's entities for the Bot API: keys without a value are omitted."""
    return [
        {key: value for key, value in msgspec.structs.asdict(entity).items() if value is not None}
        for entity in text.entities
    ]


def markup(payload: Payload) -> dict[str, Any] | None:
    """Return the inline keyboard, or None when there are no buttons."""
    return {"inline_keyboard": [list(row) for row in payload.buttons]} if payload.buttons else None
