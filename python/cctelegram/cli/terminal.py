"""The terminal of a command: whether there is one, and whether it has colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.config import environment

if TYPE_CHECKING:
    from typing import TextIO


def is_terminal(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that knows escape codes."""
    return stream.isatty() and environment.get("TERM") != "dumb"


def has_colours(stream: TextIO) -> bool:
    """Return whether colours are wanted on a stream (no-color.org)."""
    return is_terminal(stream) and environment.get("NO_COLOR") is None
