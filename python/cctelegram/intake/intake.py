"""Intake from the spool to the store: a batch becomes durable, and only then are its files removed."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from cctelegram.decisions import close, ledger
from cctelegram.decisions.question import question
from cctelegram.delivery.growing_notice import GrowingNotice
from cctelegram.events.event import from_row
from cctelegram.events.lane import Lane
from cctelegram.intake.mode_events import ModeEvents
from cctelegram.monitor import catalogue
from cctelegram.policy.judge import hold_reason
from cctelegram.retry import DISK
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.event_ids import log_stored
from cctelegram.runtime.problem import Problem
from cctelegram.runtime.signals import (
    DecisionOpened,
    DeliveriesEnded,
    DeliveriesQueued,
    DeliveryHeld,
    EventsStored,
    SettingsChanged,
)
from cctelegram.store import intake
from cctelegram.store.repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.decisions.ledger import Decision
    from cctelegram.delivery.modes import Modes
    from cctelegram.delivery.recipients import Recipients
    from cctelegram.intake.mode_events import AppliedMode
    from cctelegram.monitor.values import Metrics
    from cctelegram.policy.routes import Routes
    from cctelegram.runtime.context import Context
    from cctelegram.spool.inbox import Inbox
    from cctelegram.store.judgement import Judgement

# The reason for rejecting an event that violates no rule of the protocol.
FAULT: Final = "The bridge failed to store this event"
UNTAKEN: Final = (
    "Make room on the disk, and let the bridge's user read and write the directories of the home; the files "
    "stay, and the bridge tries again by itself."
)
ADVICE: Final = "Report this bug of the bridge with the file. To retry, edit the file in rejected/."


class Rejection(msgspec.Struct, frozen=True):
    """One file in the owner's notice."""

    name: str
    reason: str

    @property
    def line(self) -> str:
        """Return the line of the notice."""
        return f"{self.name}: {self.reason}"


REJECTED: Final = GrowingNotice(
    "rejected_notice",
    Rejection,
    title=lambda count: "A file could not be used" if count == 1 else f"{count} files could not be used",
    last_line="See rejected/ in the home: the reason for each file is beside it.",
)


