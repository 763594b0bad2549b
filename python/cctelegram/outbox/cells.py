"""The cells of a page and the records in them, read without SQLite; what does not hold together is None.

Source of the layout: https://www.sqlite.org/fileformat2.html, sections 1.6 (pages and cells) and 2.1
(records).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cctelegram.outbox.image import Image

INDEX_INTERIOR: Final = 2
TABLE_INTERIOR: Final = 5
INDEX_LEAF: Final = 10
TABLE_LEAF: Final = 13
INTERIOR: Final = (INDEX_INTERIOR, TABLE_INTERIOR)
KINDS: Final = (*INTERIOR, INDEX_LEAF, TABLE_LEAF)

Value = int | float | str | bytes | None


class Damaged(Exception):
    """What stands here is no record."""


class Cell(NamedTuple):
    """One row of a table's leaf; `rowid` is 0 in an index."""

    rowid: int
    values: tuple[Value, ...]


class Node(NamedTuple):
    """A page of a tree: its kind, where its cells begin, and the pages below it."""

    kind: int
    starts: tuple[int, ...]
    below: tuple[int, ...]


def node(page: bytes | None, number: int, image: Image) -> Node | None:
    """Read the frame of a page; None when it is none of a tree, or is damaged."""
    if page is None:
        return None
    at = 100 if number == 1 else 0
    kind = page[at]
    if kind not in KINDS:
        return None
    count = int.from_bytes(page[at + 3 : at + 5], "big")
    first = at + (12 if kind in INTERIOR else 8)
    if first + 2 * count > image.usable:
        return None
    starts = struct.unpack_from(f">{count}H", page, first)
    if any(not first + 2 * count <= start < image.usable - 3 for start in starts):
        # Some pointers are damaged, so all are doubtful; the sound ones are still tried.
        starts = tuple(start for start in starts if first + 2 * count <= start < image.usable - 3)
    below: tuple[int, ...] = ()
    if kind in INTERIOR:
        below = tuple(int.from_bytes(page[start : start + 4], "big") for start in starts)
        below += (int.from_bytes(page[at + 8 : at + 12], "big"),)
    return Node(kind, starts, below)


def cells(page: bytes, found: Node, image: Image) -> Iterator[Cell | None]:
    """Give what stands in a page of rows or of an index, in order; None for a cell that is damaged."""
    for start in found.starts:
        try:
            yield _cell(page, start, found.kind, image)
        except (Damaged, IndexError, struct.error, UnicodeDecodeError):
            yield None


def _cell(page: bytes, at: int, kind: int, image: Image) -> Cell:
    if kind == INDEX_INTERIOR:
        at += 4
    size, at = varint(page, at)
    rowid = 0
    if kind == TABLE_LEAF:
        rowid, at = varint(page, at)
        rowid -= (rowid >> 63) << 64
    return Cell(rowid, record(_payload(page, at, size, kind, image)))


def _payload(page: bytes, at: int, size: int, kind: int, image: Image) -> bytes:
    """Give a cell's content, with the pages it runs over into."""
    usable = image.usable
    most = usable - 35 if kind == TABLE_LEAF else (usable - 12) * 64 // 255 - 23
    local = size
    if size > most:
        least = (usable - 12) * 32 // 255 - 23
        local = least + (size - least) % (usable - 4)
        local = local if local <= most else least
    if at + local > usable or size > image.count * usable:
        raise Damaged
    content = page[at : at + local]
    if local == size:
        return content
    pieces, left = [content], size - local
    following = int.from_bytes(page[at + local : at + local + 4], "big")
    while left > 0:
        over = image.page(following) if 0 < following <= image.count else None
        # A chain through a page that is older than it should be is another row's.
        if over is None or following in image.stale:
            raise Damaged
        piece = over[4 : 4 + min(left, usable - 4)]
        pieces.append(piece)
        left -= len(piece)
        following = int.from_bytes(over[:4], "big")
    if following:
        raise Damaged
    return b"".join(pieces)


def record(content: bytes) -> tuple[Value, ...]:
    """Read a record.

    Raises:
        Damaged: its parts do not add up.
        UnicodeDecodeError: a text is none.
    """
    length, at = varint(content, 0)
    kinds = []
    while at < length:
        kind, at = varint(content, at)
        kinds.append(kind)
    if at != length:
        raise Damaged
    values = []
    for kind in kinds:
        value, at = _value(content, at, kind)
        values.append(value)
    if at != len(content):
        raise Damaged
    return tuple(values)


def _value(content: bytes, at: int, kind: int) -> tuple[Value, int]:
    if kind == 0:
        return None, at
    if kind in (8, 9):
        return kind - 8, at
    if kind in (10, 11):
        raise Damaged
    size = (kind - 12) // 2 if kind > 11 else (0, 1, 2, 3, 4, 6, 8, 8)[kind]
    piece = content[at : at + size]
    if len(piece) != size:
        raise Damaged
    if kind == 7:
        return float(struct.unpack(">d", piece)[0]), at + size
    if kind < 7:
        return int.from_bytes(piece, "big", signed=True), at + size
    return (piece.decode() if kind & 1 else piece), at + size


def varint(content: bytes, at: int) -> tuple[int, int]:
    """Read a number of one to nine bytes; give it and where it ends."""
    value = 0
    for index in range(8):
        byte = content[at + index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + index + 1
    return value << 8 | content[at + 8], at + 9
