"""Render notices: the bridge's own messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram import _native
from cctelegram.render.draft import Draft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cctelegram.render.text import Text

# UTF-16 units for title and lines; the rest is for the last line, which reports a cut.
MAX_BODY = 4000


def notice(title: str, lines: Sequence[str]) -> Text:
    """Return one message of a title, in bold, and lines; nothing is parsed, and each takes one line.

    Text that does not fit one message is omitted, and the last line reports it.
    """
    draft = Draft()
    for index, line in enumerate((title, *lines)):
        shown = _native.one_line(line)
        if draft.units + _native.utf16_len(shown) + 1 > MAX_BODY:
            parts = _native.split(shown, [], max(MAX_BODY - draft.units - 1, 2))
            draft.end_line()
            draft.add(parts[0][0] if parts else "", None if index else "bold")
            draft.end_line()
            draft.add("[truncated: too long for one message]")
            break
        draft.end_line()
        draft.add(shown, None if index else "bold")
    return draft.parts()[0]
