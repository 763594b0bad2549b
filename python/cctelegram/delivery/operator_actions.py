"""Operator actions and their consequences: decisions are closed, senders and agents are notified."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

from cctelegram.decisions import close, ledger
from cctelegram.policy.routes import reassigned
from cctelegram.runtime import clock
from cctelegram.runtime.signals import DecisionClosed, DeliveriesQueued
from cctelegram.store import operator_actions as orders
from cctelegram.store import overview
from cctelegram.store.operator_actions import Impossible

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from cctelegram.config.settings import Settings
    from cctelegram.runtime.context import Context


class Followed(NamedTuple):
    """The result of an operator action: deliveries with their states before and after, and refusals."""

    done: list[dict[str, Any]]
    refused: list[str]
    cancelled: bool = False

    def told(self) -> dict[str, Any]:
        """Return the result as the operator gets it."""
        return self._asdict()


def retry(connection: sqlite3.Connection, numbers: Iterable[int], settings: Settings) -> Followed:
    """Queue deliveries again; those of a chat that is no longer a recipient go to the owner.

    Raises:
        Impossible: none of them can be retried.
    """
    followed = _each(connection, list(numbers), orders.retry)
    reassigned(connection, settings)
    return _as_they_are(connection, followed)


def drop(connection: sqlite3.Connection, numbers: Iterable[int], now: int) -> Followed:
    """Mark deliveries dead; cancel a question that can no longer be answered, so that no agent waits.

    Raises:
        Impossible: none of them can be dropped.
    """
    followed = _each(connection, list(numbers), orders.drop)
    cancelled = False
    for one in followed.done:
        event = orders.forsaken(connection, one["delivery"])
        decision = None if event is None else ledger.of_event(connection, event)
        closed = None if decision is None else ledger.cancel(connection, decision.id, now)
        if closed is not None:
            close.store_answer(connection, closed, now)
            cancelled = True
    return _as_they_are(connection, followed)._replace(cancelled=cancelled)


def cancel(connection: sqlite3.Connection, event_id: str, now: int) -> str | None:
    """Close a question that its asker withdraws; its unsent deliveries are never sent.

    Returns the decision's state, `cancelled` or how it was closed before; None when the store does not
    know the event.

    Raises:
        Impossible: the event is not a question.
    """
    row = connection.execute("SELECT id FROM events WHERE event_id = ?", (event_id,)).fetchone()
    if row is None:
        return None
    decision = ledger.of_event(connection, int(row[0]))
    if decision is None:
        raise Impossible(f"{event_id} is no question, so there is nothing to cancel.")
    closed = ledger.cancel(connection, decision.id, now)
    if closed is None:
        return decision.state
    close.store_answer(connection, closed, now)
    for (number,) in connection.execute("SELECT id FROM deliveries WHERE event = ?", row).fetchall():
        with contextlib.suppress(Impossible):  # sent or in flight: its card is edited
            orders.drop(connection, number)
    return closed.state


def _each(
    connection: sqlite3.Connection, numbers: list[int], order: Callable[[sqlite3.Connection, int], str]
) -> Followed:
    done, refused = [], []
    for number in numbers:
        try:
            done.append({"delivery": number, "before": order(connection, number)})
        except Impossible as impossible:
            refused.append(str(impossible))
    if refused and not done:
        raise Impossible(" ".join(refused))
    return Followed(done, refused)


def _as_they_are(connection: sqlite3.Connection, followed: Followed) -> Followed:
    return followed._replace(
        done=[{**one, "state": orders.state(connection, one["delivery"])} for one in followed.done]
    )


class OperatorActions:
    """The operator actions of a running bridge."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._log = context.log

    async def listed(self, states: Sequence[str], chat_id: int | None, limit: int) -> dict[str, Any]:
        """Return deliveries, as `overview.listed` does."""
        return await self._store.read(lambda c: overview.listed(c, states, chat_id, limit))

    async def shown(self, which: str) -> list[dict[str, Any]]:
        """Return everything known about the named deliveries. Raises Impossible."""
        return await self._store.read(
            lambda c: [overview.shown(c, number) for number in orders.named(c, which)]
        )

    async def retry(self, which: str) -> dict[str, Any]:
        """Retry the named deliveries. Raises Impossible."""
        return await self._retry(lambda c: orders.named(c, which))

    async def retry_dead(self) -> dict[str, Any]:
        """Retry all dead deliveries except those that were dropped."""
        return await self._retry(orders.dead)

    async def drop(self, which: str) -> dict[str, Any]:
        """Drop the named deliveries: they are never sent. Raises Impossible."""
        followed = await self._store.run(lambda c: drop(c, orders.named(c, which), clock.wall()))
        self._log.warning("delivery.dropped", deliveries=[one["delivery"] for one in followed.done])
        if followed.cancelled:
            self._context.signals.send(DecisionClosed())
        return followed.told()

    async def cancel(self, event_id: str) -> str | None:
        """Close a question, as `cancel` does. Raises Impossible."""
        state = await self._store.run(lambda c: cancel(c, event_id, clock.wall()))
        if state == "cancelled":
            self._log.info("decision.cancelled", event_id=event_id)
            self._context.signals.send(DecisionClosed())
        return state

    async def _retry(self, which: Callable[[sqlite3.Connection], list[int]]) -> dict[str, Any]:
        def work(connection: sqlite3.Connection) -> tuple[Followed, set[int]]:
            followed = retry(connection, which(connection), self._context.settings)
            return followed, orders.chats(connection, (one["delivery"] for one in followed.done))

        followed, chats = await self._store.run(work)
        self._log.info("delivery.retried", deliveries=[one["delivery"] for one in followed.done])
        self._context.signals.send(DeliveriesQueued(chats))
        return followed.told()
