"""A rendered part as it stands in the store, and as the Bot API takes it."""

from __future__ import annotations

from typing import Any

import msgspec

from cctelegram.render import Text

# Rows of inline buttons, each as the Bot API takes it.
Buttons = tuple[tuple[dict[str, Any], ...], ...]


class Payload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message to be sent: its text, and the buttons below it.

    With a `document`, the name of a file, the message is that file and the text its caption; the file is made
    of the delivery's event when it is sent, so that it is stored once. It `asks` when it is a question whose
    buttons Telegram refused: its text numbers the options, and a reply answers.
    """

    text: Text
    buttons: Buttons = ()
    document: str | None = None
    asks: bool = False


def pack(payload: Payload) -> str:
    """Give the JSON that the store keeps."""
    return msgspec.json.encode(payload).decode()


def unpack(stored: str) -> Payload:
    """Read what the store kept."""
    return msgspec.json.decode(stored, type=Payload)


def entities(text: Text) -> list[dict[str, Any]]:
    """Give a text's entities as the Bot API wants them: keys without a value left out."""
    return [
        {key: value for key, value in msgspec.structs.asdict(entity).items() if value is not None}
        for entity in text.entities
    ]


def markup(payload: Payload) -> dict[str, Any] | None:
    """Give the inline keyboard, or None when there are no buttons."""
    return {"inline_keyboard": [list(row) for row in payload.buttons]} if payload.buttons else None
