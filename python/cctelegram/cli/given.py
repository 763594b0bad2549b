"""Read text from standard input: UTF-8, or UTF-16 as PowerShell pipes it.

Start-cheap.
"""

from __future__ import annotations

import sys

from cctelegram.cli import FAILED
from cctelegram.cli.failed import Failed
from cctelegram.config import encoding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

UTF_16_LE = b"\xff\xfe"


def everything(code: int = FAILED) -> str:
    """Return all of the input. Raises Failed, with `code`, when it is closed or in another encoding."""
    return _decoded(_standard_input(code).read(), code)


def line(code: int = FAILED) -> str:
    """Return the next line with its line ending; "" at the end. Raises Failed as `everything` does."""
    stream = _standard_input(code)
    data = stream.readline()
    if data.startswith(UTF_16_LE) and data.endswith(b"\n"):
        data += stream.read(1)  # the other half of the line feed
    return _decoded(data, code)


def _standard_input(code: int) -> BinaryIO:
    if sys.stdin is None:
        raise Failed("standard input is closed", code)
    return sys.stdin.buffer


def _decoded(data: bytes, code: int) -> str:
    try:
        return encoding.decode(data)
    except encoding.Undecodable as error:
        raise Failed(f"standard input: {error}", code) from None
