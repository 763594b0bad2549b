"""The rows of a damaged store: those that its trees still lead to, then those in pages adrift.

A page is adrift when the pages above it are damaged. Whose rows are in it is told by their shape: how many
columns, of which types, with which of them never empty. Nothing is guessed: a page that fits two tables
equally well, or none, is left.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from cctelegram.outbox.cells import INDEX_LEAF, INTERIOR, TABLE_INTERIOR, TABLE_LEAF, Cell, cells, node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cctelegram.outbox.cells import Value
    from cctelegram.outbox.image import Image

TYPES: Final[dict[str, tuple[type, ...]]] = {
    "INTEGER": (int,),
    "TEXT": (str,),
    "BLOB": (bytes,),
    "REAL": (int, float),
}
# Columns whose text is JSON: damage within it shows there and nowhere else.
JSON: Final = ("body", "payload", "options", "warnings")
# Times are microseconds since the epoch; this is the year 2001.
TIME: Final = 10**15


class Column(NamedTuple):
    """A column as `PRAGMA table_info` tells of it."""

    name: str
    kind: str
    needed: bool  # never empty
    has_default: bool
    is_rowid: bool


class Table(NamedTuple):
    """A table's columns, in the order in which a record has them."""

    name: str
    columns: tuple[Column, ...]

    def fits(self, cell: Cell) -> bool:
        """Whether a record can be a row of this table."""
        values = cell.values
        # A row that is older than its table's last columns does without them.
        missing = self.columns[len(values) :]
        if len(values) > len(self.columns) or any(one.needed and not one.has_default for one in missing):
            return False
        return all(map(_fits, self.columns, values))

    def times(self, cell: Cell) -> int:
        """Count the times that stand where times belong: of two tables that fit, the one with more."""
        found = zip(self.columns, cell.values, strict=False)
        return sum(
            column.name.endswith(("_at", "_until")) and isinstance(value, int) and value >= TIME
            for column, value in found
        )


class Row(NamedTuple):
    """A row that was read; `adrift` when a newer one may have taken its place."""

    table: Table
    rowid: int
    values: tuple[Value, ...]
    adrift: bool


class Entry(NamedTuple):
    """What the index `name` of `table` knows of a row: the values of its columns, and the rowid."""

    table: str
    name: str
    values: tuple[Value, ...]
    rowid: int


SCHEMA: Final = Table(
    "sqlite_schema",
    tuple(
        Column(name, kind, name != "sql", has_default=False, is_rowid=False)
        for name, kind in (
            ("type", "TEXT"),
            ("name", "TEXT"),
            ("tbl_name", "TEXT"),
            ("rootpage", "INTEGER"),
            ("sql", "TEXT"),
        )
    ),
)


