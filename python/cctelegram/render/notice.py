"""The bridge's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram import _native
from cctelegram.render.draft import Draft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cctelegram.render.text import Text

# Room for the line that says what was left out.
ROOM = 4000


def notice(title: str, lines: Sequence[str]) -> Text:
    """Make one message of a title, in bold, and lines, none of them parsed, each in one line.

    What does not fit one message is left out, and the last line says so.
    """
    draft = Draft()
    for place, line in enumerate((title, *lines)):
        shown = _native.one_line(line)
        if draft.units + _native.utf16_len(shown) + 1 > ROOM:
            parts = _native.split(shown, [], max(ROOM - draft.units - 1, 2))
            draft.end_line()
            draft.add(parts[0][0] if parts else "", None if place else "bold")
            draft.end_line()
            draft.add("[cut here: too long for one message]")
            break
        draft.end_line()
        draft.add(shown, None if place else "bold")
    return draft.parts()[0]
