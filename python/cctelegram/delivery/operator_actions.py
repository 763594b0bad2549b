"""Operator actions and their consequences: decisions are closed, senders and agents are notified."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

from cctelegram.decisions import close, ledger
from cctelegram.policy.routes import reassigned
from cctelegram.runtime import clock
from cctelegram.runtime.event_ids import TOGETHER
from cctelegram.runtime.signals import DeliveriesEnded, DeliveriesQueued
from cctelegram.store import operator_actions as actions
from cctelegram.store import outbox
from cctelegram.store.operator_actions import Impossible

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cctelegram.config.settings import Settings
    from cctelegram.decisions.ledger import Decision
    from cctelegram.runtime.context import Context


class ActionResult(NamedTuple):
    """The result of an operator action: deliveries with their states before and after, and refusals.

    `cancelled`: the questions that can no longer be answered.
    """

    done: list[dict[str, Any]]
    refused: list[str]
    cancelled: tuple[Decision, ...] = ()
    event_ids: tuple[str, ...] = ()  # of the events of `done`; a notice has none

    def as_dict(self) -> dict[str, Any]:
        """Return the result as JSON fields; `cancelled` as whether there are any."""
        return {"done": self.done, "refused": self.refused, "cancelled": bool(self.cancelled)}


class Cancelled(NamedTuple):
    """A question after its withdrawal: `cancelled`, or closed before, and then `dropped` is None.

    `dropped`: how many of its deliveries will not be sent.
    """

    decision: Decision
    dropped: int | None = None


def retry(connection: sqlite3.Connection, numbers: Iterable[int], settings: Settings) -> ActionResult:
    """Queue deliveries again; those of a chat that is no longer a recipient go to the owner.

    Raises:
        Impossible: none of them can be retried.
    """
    result = _apply_each(connection, list(numbers), actions.retry)
    reassigned(connection, settings)
    return _with_states(connection, result)


def drop(connection: sqlite3.Connection, numbers: Iterable[int], now: int) -> ActionResult:
    """Mark deliveries dead; cancel a question that can no longer be answered, so that no agent waits.

    Raises:
        Impossible: none of them can be dropped.
    """
    result = _apply_each(connection, list(numbers), actions.drop)
    cancelled = []
    for one in result.done:
        event = actions.dead_event(connection, one["delivery"])
        decision = None if event is None else ledger.of_event(connection, event)
        closed = None if decision is None else ledger.cancel(connection, decision.id, now)
        if closed is not None:
            close.store_answer(connection, closed, now)
            cancelled.append(closed)
    return _with_states(connection, result)._replace(cancelled=tuple(cancelled))


def cancel(connection: sqlite3.Connection, event_id: str, now: int) -> Cancelled | None:
    """Close a question that its asker withdraws; its unsent deliveries are never sent.

    Returns None when the store does not know the event.

    Raises:
        Impossible: the event is not a question.
    """
    row = connection.execute("SELECT id FROM events WHERE event_id = ?", (event_id,)).fetchone()
    if row is None:
        return None
    decision = ledger.of_event(connection, int(row[0]))
    if decision is None:
        raise Impossible(f"{event_id} is not a question: there is nothing to cancel.")
    closed = ledger.cancel(connection, decision.id, now)
    if closed is None:
        return Cancelled(decision)
    close.store_answer(connection, closed, now)
    dropped = 0
    for (number,) in connection.execute("SELECT id FROM deliveries WHERE event = ?", row).fetchall():
        with contextlib.suppress(Impossible):  # sent or in flight: its card is edited
            dropped += actions.drop(connection, number) != "dead"
    return Cancelled(closed, dropped)


def _apply_each(
    connection: sqlite3.Connection, numbers: list[int], action: Callable[[sqlite3.Connection, int], str]
) -> ActionResult:
    done, refused = [], []
    for number in numbers:
        try:
            done.append({"delivery": number, "before": action(connection, number)})
        except Impossible as impossible:
            refused.append(str(impossible))
    if refused and not done:
        raise Impossible(" ".join(refused))
    return ActionResult(done, refused)


def _with_states(connection: sqlite3.Connection, result: ActionResult) -> ActionResult:
    numbers = [one["delivery"] for one in result.done]
    done = [{**one, "state": actions.state(connection, one["delivery"])} for one in result.done]
    return result._replace(done=done, event_ids=tuple(actions.event_ids(connection, numbers)))


def _logged(result: ActionResult) -> Iterator[dict[str, Any]]:
    """Yield the fields of the log lines of an action: one line, more for many deliveries."""
    numbers = [one["delivery"] for one in result.done]
    for start in range(0, max(1, len(numbers)), TOGETHER):
        end = start + TOGETHER
        yield {"deliveries": numbers[start:end], "event_ids": list(result.event_ids[start:end])}


class OperatorActions:
    """The operator actions of a running bridge."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._log = context.log

    async def listed(self, states: Sequence[str], chat_id: int | None, limit: int) -> dict[str, Any]:
        """Return deliveries, as `outbox.listed` does."""
        return await self._store.read(lambda c: outbox.listed(c, states, chat_id, limit))

    async def shown(self, which: str) -> list[dict[str, Any]]:
        """Return everything known about the named deliveries. Raises Impossible."""
        return await self._store.read(
            lambda c: [outbox.shown(c, number) for number in actions.named(c, which)]
        )

    async def retry(self, which: str) -> dict[str, Any]:
        """Retry the named deliveries. Raises Impossible."""
        return await self._retry(lambda c: actions.named(c, which))

    async def retry_dead(self) -> dict[str, Any]:
        """Retry all dead deliveries except those that were dropped."""
        return await self._retry(actions.dead)

    async def drop(self, which: str) -> dict[str, Any]:
        """Drop the named deliveries: they are never sent. Raises Impossible."""
        result = await self._store.run(lambda c: drop(c, actions.named(c, which), clock.wall()))
        for fields in _logged(result):
            self._log.warning("delivery.dropped", **fields)
        if result.cancelled:
            self._context.signals.send(close.signal(*result.cancelled))
        dropped = sum(one["before"] != "dead" for one in result.done)
        if dropped:
            self._context.signals.send(DeliveriesEnded("dead", "operator", dropped))
        return result.as_dict()

    async def cancel(self, event_id: str) -> str | None:
        """Close a question, as `cancel` does. Raises Impossible."""
        found = await self._store.run(lambda c: cancel(c, event_id, clock.wall()))
        if found is None:
            return None
        decision, dropped = found
        if decision.state == "cancelled":
            self._log.info("decision.cancelled", event_id=event_id)
        if dropped is not None:
            self._context.signals.send(close.signal(decision))
            self._context.signals.send(DeliveriesEnded("dead", "operator", dropped))
        return decision.state

    async def _retry(self, which: Callable[[sqlite3.Connection], list[int]]) -> dict[str, Any]:
        def work(connection: sqlite3.Connection) -> tuple[ActionResult, set[int]]:
            result = retry(connection, which(connection), self._context.settings)
            return result, actions.chats(connection, (one["delivery"] for one in result.done))

        result, chats = await self._store.run(work)
        for fields in _logged(result):
            self._log.info("delivery.retried", **fields)
        self._context.signals.send(DeliveriesQueued(chats))
        return result.as_dict()
