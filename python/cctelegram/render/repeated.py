"""Mark a message that may already have arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from cctelegram import _native
from cctelegram.render.text import MAX_ENTITIES, MAX_UNITS, Entity, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

MARK: Final = "(may be a repeat)"


def repeated(text: Text) -> Text:
    """Return a message with the mark above it; every rendered part leaves room for it (`text.LIMIT`)."""
    head = f"{MARK}\n"
    units = _native.utf16_len(head)
    if units + _native.utf16_len(text.text) > MAX_UNITS:
        return text
    moved: Sequence[Entity] = [
        msgspec.structs.replace(entity, offset=entity.offset + units) for entity in text.entities
    ]
    mark = Entity("italic", 0, units - 1)
    return Text(head + text.text, (mark, *moved)[-MAX_ENTITIES:])
