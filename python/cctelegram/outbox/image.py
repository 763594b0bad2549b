"""The pages of a store's file as its log leaves them, read without SQLite, which refuses a damaged one.

Source of the layout: https://www.sqlite.org/fileformat2.html, sections 1.3 (header), 1.5 (free pages) and
4 (write-ahead log).
"""

from __future__ import annotations

import os
import struct
import sys
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

MAGIC: Final = b"SQLite format 3\0"
PAGE_SIZE: Final = 4096  # SQLite's own, and so ours; assumed where the header does not tell
LOG_MAGIC: Final = 0x377F0682  # its lowest bit says that checksums are big-endian
LOG_HEADER: Final = 32
FRAME_HEADER: Final = 24


class Image:
    """The pages of `path` with the committed frames of its `-wal`; pages are counted from 1.

    `stale` holds the pages whose newest version in the log cannot be read: what `page` gives of them is
    older than it should be.

    Raises:
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._log = None
        self._frames: dict[int, int] = {}
        self.stale: set[int] = set()
        log = path.with_name(f"{path.name}-wal")
        header = self._file.read(100)
        self.has_header = header.startswith(MAGIC)
        self.page_size = (_page_size(header) if self.has_header else None) or PAGE_SIZE
        committed = 0
        if log.exists():
            self._log = log.open("rb")
            committed = self._read_log()
        held = os.fstat(self._file.fileno()).st_size // self.page_size
        first = self.page(1) or b""
        self.has_header = first.startswith(MAGIC)
        told = int.from_bytes(first[28:32], "big") if self.has_header else 0
        self.count = max(held, committed, min(told, 1 << 31), *self._frames, 0)
        self.usable = self.page_size - (first[20] if self.has_header and first[20] < 64 else 0)
        self.version = int.from_bytes(first[60:64], "big") if self.has_header else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        self._file.close()
        if self._log is not None:
            self._log.close()

    def page(self, number: int) -> bytes | None:
        """Give a page, or None when it is not there whole."""
        file, at = self._file, (number - 1) * self.page_size
        if number in self._frames and self._log is not None:
            file, at = self._log, self._frames[number]
        file.seek(at)
        page = file.read(self.page_size)
        return page if len(page) == self.page_size else None

    def free(self) -> set[int]:
        """Give the pages that are free: what stands in them is no longer true."""
        found: set[int] = set()
        first = self.page(1) if self.has_header else None
        trunk = int.from_bytes(first[32:36], "big") if first else 0
        while 0 < trunk <= self.count and trunk not in found:
            found.add(trunk)
            page = self.page(trunk)
            if page is None:
                break
            following, leaves = struct.unpack_from(">II", page)
            if leaves <= self.usable // 4 - 2:
                found.update(n for n in struct.unpack_from(f">{leaves}I", page, 8) if 0 < n <= self.count)
            trunk = following
        return found

    def _read_log(self) -> int:
        """Find the newest committed version of each page in the log; give the store's pages at that time."""
        assert self._log is not None  # noqa: S101 - only called with one
        header = self._log.read(LOG_HEADER)
        if len(header) < LOG_HEADER:
            return 0
        magic, _, size, _, *salts_and_sum = struct.unpack(">8I", header)
        order = ">" if sys.byteorder == "big" else "<"
        if magic & ~1 == LOG_MAGIC and size == _valid(size):
            self.page_size = size
            order = ">" if magic & 1 else "<"
        salts, before = tuple(salts_and_sum[:2]), tuple(salts_and_sum[2:])
        frames: list[tuple[int, int, bool]] = []
        end = pages = 0
        for at, (number, commit, salt1, salt2, *sums), page in self._frames_of_log():
            if at == LOG_HEADER and magic & ~1 != LOG_MAGIC:
                salts = (salt1, salt2)  # the header is gone; the first frame is always of this log
            if (salt1, salt2) != salts:
                # Left from an earlier log, or damaged: a frame of this log may still follow.
                before = tuple(sums)
                continue
            head = struct.pack(">II", number, commit)
            whole = checksum(head + page, order, before) == tuple(sums)
            before = tuple(sums)
            frames.append((number, at + FRAME_HEADER, whole))
            if whole and commit:
                end, pages = len(frames), commit
        for number, at, whole in frames[:end]:
            if whole:
                self._frames[number] = at
                self.stale.discard(number)
            elif 0 < number <= pages:
                self.stale.add(number)
        return pages

    def _frames_of_log(self) -> Iterator[tuple[int, tuple[int, ...], bytes]]:
        assert self._log is not None  # noqa: S101 - only called with one
        at = LOG_HEADER
        while True:
            self._log.seek(at)
            frame = self._log.read(FRAME_HEADER + self.page_size)
            if len(frame) < FRAME_HEADER + self.page_size:
                return
            yield at, struct.unpack_from(">6I", frame), frame[FRAME_HEADER:]
            at += len(frame)


def _valid(size: int) -> int | None:
    return size if 512 <= size <= 65536 and size & (size - 1) == 0 else None


def _page_size(header: bytes) -> int | None:
    size = int.from_bytes(header[16:18], "big")
    return 65536 if size == 1 else _valid(size)


def checksum(content: bytes, order: str, before: tuple[int, ...]) -> tuple[int, int]:
    """Continue the log's running checksum, as section 4.2 gives it."""
    one, two = before
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        one = (one + even + two) & 0xFFFFFFFF
        two = (two + odd + one) & 0xFFFFFFFF
    return one, two
