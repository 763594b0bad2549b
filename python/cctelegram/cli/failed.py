"""The error of a command that cannot do its work."""

from __future__ import annotations

from cctelegram.cli import FAILED


class Failed(Exception):
    """A failed command; the message is a sentence for the user, `code` the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code
