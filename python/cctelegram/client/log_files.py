"""The files of the bridge's log, oldest first, and the lines that are added to them.

The bridge renames a full file and opens a new one (runtime/log_file.py); cleanup removes old ones. A line
that is not complete yet is returned when it is.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, BinaryIO, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME: Final = "bridge.jsonl"
# As LogFile names a full file: the time of the rotation, and a number from the second of that second on.
ROTATED: Final = re.compile(r"bridge-(\d{8}T\d{6}Z)(?:-(\d+))?\.jsonl")


def rotated(directory: Path) -> list[Path]:
    """Return the full files, oldest first; empty when there is no directory."""
    try:
        found = [(ROTATED.fullmatch(file.name), file) for file in directory.iterdir()]
    except OSError:
        return []
    named = [(match[1], int(match[2] or 1), file) for match, file in found if match is not None]
    return [file for _, _, file in sorted(named)]


def lines(file: Path) -> Iterator[bytes]:
    """Yield the lines of a full file, without line breaks; nothing when cleanup has removed it."""
    try:
        with file.open("rb") as opened:
            for line in opened:
                yield line.rstrip(b"\n")
    except OSError:
        return


class Tail:
    """The lines of the file that is written now, from its first, and of all that follow it.

    Args:
        directory: `logs/` of a home; it need not exist yet.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: BinaryIO | None = None
        self._half = b""
        self._opened: list[tuple[int, int]] = []
        self._open(directory / NAME)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def has_read(self, file: Path) -> bool:
        """Return whether a file was opened here, under this name or an earlier one."""
        try:
            return _identity(file) in self._opened
        except OSError:
            return False

    def read(self) -> list[bytes]:
        """Return the complete lines that were added since the last call, without line breaks."""
        if self._file is None and not self._open(self._directory / NAME):
            return []
        found = self._added()
        while self._moved() and self._next():
            found += self._added()
        return found

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _added(self) -> list[bytes]:
        assert self._file is not None  # noqa: S101 - opened by `read`
        *complete, self._half = (self._half + self._file.read()).split(b"\n")
        return complete

    def _moved(self) -> bool:
        """Return whether the open file is no longer the one that is written, and another is."""
        try:
            return _identity(self._directory / NAME) != self._opened[-1]
        except OSError:
            return False  # between the rename and the opening: the next call finds the new file

    def _next(self) -> bool:
        """Open the file after the open one, of which there may be several when this process slept."""
        following = [*rotated(self._directory), self._directory / NAME]
        for number, file in enumerate(following[:-1]):
            try:
                if _identity(file) == self._opened[-1]:
                    return self._open(following[number + 1])
            except OSError:
                continue
        return self._open(following[-1])  # removed by cleanup meanwhile

    def _open(self, file: Path) -> bool:
        try:
            opened = file.open("rb")
        except OSError:
            return False
        self.close()
        self._file, self._half = opened, b""
        found = os.fstat(opened.fileno())
        self._opened.append((found.st_dev, found.st_ino))
        return True


def _identity(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_dev, found.st_ino
