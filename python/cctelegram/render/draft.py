"""A message under construction: text is appended, and entities mark ranges of it."""

from __future__ import annotations

from cctelegram import _native
from cctelegram.render.text import LIMIT, MAX_ENTITIES, Row, Text, text_of

QUOTES = ("blockquote", "expandable_blockquote")


class Draft:
    """Text with entities, of any length; `parts` splits it into messages.

    All input passes through `visible`, so that no text can hide or reverse other text. With `shorten`, it
    passes through `shorten_blanks` too, so that nothing is pushed out of sight.
    """

    def __init__(self, *, shorten: bool = False) -> None:
        self._shorten = shorten
        self._pieces: list[str] = []
        self._rows: list[Row] = []
        self.units = 0

    def add(self, text: str, kind: str | None = None, value: str | None = None) -> None:
        """Append `text` unparsed, with an entity of type `kind` if given."""
        if not text:
            return
        text = self._shown(text)
        length = _native.utf16_len(text)
        if kind is not None:
            self._rows.append((kind, self.units, length, value))
        self._pieces.append(text)
        self.units += length

    def add_markdown(self, text: str, *, folded: bool) -> None:
        """Append `text`, parsed as Markdown; `folded`: inside a quotation that opens on a tap."""
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
        """Fold everything from `start` (UTF-16 units) on; a tap opens it."""
        if self.units > start:
            self._rows.append(("expandable_blockquote", start, self.units - start, None))

    def end_line(self) -> None:
        """Ensure that the next text begins a line."""
        if self.units and not self._ends("\n"):
            self.add("\n")

    def end_block(self) -> None:
        """Ensure that a blank line precedes the next text."""
        self.end_line()
        if self.units and not self._ends("\n\n"):
            self.add("\n")

    def parts(self) -> tuple[Text, ...]:
        """Split the draft into messages; return none if it is blank."""
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
