"""Close decisions when they expire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.decisions import close, ledger
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.signals import ClockJumped, DecisionOpened, StoreReplaced
from cctelegram.store import intake

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.decisions.ledger import Decision


# Longest sleep while a decision is open, in seconds: the wall clock may step meanwhile.
MAX_SLEEP = 60.0


class Expiry(Component):
    """Closes the decisions that are due."""

    name = "expiring questions"
    wakes_on = (DecisionOpened, ClockJumped, StoreReplaced)

    async def _work(self) -> None:
        """Sleep until the next decision is due, close it, repeat."""
        while True:
            closed, next_expiry = await self._store.run(lambda c: _expire(c, clock.wall()))
            if closed:
                self._signals.send(close.signal(*(decision for decision, _ in closed)))
                for _, head in closed:
                    self._log.info("decision.expired", **head.log_fields)
            if next_expiry is None:
                await self._wake.wait()
            else:
                await self._wake.wait(min(MAX_SLEEP, max(0.0, (next_expiry - clock.wall()) / 1_000_000)))


def _expire(
    connection: sqlite3.Connection, now: int
) -> tuple[list[tuple[Decision, intake.Head]], int | None]:
    closed = []
    for decision in ledger.due(connection, now):
        expired = ledger.expire(connection, decision, now)
        if expired is not None:
            close.store_answer(connection, expired, now)
            closed.append((expired, intake.event_head(connection, expired.event)))
    return closed, ledger.next_expiry(connection)
