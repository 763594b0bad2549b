"""What a command raises when it cannot do what it was asked."""

from __future__ import annotations

from cctelegram.cli import FAILED


class Failed(Exception):
    """The message is a sentence for the person; `code` is the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code
