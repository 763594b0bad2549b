"""A message in a plainer form, for when Telegram refuses the one it had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cctelegram import _native
from cctelegram.render.text import LIMIT, MAX_ENTITIES, Text, rows_of, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

# A text of so few UTF-16 units is not what is too long.
SHORTEST: Final = 512


def bare(text: Text) -> tuple[Text, ...]:
    """Return the text without entities; the address of a link is written behind its words."""
    units = text.text.encode("utf-16-le")
    for entity in sorted(text.entities, key=lambda one: one.offset + one.length, reverse=True):
        end = 2 * (entity.offset + entity.length)
        if entity.url is not None and entity.url not in text.text:
            units = units[:end] + f" ({_native.visible(entity.url)})".encode("utf-16-le") + units[end:]
    return _parts(units.decode("utf-16-le", "replace"))


def below(text: Text, lines: Sequence[str]) -> tuple[Text, ...]:
    """Return the text with lines below it, none of them parsed; in as many messages as that takes."""
    added = "\n".join(_native.visible(line) for line in lines)
    whole = f"{text.text.rstrip()}\n\n{added}"
    parts = _native.split(whole, rows_of(text), LIMIT, MAX_ENTITIES)
    return tuple(text_of(*part) for part in parts)


def halves(text: Text) -> tuple[Text, ...]:
    """Return the text in messages of half its length, or as it is when it is short already."""
    length = _native.utf16_len(text.text)
    if length <= SHORTEST:
        return (text,)
    parts = _native.split(text.text, rows_of(text), length // 2 + 1, MAX_ENTITIES)
    return tuple(text_of(*part) for part in parts)


def _parts(text: str) -> tuple[Text, ...]:
    return tuple(Text(part) for part, _ in _native.split(text, [], LIMIT, MAX_ENTITIES))