class Intake(Component):
    """Takes batches until the inbox ends."""

    name = "taking events"

    def __init__(self, context: Context, inbox: Inbox, recipients: Recipients, modes: Modes) -> None:
        super().__init__(context)
        self._inbox = inbox
        self._recipients = recipients
        self._modes = modes
        self._mode_events = ModeEvents(context, modes)
        self._repeats = Repeats()
        self._problem: str | None = None
        self._busy = False
        context.metrics.begin(catalogue.DEDUPLICATED)

    def _listeners(self) -> dict[type, Callable[[Any], None]]:
        return {SettingsChanged: self._settings_changed}

    def _settings_changed(self, _: SettingsChanged) -> None:
        self._inbox.change(self._context.settings.spool)

    @property
    def failing(self) -> bool:
        """Whether storing events fails now."""
        return self._problem is not None

    def problems(self) -> list[Problem]:
        """Return why events are not stored, or are delayed."""
        problem = self._problem or self._inbox.trouble
        return [] if problem is None else [Problem(problem, UNTAKEN)]

    def waiting(self) -> bool:
        """Return whether the spool still holds something to take, or something taken is not stored yet."""
        return self._busy or self._inbox.waiting()

    def status(self) -> dict[str, Any]:
        """Return what was taken since the start; see spool.tally."""
        return {"spool": self._inbox.tally.snapshot()}

    def measure(self, metrics: Metrics) -> None:
        """Set the totals of the spool."""
        self._inbox.tally.measure(metrics)

    async def _work(self) -> None:
        """Take batches: while one is stored, the previous one's files are removed and the next is read."""
        removing: asyncio.Task[None] | None = None
        self._problem = None
        try:
            async for batch in self._inbox.batches():
                self._busy = True
                try:
                    await self._take(batch)
                except BaseException as error:
                    # Whatever the error, the batch is taken again. Keys recognize events already durable.
                    if isinstance(error, Exception):
                        self._problem = f"cannot store events: {_describe(error)}; retrying"
                    await self._inbox.rewind(batch)
                    raise
                if removing is not None:
                    await asyncio.shield(removing)
                removing = asyncio.create_task(self._remove(batch))
                if not batch.more:
                    await asyncio.shield(removing)
                self._busy = False
                del batch  # as in Inbox.batches
        finally:
            if removing is not None:
                await asyncio.wait([removing])  # durable: leave no files for the next start

    async def _take(self, batch: Any) -> None:
        """Make a batch durable, then signal and log it."""
        rows = batch.rows()
        rejected = [Rejection(item.name, item.reason) for item in batch.rejected]
        reported = [*rejected, *(Rejection(item.name, item.reason) for item in batch.troubles)]
        routes = self._recipients.routes
        try:
            accepted = await self._store_events(rows, reported, routes, batch)
        except Exception as error:
            if _is_system_error(error):
                raise
            accepted, failed = await self._store_one_by_one(rows, reported, routes, batch, error)
            rejected += failed
            reported += failed
        durable_at = clock.wall()
        # Durable: deliveries may be sent while the files are removed.
        chats = {to.chat_id for item in accepted for to in routes.recipients(item.row) if to.chat_id}
        if reported and routes.owner is not None:
            chats.add(routes.owner)
        if chats:
            self._signals.send(DeliveriesQueued(chats))
        for item in reported:
            self._log.warning("intake.file_rejected", name=item.name, reason=item.reason)
        if rows:
            self._context.metrics.observe(catalogue.BATCH_EVENTS, len(rows))
        last = None
        if accepted:
            row = accepted[-1].row
            last = {"event_id": row[1], "type": row[2], "title": row[3]}
            log_stored(self._log, [item.row[intake.EVENT_ID] for item in accepted], _traces(accepted))
        stored = (accepted[0].event, accepted[-1].event) if accepted else None
        self._signals.send(EventsStored(len(accepted), len(rejected), last, stored, durable_at))

    async def _remove(self, batch: Any) -> None:
        """Remove the files whose rows are durable; a file that cannot be removed is not delivered again."""
        try:
            removed = await self._inbox.done(batch)
        except Exception as error:  # noqa: BLE001 - any: files that are not released are never read again
            # Such as a missing directory: when it is back, its files are recognized by their intake keys.
            self._inbox.release(batch)
            self._log.warning("intake.remove_failed", reason=str(error))
            return
        for item in removed.troubles:
            self._log.warning("intake.remove_failed", name=item.name, reason=item.reason)

    async def _store_one_by_one(
        self, rows: list[intake.Row], reported: list[Rejection], routes: Routes, batch: Any, error: Exception
    ) -> tuple[list[intake.Accepted], list[Rejection]]:
        """Store the events of a failed batch one by one; reject those that fail again.

        Returns:
            The stored and the rejected events.

        Raises:
            Exception: the store also fails without an event, or rejected/ cannot be written.
        """
        self._problem = f"a batch of {len(rows)} events failed ({_describe(error)}); storing them one by one"
        self._log.error("intake.batch_failed", reason=_describe(error), events=len(rows), exc_info=error)
        accepted: list[intake.Accepted] = []
        failed: dict[bytes, str] = {}
        for row in rows:
            try:
                accepted += await self._store_events([row], [], routes)
            except Exception as fault:
                if _is_system_error(fault):
                    raise
                await self._store_events([], [], routes)  # raises when it is not the event's fault
                failed[row[intake.INTAKE_KEY]] = f"{FAULT} ({_describe(fault)}). {ADVICE}"
                self._log.error("intake.event_failed", event_id=row[intake.EVENT_ID], exc_info=fault)
        moved = await self._inbox.reject(batch, failed) if failed else []
        rejected = [Rejection(item.name, item.reason) for item in moved]
        accepted += await self._store_events([], [*reported, *rejected], routes, batch)
        return accepted, rejected

    async def _store_events(
        self, rows: list[intake.Row], reported: list[Rejection], routes: Routes, batch: Any = None
    ) -> list[intake.Accepted]:
        """Store events in one transaction, with the positions of their batch when it is given.

        Wait and retry for as long as the store cannot be written.
        """

        def work(connection: sqlite3.Connection) -> _Stored:
            now, judge = clock.wall(), self._modes.batch_judge()
            others: list[tuple[intake.Row, Judgement]] = []

            def judged(row: intake.Row) -> Judgement:
                found = judge(row)
                if found.state != "queued":
                    others.append((row, found))
                return found

            accepted = intake.accept(
                connection, rows, routes.recipients, now, judge=judged, read_at=self._inbox.read_at
            )
            folded = self._repeats.fold(connection, accepted, now)
            if batch is not None:
                intake.keep_positions(connection, batch.positions, batch.finished)
            questions = [item for item in accepted if item.row[intake.TYPE] == intake.QUESTION]
            decisions = [_open(connection, item, now) for item in questions]
            if reported and routes.owner is not None:
                held = hold_reason(self._modes.policy(), Lane.ALERTS, None, silent=False)
                REJECTED.add(connection, reported, routes.owner, now, held)
            applied = self._mode_events.apply(connection, accepted)
            return _Stored(accepted, applied, now, folded, decisions, others)

        large = any(len(row[intake.BODY]) > intake.LARGE for row in rows)
        while True:
            began = time.perf_counter()
            try:
                async with self._context.large_event if large else contextlib.nullcontext():
                    stored = await self._store.run(work)
            except sqlite3.OperationalError as error:
                # Nothing is lost: the files stay until the rows are durable. The lock is released: large
                # events that are only read can proceed in the meantime.
                self._problem = f"cannot write {self._store.path}: {error}"
                self._log.error("intake.store_failed", reason=self._problem, events=len(rows))
                await asyncio.sleep(DISK.longest)
            else:
                if batch is not None:
                    self._problem = None
                self._mode_events.complete(stored.applied)
                self._count(stored, routes, time.perf_counter() - began)
                return stored.accepted

    def _count(self, stored: _Stored, routes: Routes, seconds: float) -> None:
        """Count what was stored; not in `work`, which a fault of the store repeats."""
        metrics, signals = self._context.metrics, self._signals
        if not stored.accepted:
            return
        metrics.observe(catalogue.STORE_EVENTS, seconds)
        for type_, count in Counter(item.row[intake.TYPE] for item in stored.accepted).items():
            metrics.add(catalogue.EVENTS, count, type_)
        for item in stored.accepted:
            metrics.observe(
                catalogue.EVENT_TO_STORE, max(0, stored.now - item.row[intake.OCCURRED_AT]) / 1_000_000
            )
        metrics.add(catalogue.DEDUPLICATED, stored.folded)
        held, dropped = Counter[str](), 0
        for row, judgement in stored.others:
            recipients = len(routes.recipients(row))
            if judgement.state == "dead":
                dropped += recipients
            elif routes.owner is not None:
                held[judgement.reason or ""] += recipients
        if routes.owner is None:
            held[intake.NO_USERS] = len(stored.accepted) - dropped
        if held:
            signals.send(DeliveryHeld(held))
        if dropped:
            signals.send(DeliveriesEnded("dead", "rule", dropped))
        if stored.decisions:
            signals.send(DecisionOpened(len(stored.decisions)))
        closed = [decision for decision in stored.decisions if decision.state != "open"]
        if closed:
            signals.send(close.signal(*closed))


