"""A notice that grows: until it is sent, further items are added to it, so that many make one message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

import msgspec

from cctelegram import render
from cctelegram.delivery.payload import Payload, pack
from cctelegram.store import deliveries, facts

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

# A notice names this many items; the rest are counted.
NAMED: Final = 5


class Item(Protocol):
    """What a notice is about."""

    @property
    def line(self) -> str:
        """Its line in the notice."""


T = TypeVar("T", bound=Item)


class Newest(msgspec.Struct, Generic[T], frozen=True):
    """The newest notice of a kind, as the store keeps it; `goes_at` (us) is the earliest time to send it."""

    delivery: int
    count: int
    named: tuple[T, ...]
    goes_at: int = 0


@dataclass(frozen=True)
class GrowingNotice(Generic[T]):
    """A kind of notice for the owner.

    Attributes:
        fact: the name under which the store keeps the newest one.
        item: the type of its items, which are stored with it.
        title: returns the title for a number of items.
        last_line: follows the items.
        every: the interval between two notices, in us; items that come meanwhile are in the next one.
        silent: whether it makes no sound.
    """

    fact: str
    item: type[T]
    title: Callable[[int], str]
    last_line: str
    every: int = 0
    silent: bool = False

    def add(
        self, connection: sqlite3.Connection, items: Sequence[T], owner: int, now: int, held: str | None
    ) -> None:
        """Add to the notice that is not sent yet, or queue one (held for the reason `held`)."""
        kept = facts.get(connection, self.fact)
        last = None if kept is None else msgspec.json.decode(kept, type=Newest[self.item])  # type: ignore[name-defined]
        if last is not None and deliveries.is_untouched(connection, last.delivery):
            count, named, goes_at = last.count + len(items), (*last.named, *items)[:NAMED], last.goes_at
            delivery = last.delivery
            part = deliveries.parts(connection, delivery, 1)[0].part
            deliveries.replace_part(connection, part, pack(Payload(text=self.text(named, count))))
        else:
            count, named = len(items), tuple(items[:NAMED])
            goes_at = max(now, last.goes_at + self.every) if last is not None and self.every else now
            payload = pack(Payload(text=self.text(named, count)))
            delivery = deliveries.enqueue(connection, owner, [payload], now, silent=self.silent, held=held)
            if goes_at > now:
                deliveries.later(connection, delivery, goes_at)
        facts.put(connection, self.fact, msgspec.json.encode(Newest(delivery, count, named, goes_at)))

    def text(self, named: Sequence[T], count: int) -> render.Text:
        """Return the text for `count` items, of which the named ones have a line."""
        lines = [item.line for item in named]
        if count > len(named):
            lines.append(f"and {count - len(named)} more")
        return render.notice(self.title(count), [*lines, self.last_line])
