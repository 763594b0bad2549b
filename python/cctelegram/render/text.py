"""The content of a message: a text and its entities, as the Bot API defines them."""

from __future__ import annotations

import msgspec

MAX_UNITS = 4096
"""UTF-16 units of text that Telegram takes in one message."""

LIMIT = MAX_UNITS - 32
"""UTF-16 units of text that a rendered part has at most: leaves room for the mark of a repeat."""

MAX_ENTITIES = 100
"""Entities in one message; Telegram ignores those after them."""

Row = tuple[str, int, int, str | None]
"""An entity as `_native` has it: type, offset, length, address or language."""


class Entity(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entity; offset and length in UTF-16 units. Encodes as the Bot API's MessageEntity."""

    type: str
    offset: int
    length: int
    url: str | None = None
    language: str | None = None


class Text(msgspec.Struct, frozen=True):
    """One message's text: at most `MAX_UNITS` UTF-16 units, at most 100 entities, never blank."""

    text: str
    entities: tuple[Entity, ...] = ()


def text_of(text: str, rows: list[Row]) -> Text:
    """Return a Text from one part that `_native.split` returns."""
    return Text(text, tuple(_entity(*row) for row in rows))


def rows_of(text: Text) -> list[Row]:
    """Return the entities of a Text in the form that `_native` takes."""
    return [(one.type, one.offset, one.length, one.url or one.language) for one in text.entities]


def _entity(kind: str, offset: int, length: int, value: str | None) -> Entity:
    if kind == "text_link":
        return Entity(kind, offset, length, url=value)
    return Entity(kind, offset, length, language=value)