class Salvage:
    """Reads what can be read of an image.

    Args:
        tables: by name, as they are in a sound store of the same version.
        indexes: likewise; their last column is the rowid.
    """

    def __init__(self, image: Image, tables: Mapping[str, Table], indexes: Mapping[str, Table]) -> None:
        self._image = image
        self._tables = tables
        self._indexes = indexes
        self._free = image.free()
        self._seen: set[int] = set()
        self._apart: tuple[int, list[Cell | None]] = (0, [])
        # What the trees lead to and cannot be read: with it, counts of what is lost are least counts.
        self.unreadable = 0

    def rows(self) -> Iterator[Row]:
        """Give the rows that the trees lead to, then those adrift, then what was overtaken."""
        self._roots = self._find_roots()
        late = []
        for kind, name, owner, root in self._roots:
            table = self._tables.get(owner)
            if kind == "table" and table is None:
                self._pass_over(root)
            if kind != "table" or table is None or name != owner:
                continue
            for number in self._leaves(root, TABLE_LEAF):
                if number in self._image.stale:
                    late.append((number, table))
                elif not self._belongs(number, table):
                    self._seen.discard(number)  # led to by a damaged page; whose it is shows below
                else:
                    yield from self._rows(number, table, adrift=False)
        for number in range(1, self._image.count + 1):
            if number in self._seen or number in self._free:
                continue
            found = self._whose(number)
            if found is not None:
                yield from self._rows(number, found, adrift=True)
        for number, table in late:
            yield from self._rows(number, table, adrift=True)

    def entries(self) -> Iterator[Entry]:
        """Give what the indexes know of rows; after `rows`."""
        for kind, name, owner, root in self._roots:
            shape = self._indexes.get(name)
            if kind != "index" or shape is None:
                continue
            for number in self._leaves(root, INDEX_LEAF):
                page = self._image.page(number)
                found = node(page, number, self._image)
                if page is None or found is None or number in self._image.stale:
                    continue
                for cell in cells(page, found, self._image):
                    # Another index' page may stand in its place.
                    if cell is not None and shape.fits(cell) and len(cell.values) == len(shape.columns):
                        yield Entry(owner, name, cell.values[:-1], int(cell.values[-1] or 0))

    def _find_roots(self) -> list[tuple[str, str, str, int]]:
        found = self._roots_in(self._leaves(1, TABLE_LEAF))
        if not found:
            # The first page is gone: the pages below it are told by their shape.
            shaped = (n for n in range(2, self._image.count + 1) if self._fitting(n, SCHEMA))
            found = self._roots_in(shaped)
        return found

    def _roots_in(self, pages: Iterable[int]) -> list[tuple[str, str, str, int]]:
        found = {}
        for number in pages:
            self._seen.add(number)
            for row in self._rows(number, SCHEMA, adrift=False):
                kind, name, owner, root, _ = row.values
                if kind in ("table", "index") and isinstance(root, int) and 1 < root <= self._image.count:
                    found[str(name)] = (str(kind), str(name), str(owner), root)
        return list(found.values())

    def _leaves(self, root: int, kind: int) -> Iterator[int]:
        """Give the pages of a tree that hold rows or entries (an index has entries in all of its pages)."""
        waiting = [root]
        while waiting:
            number = waiting.pop()
            if not 0 < number <= self._image.count or number in self._seen or number in self._free:
                self.unreadable += 1
                continue
            found = node(self._image.page(number), number, self._image)
            expected = (TABLE_LEAF, TABLE_INTERIOR) if kind == TABLE_LEAF else (INDEX_LEAF, 2)
            if found is None or found.kind not in expected:
                self.unreadable += 1
                continue
            self._seen.add(number)
            if found.kind in INTERIOR:
                waiting.extend(reversed(found.below))
            if found.kind != TABLE_INTERIOR:
                yield number

    def _pass_over(self, root: int) -> None:
        """Let the pages of a table that is not wanted be taken for nobody else's."""
        found = node(self._image.page(root), root, self._image)
        kind = TABLE_LEAF if found is not None and found.kind in (TABLE_LEAF, TABLE_INTERIOR) else INDEX_LEAF
        unreadable = self.unreadable
        for _ in self._leaves(root, kind):
            pass
        self.unreadable = unreadable

    def _rows(self, number: int, table: Table, *, adrift: bool) -> Iterator[Row]:
        for cell in self._cells(number):
            if cell is not None and table.fits(cell):
                yield Row(table, cell.rowid, cell.values, adrift)
            else:
                self.unreadable += 1

    def _cells(self, number: int) -> list[Cell | None]:
        # A page is judged, then read: it is taken apart once.
        if self._apart[0] != number:
            self._apart = (number, self._take_apart(number))
        return self._apart[1]

    def _take_apart(self, number: int) -> list[Cell | None]:
        page = self._image.page(number)
        found = node(page, number, self._image)
        if page is None or found is None or found.kind != TABLE_LEAF:
            return []
        return list(cells(page, found, self._image))

    def _belongs(self, number: int, table: Table) -> bool:
        # Where the tree leads to, one odd row must not take the others along.
        return not self._cells(number) or self._fitting(number, table, least=0.5) > 0

    def _fitting(self, number: int, table: Table, least: float = 0.501) -> int:
        """Count the rows of a page that fit a table; 0 when they are too few of those that can be read."""
        found = [cell for cell in self._cells(number) if cell is not None]
        fitting = sum(map(table.fits, found))
        return fitting if fitting >= least * len(found) else 0

    def _whose(self, number: int) -> Table | None:
        found = [cell for cell in self._cells(number) if cell is not None]
        best: list[tuple[int, int, Table]] = []
        for table in self._tables.values():
            fitting = self._fitting(number, table)
            if fitting:
                best.append((fitting, sum(map(table.times, found)), table))
        best.sort(key=lambda one: one[:2], reverse=True)
        if not best or (len(best) > 1 and best[0][:2] == best[1][:2]):
            return None
        return best[0][2]


def _fits(column: Column, value: Value) -> bool:
    if column.is_rowid:
        return value is None
    if value is None:
        return not column.needed
    if not isinstance(value, TYPES.get(column.kind, (object,))):
        return False
    if column.name in JSON and isinstance(value, str):
        try:
            json.loads(value)
        except ValueError:
            return False
    return True