class _Stored(NamedTuple):
    """What a transaction stored at `now` (us); `others` are the rows that are not queued, as judged."""

    accepted: list[intake.Accepted]
    applied: AppliedMode | None
    now: int
    folded: int
    decisions: list[Decision]
    others: list[tuple[intake.Row, Judgement]]


def _traces(accepted: list[intake.Accepted]) -> dict[str, str]:
    """Return the trace id by event id, of the events that have one."""
    found = ((item.row[intake.EVENT_ID], intake.trace(item.row)) for item in accepted)
    return {event_id: trace for event_id, trace in found if trace is not None}


def _open(connection: sqlite3.Connection, item: intake.Accepted, now: int) -> Decision:
    event = from_row(item.row)
    decision = ledger.open_decision(connection, item.event, question(event), event.occurred_at, now)
    if decision.state != "open":
        close.store_answer(connection, decision, now)
    return decision


def _is_system_error(error: Exception) -> bool:
    """Return whether an error is not caused by the event: a damaged store, a disk, no memory."""
    return isinstance(error, OSError | MemoryError | sqlite3.OperationalError | sqlite3.InternalError) or (
        type(error) is sqlite3.DatabaseError  # the store is malformed, not the row
    )


def _describe(error: BaseException) -> str:
    """Describe an error as the supervisor does."""
    return f"{type(error).__name__}: {error}"
