"""Rows for a terminal; text from outside is escaped, so that it cannot move the cursor or hide other text."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cctelegram.render import visible

if TYPE_CHECKING:
    from collections.abc import Sequence


def clean(text: str) -> str:
    """Return a text as one line, with control and direction characters escaped."""
    return visible(" ".join(text.split()))


def cut(text: str, width: int) -> str:
    """Return a clean text of at most `width` characters."""
    shown = clean(text)
    return shown if len(shown) <= width else f"{shown[: width - 1]}…"


def rows(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Lay out columns, each as wide as its widest cell; the last one is not padded."""
    widths = [max(len(row[column]) for row in (head, *body)) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *body)
    ]
    return "\n".join(lines) + "\n"


def count(text: str) -> int:
    """Parse a whole number from 1 to 10,000. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= 10_000:
        raise argparse.ArgumentTypeError(f"a whole number from 1 to 10000, not {text!r}")
    return int(text)
