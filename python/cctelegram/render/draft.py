"""A message being written: text is appended, marks are set on stretches of it."""

from __future__ import annotations

from cctelegram import _native
from cctelegram.render.text import LIMIT, MAX_ENTITIES, Row, Text, text_of

QUOTES = ("blockquote", "expandable_blockquote")


class Draft:
    """Text with marks, of any length; `parts` cuts it into messages.

    All that comes in goes through `visible`, so nothing that is written can hide or turn anything else. With
    `shorten`, through `shorten_blanks` too, so that nothing is pushed out of sight.
    """

    def __init__(self, *, shorten: bool = False) -> None:
        self._shorten = shorten
        self._pieces: list[str] = []
        self._rows: list[Row] = []
        self.units = 0

    def add(self, text: str, kind: str | None = None, value: str | None = None) -> None:
        """Append `text` as it is, never parsed, marked as `kind` if one is given."""
        if not text:
            return
        text = self._shown(text)
        length = _native.utf16_len(text)
        if kind is not None:
            self._rows.append((kind, self.units, length, value))
        self._pieces.append(text)
        self.units += length

    def add_markdown(self, text: str, *, folded: bool) -> None:
        """Append what `text` says as Markdown; `folded`: within a quotation that opens on a tap."""
        start = self.units
        text, rows = _native.markdown(self._shown(text))
        length = _native.utf16_len(text)
        if folded:
            rows = [row for row in rows if row[0] not in QUOTES]
        self._rows.extend((kind, start + offset, size, value) for kind, offset, size, value in rows)
        self._pieces.append(text)
        self.units += length
        if folded:
            self.fold(start)

    def fold(self, start: int) -> None:
        """Fold all from `start` (UTF-16 units) on; a tap opens it."""
        if self.units > start:
            self._rows.append(("expandable_blockquote", start, self.units - start, None))

    def end_line(self) -> None:
        """Make sure that what comes next begins a line."""
        if self.units and not self._ends("\n"):
            self.add("\n")

    def end_block(self) -> None:
        """Make sure that a blank line stands before what comes next."""
        self.end_line()
        if self.units and not self._ends("\n\n"):
            self.add("\n")

    def parts(self) -> tuple[Text, ...]:
        """Cut the draft into messages: none when it is blank."""
        parts = _native.split("".join(self._pieces), self._rows, LIMIT, MAX_ENTITIES)
        return tuple(text_of(text, rows) for text, rows in parts)

    def _shown(self, text: str) -> str:
        text = _native.visible(text)
        return _native.shorten_blanks(text) if self._shorten else text

    def _ends(self, ending: str) -> bool:
        tail = ""
        for piece in reversed(self._pieces):
            tail = piece + tail
            if len(tail) >= len(ending):
                break
        return tail.endswith(ending)
