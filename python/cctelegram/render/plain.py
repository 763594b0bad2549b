"""Plainer forms of a message, for when Telegram refuses its first form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cctelegram import _native
from cctelegram.render.text import LIMIT, MAX_ENTITIES, Text, rows_of, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

# A text of at most this many UTF-16 units cannot be too long.
MIN_SPLIT: Final = 512


def bare(text: Text) -> tuple[Text, ...]:
    """Return the text without entities; the address of a link follows its words."""
    units = text.text.encode("utf-16-le")
    for entity in sorted(text.entities, key=lambda one: one.offset + one.length, reverse=True):
        end = 2 * (entity.offset + entity.length)
        if entity.url is not None and entity.url not in text.text:
            units = units[:end] + f" ({_native.visible(entity.url)})".encode("utf-16-le") + units[end:]
    return _parts(units.decode("utf-16-le", "replace"))


def below(text: Text, lines: Sequence[str]) -> tuple[Text, ...]:
    """Return the text with unparsed lines below it, in as many messages as needed."""
    added = "\n".join(_native.visible(line) for line in lines)
    full = f"{text.text.rstrip()}\n\n{added}"
    parts = _native.split(full, rows_of(text), LIMIT, MAX_ENTITIES)
    return tuple(text_of(*part) for part in parts)


def halves(text: Text) -> tuple[Text, ...]:
    """Return the text in messages of half its length, or unchanged if it is already short."""
    length = _native.utf16_len(text.text)
    if length <= MIN_SPLIT:
        return (text,)
    parts = _native.split(text.text, rows_of(text), length // 2 + 1, MAX_ENTITIES)
    return tuple(text_of(*part) for part in parts)


def _parts(text: str) -> tuple[Text, ...]:
    return tuple(Text(part) for part, _ in _native.split(text, [], LIMIT, MAX_ENTITIES))
