"""Render an event that is too long for messages: part of it as messages, all of it as a file."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

from cctelegram import _native
from cctelegram.render.text import Text
from cctelegram.render.values import format_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cctelegram.events.event import Event

# Characters of description and data that messages show: the maximum that the protocol lets a tool send.
MAX_READABLE: Final = 16_000
# For a longer event, messages show this much of the description, of the data, and of one value in the data.
DESCRIPTION_SHOWN: Final = 2_500
DATA_SHOWN: Final = 1_000
VALUE_SHOWN: Final = 300
NOTE: Final = "Shortened: the attached file has the full event."
# A caption takes 1024 UTF-16 units (Bot API); the mark of a repeat must fit above it.
CAPTION: Final = 900
# Characters written at once.
PIECE: Final = 16_384


def is_readable(event: Event) -> bool:
    """Return whether messages can show an event's description and data in full."""
    length = len(event.description)
    return (
        length <= MAX_READABLE
        and length + len(msgspec.json.encode((event.data, event.extra))) <= MAX_READABLE
    )


def excerpt(event: Event) -> Event:
    """Return an event with shortened description and data, and a warning that says so."""
    budget = _Budget(DATA_SHOWN)
    return msgspec.structs.replace(
        event,
        description=_cut(event.description, DESCRIPTION_SHOWN),
        data=budget.shorten(event.data),
        extra=budget.shorten(event.extra),
        warnings=(*event.warnings, NOTE),
    )


def caption(event: Event) -> Text:
    """Return the caption of the file: the title."""
    (shown, _), *_ = _native.split(f"Full event: {_native.one_line(event.title)}", [], CAPTION)
    return Text(shown)


def document(event: Event) -> IO[bytes]:
    """Return the whole event as a UTF-8 file: title, description, each value of its data under its name."""
    file = io.BytesIO()
    for block in _blocks(event):
        # In pieces: encoding a block at once would copy up to a megabyte a second time.
        for start in range(0, len(block), PIECE):
            file.write(block[start : start + PIECE].encode("utf-8", "replace"))
        file.write(b"\n")
    file.seek(0)
    return file


def _blocks(event: Event) -> Iterator[str]:
    yield event.title
    if event.description:
        yield ""
        yield event.description
    for name, value in (*event.data.items(), *event.extra.items()):
        yield ""
        yield f"{name}:"
        yield value if isinstance(value, str) else format_value(value)


def shortened(prompt: str) -> str:
    """Return as much of a question as messages show."""
    return _cut(prompt, MAX_READABLE)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]} […]"


class _Budget:
    """A budget of characters for values; values that do not fit are omitted."""

    def __init__(self, characters: int) -> None:
        self.left = characters

    def shorten(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {_cut(key, 100): self.shorten(item) for key, item in value.items() if self._fits(key)}
        if isinstance(value, list):
            return [self.shorten(item) for item in value if self._fits("")]
        shown = _cut(value, VALUE_SHOWN) if isinstance(value, str) else value
        self.left -= len(shown) if isinstance(shown, str) else 8
        return shown

    def _fits(self, key: str) -> bool:
        self.left -= min(len(key), 100) + 4
        return self.left > 0
