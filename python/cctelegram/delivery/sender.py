"""Sending: one sender for each chat, with one message in flight in each.

Before a request leaves, the store says `sending`; when its response is known, the result. So a crash leaves
at most one message per chat with unknown delivery status.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cctelegram.config.zone import zone
from cctelegram.decisions import ledger
from cctelegram.delivery import classification, compose, digest, edit, failure, hold, payload, progress
from cctelegram.delivery.digest_log import log_digest
from cctelegram.delivery.message import PartSender
from cctelegram.events.lane import Lane
from cctelegram.monitor import catalogue
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.signals import (
    CardSent,
    ChatReachable,
    ChatUnreachable,
    ClockJumped,
    DeliveriesEnded,
    DeliveriesQueued,
    DeliveryHeld,
    EventsDigested,
    MessageSent,
    SendFailed,
    SettingsChanged,
    TokenRejected,
)
from cctelegram.runtime.wake import Wake
from cctelegram.store import chats, deliveries, operator_actions
from cctelegram.telegram import errors

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from cctelegram.delivery.line import Bot
    from cctelegram.delivery.modes import Modes
    from cctelegram.delivery.recipients import Recipients
    from cctelegram.delivery.topics import Topics
    from cctelegram.runtime.context import Context
    from cctelegram.store.deliveries import Part

# The shortest time between two edits of a task's progress, in microseconds.
EDIT_EVERY: Final = 3_000_000


# Cancellation waits this long, in seconds, for the requests in flight; one cut off is repeated with a mark.
SHUTDOWN_TIMEOUT: Final = 5.0
# The result of a request is recorded however long the disk is full: a delivery left in `sending` would not be
# picked up before the next start, and would then be repeated.
RECORDING: Final = "recording what was sent"


class _Message(NamedTuple):
    """A message that Telegram accepted: its id, the state of the decision that it shows, whether an edit."""

    message_id: int
    shown: str
    edited: bool


class Sender(Component):
    """Sends what is queued; on cancellation, waits `SHUTDOWN_TIMEOUT` seconds for the requests in flight."""

    name = "sending"

    def __init__(
        self, context: Context, bot: Bot, recipients: Recipients, topics: Topics, modes: Modes
    ) -> None:
        super().__init__(context)
        self._parts = PartSender(context, bot)
        self._bot = bot
        self._recipients = recipients
        self._topics = topics
        self._modes = modes
        self._chat_wakes: dict[int, Wake] = {}
        self.dead: dict[int, str] = {}
        self._in_flight: set[asyncio.Task[compose.Next | None]] = set()
        self._halted = False
        self._settings_changed = asyncio.Event()
        self._metrics = context.metrics
        self._metrics.begin(catalogue.RETRIES, catalogue.CONFLATED, catalogue.PAUSED)

    def _listeners(self) -> dict[type, Callable[[Any], None]]:
        return {
            DeliveriesQueued: self._queued,
            ChatUnreachable: self._unreachable,
            ChatReachable: self._reachable,
            SettingsChanged: self._changed,
            ClockJumped: self._wake_all,
        }

    async def _work(self) -> None:
        """Serve every chat that has deliveries queued, now or later."""
        try:
            await self._serve_all()
        finally:
            if self._in_flight:
                _, late = await asyncio.wait(self._in_flight, timeout=SHUTDOWN_TIMEOUT)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)

    async def _serve_all(self) -> None:
        await self._store.run(deliveries.recover)
        self.dead = await self._store.run(lambda c: chats.dead(c, self._bot.row))
        for chat_id in await self._store.run(deliveries.waiting_chats):
            self._chat_wakes.setdefault(chat_id, Wake())
        serving: set[int] = set()
        async with asyncio.TaskGroup() as group:
            while True:
                for chat_id in self._chat_wakes.keys() - serving:
                    serving.add(chat_id)
                    work = self._context.supervisor.supervise(
                        f"sending to {chat_id}", partial(self._serve, chat_id)
                    )
                    group.create_task(work, name=f"send {chat_id}")
                await self._wake.wait()

    def _queued(self, queued: DeliveriesQueued) -> None:
        for chat_id in queued.chat_ids:
            self._wake_chat(chat_id)

    def _wake_chat(self, chat_id: int) -> None:
        wake = self._chat_wakes.get(chat_id)
        if wake is None:
            wake = self._chat_wakes[chat_id] = Wake()
            self._wake.set()
        wake.set()

    def _unreachable(self, chat: ChatUnreachable) -> None:
        self.dead[chat.chat_id] = chat.reason

    def _reachable(self, chat: ChatReachable) -> None:
        self.dead.pop(chat.chat_id, None)
        self._wake_chat(chat.chat_id)

    def _changed(self, _: SettingsChanged) -> None:
        self._settings_changed.set()
        self._settings_changed = asyncio.Event()
        self._wake_all()

    def _wake_all(self, _: object = None) -> None:
        for wake in self._chat_wakes.values():
            wake.set()

    async def _serve(self, chat_id: int) -> None:
        wake = self._chat_wakes[chat_id]
        # A fault between a send and its record (a full disk) ends this task; it is restarted from here.
        await self._store.run(lambda c: deliveries.recover(c, chat_id))
        following: compose.Next | None = None
        while True:
            # Valid for this turn only: after any wait, the store is read again.
            found, following = following, None
            if self._halted:
                await asyncio.Event().wait()  # a change of the token ends this task
            # A positive id is a private chat: a user who is no longer allowed gets no messages.
            if chat_id in self.dead or (
                chat_id > 0 and chat_id not in self._context.settings.telegram.allowed_users
            ):
                await wake.wait()
                continue
            pause = self._bot.pauses.seconds(chat_id)
            if pause > 0:
                # A wake-up does not shorten the pause; it only causes another check.
                await wake.wait(pause)
                continue
            pace = self._bot.pacing.wait(chat_id, clock.monotonic())
            if pace > 0:
                # The next delivery is chosen after the wait: a decision that arrives in it goes first.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pace):
                        await self._settings_changed.wait()
                continue
            if found is None:
                found = await self._store.run(lambda c: self._next(c, chat_id))
            job = found.job
            if job is None:
                at = found.at
                await wake.wait(None if at is None else max(0.001, (at - clock.wall()) / 1_000_000))
                continue
            if job.waiting.event is not None and chat_id not in self._recipients.routes.chats:
                # It was in flight when the settings changed, and was queued again.
                await self._recipients.reassign()
                await wake.wait()
                continue
            if await self._held(job):
                continue
            if await self._conflated(job) or (found.crowded and await self._merged(job)):
                continue
            assigned = await self._topics.assign(job)
            taken = clock.monotonic()
            if assigned is None or not self._bot.pacing.try_take(chat_id, taken):
                continue  # a topic was created, or another chat's message took the last of the bot's limit
            sending = asyncio.create_task(self._send(assigned, taken), name=f"in flight to {chat_id}")
            self._in_flight.add(sending)
            sending.add_done_callback(self._in_flight.discard)
            # Cancellation stops the next message, not the one in flight: its response would be lost.
            following = await asyncio.shield(sending)

    async def _held(self, job: compose.Job) -> bool:
        """Hold what was queued before the mode or quiet hours that hold it; return whether it was held."""
        policy = self._modes.policy()
        if not hold.may_hold(policy):
            return False
        held = await self._store.run(lambda c: hold.hold(c, policy, job.waiting))
        if held is not None:
            self._signals.send(DeliveryHeld({held: 1}))
        return held is not None

    async def _conflated(self, job: compose.Job) -> bool:
        """Replace a task's progress by a newer one, or postpone it; return whether either was done."""
        if job.waiting.lane != Lane.PROGRESS or job.waiting.event is None or job.rendered:
            return False
        delivery, bot = job.waiting.delivery, self._bot.row

        def work(connection: sqlite3.Connection) -> tuple[bool, int]:
            before = connection.total_changes
            newest = progress.conflate(connection, delivery)
            replaced = connection.total_changes - before
            if newest != delivery:
                return True, replaced
            shown = progress.shown(connection, bot, delivery)
            due = 0 if shown is None else shown.edited_at + EDIT_EVERY
            # A clock that was set back must not delay it by as much.
            if 0 < due - clock.wall() <= EDIT_EVERY:
                deliveries.later(connection, delivery, due)
                return True, replaced
            return False, replaced

        done, replaced = await self._store.run(work)
        self._metrics.add(catalogue.CONFLATED, replaced)
        return done

    async def _merged(self, job: compose.Job) -> bool:
        """Merge a lane that is over its bound into one digest; return whether it was."""
        lane, chat_id = job.waiting.lane, job.waiting.chat_id
        to = (chat_id, job.waiting.thread_id)
        bound = self._bound(lane)
        local = zone(self._context.settings.display.timezone)

        def work(connection: sqlite3.Connection) -> digest.Digest | None:
            if not digest.crowded(connection, *to, lane, bound):
                return None
            return digest.of_lane(connection, to, lane, clock.wall(), local)

        made = await self._store.run(work)
        if made is None:
            return False
        self._signals.send(EventsDigested(made.events))
        self._log.info("delivery.digest", chat_id=chat_id, lane=lane, events=made.events)
        log_digest(self._log, made)
        return True

    def _next(self, connection: sqlite3.Connection, chat_id: int) -> compose.Next:
        """Return the next delivery to a chat, with everything that its send needs from the store."""
        job = compose.load(connection, chat_id, clock.wall())
        if job is None:
            return compose.Next(None, at=deliveries.next_time(connection, chat_id))
        lane, thread_id = job.waiting.lane, job.waiting.thread_id
        if lane == Lane.DECISIONS or job.waiting.event is None or job.rendered:
            return compose.Next(job)
        crowded = digest.crowded(connection, chat_id, thread_id, lane, self._bound(lane))
        return compose.Next(job, crowded=crowded)

    def _bound(self, lane: int) -> int:
        bounds = self._context.settings.lanes
        return bounds.alert_bound if lane == Lane.ALERTS else bounds.ordinary_bound

    async def _send(self, job: compose.Job, taken: float) -> compose.Next | None:
        """Send the next part; return the next delivery, read as the arrival is stored, or None."""
        started = await self._start(job)
        if started is None:
            return None
        part, content, last, card = started
        if job.waiting.attempts:
            self._metrics.add(catalogue.RETRIES)
        edited = False
        try:
            # Only a whole message can replace another.
            message_id = None
            if last and part.position == 0:
                message_id = await edit.edit(self._store, self._bot, job.waiting, content)
                edited = message_id is not None
            if message_id is None:
                message_id = await self._parts.send(
                    job.waiting, content, marked=bool(job.waiting.unclear or part.unclear)
                )
        except errors.TelegramError as error:
            await self._failed(job, card, error)
            return None
        finally:
            self._bot.pacing.answered(job.waiting.chat_id, taken, clock.monotonic())
        # A part rendered before a crash still asks, whatever the state of the decision is now.
        shown = "open" if content.buttons or content.asks or job.decision is None else job.decision.state
        return await self._arrived(job, part, card, _Message(message_id, shown, edited))

    async def _start(self, job: compose.Job) -> tuple[Part, payload.Payload, bool, int | None] | None:
        """Record that the next part is in flight; return it, whether it is the last, and its card."""
        waiting = job.waiting
        began = clock.wall()
        new = [] if job.rendered else await self._compose(job)
        render_times = (began, clock.wall()) if new else None
        packed = [payload.pack(one) for one in new]

        def work(connection: sqlite3.Connection) -> tuple[Part | None, bool, int | None]:
            rendered = deliveries.is_rendered(connection, waiting.delivery)
            if not deliveries.is_unchanged(connection, waiting) or rendered != job.rendered:
                return None, False, None  # held, merged, dropped or grown since the read: it is read again
            deliveries.start(connection, waiting.delivery, self._bot.row, clock.wall(), render_times)
            if packed:
                left = deliveries.add_parts(connection, waiting.delivery, packed)
            else:
                left = deliveries.parts(connection, waiting.delivery, 2)  # whether there is another
            if not left:
                deliveries.dead(connection, waiting.delivery, "there is nothing to send")
                return None, True, None
            if waiting.thread_id is not None:
                deliveries.into_topic(connection, waiting.delivery, waiting.thread_id)
            card = None
            if job.decision is not None and len(left) == 1:
                card = ledger.add_card(
                    connection,
                    job.decision.id,
                    waiting.delivery,
                    self._bot.row,
                    waiting.chat_id,
                    left[0].payload,
                )
            return left[0], len(left) == 1, card

        part, last, card = await self._store.run(work)
        if part is None:
            if last:
                self._signals.send(DeliveriesEnded("dead", "empty"))
            return None
        return part, new[0] if new else payload.unpack(part.payload), last, card

    async def _compose(self, job: compose.Job) -> list[payload.Payload]:
        style, key = compose.message_style(self._context.settings), self._bot.key
        try:
            if job.large:
                async with self._context.large_event:
                    rendered = await self._store.run(
                        lambda c: _timed(lambda: compose.compose_large(c, job, style, key))
                    )
            else:
                rendered = _timed(lambda: compose.compose(job, style, key))
        except Exception as error:  # noqa: BLE001 - an event that cannot be rendered is still sent
            self._log.error("delivery.render_failed", **job.log_fields, exc_info=error)
            return compose.unformatted(job)
        payloads, seconds = rendered
        self._metrics.observe(catalogue.RENDER, seconds)
        return payloads

    async def _arrived(
        self, job: compose.Job, part: Part, card: int | None, message: _Message
    ) -> compose.Next:
        now, delivery, message_id = clock.wall(), job.waiting.delivery, message.message_id

        def work(connection: sqlite3.Connection) -> tuple[bool, bool, compose.Next]:
            if card is not None:
                ledger.card_sent(connection, card, message_id, message.shown, now)
            progress.arrived(connection, self._bot.row, delivery, message_id, now)
            complete = deliveries.part_sent(connection, part.part, message_id, now)
            # Only an earlier part can have stayed unclear.
            unclear = (
                complete and part.position > 0 and operator_actions.state(connection, delivery) == "ambiguous"
            )
            return complete, unclear, self._next(connection, job.waiting.chat_id)

        complete, unclear, following = await self._context.supervisor.until_stored(
            RECORDING, lambda: self._store.run(work)
        )
        self._topics.arrived(job.waiting.chat_id, job.waiting.thread_id)
        if card is not None:
            self._signals.send(CardSent())
        if unclear:
            self._signals.send(DeliveriesEnded("ambiguous", "unclear"))
        self._signals.send(
            MessageSent(
                job.waiting.lane,
                complete and not unclear,
                job.occurred_at,
                now,
                silent=bool(job.waiting.silent),
                edited=message.edited,
            )
        )
        self._log.info(
            "delivery.sent",
            **job.log_fields,
            chat_id=job.waiting.chat_id,
            message_id=message_id,
            complete=complete,
        )
        return following

    async def _failed(self, job: compose.Job, card: int | None, error: errors.TelegramError) -> None:
        verdict = classification.classify(error, job.waiting.attempts)
        self._signals.send(SendFailed(type(verdict).__name__))
        self._log.warning(
            "delivery.failed",
            **job.log_fields,
            chat_id=job.waiting.chat_id,
            verdict=type(verdict).__name__,
            reason=str(error),
        )
        now = clock.wall()
        await self._context.supervisor.until_stored(RECORDING, lambda: self._apply(job, card, verdict, now))
        if isinstance(verdict, classification.Pause):
            self._metrics.add(catalogue.PAUSED, verdict.seconds)

    async def _apply(
        self, job: compose.Job, card: int | None, verdict: classification.Verdict, now: int
    ) -> None:
        """Apply a verdict; idempotent, so it can be repeated after a fault of the store."""
        waiting, bot = job.waiting, self._bot
        match verdict:
            case classification.Pause(seconds, _):
                await bot.pauses.begin(waiting.chat_id, seconds)
            case classification.DeadChat(reason):
                self.dead[waiting.chat_id] = reason
            case _:
                pass
        note, ended = await self._store.run(lambda c: failure.record(c, waiting, bot.row, card, verdict, now))
        if ended is not None:
            self._signals.send(DeliveriesEnded(ended, "refused"))
        if note is not None:
            self._log.warning(
                "delivery.degraded",
                **job.log_fields,
                chat_id=waiting.chat_id,
                delivery=waiting.delivery,
                note=note,
            )
        match verdict:
            case classification.DeadToken(reason):
                self._signals.send(TokenRejected(reason))
                self._halted = True
            case classification.Moved(chat_id):
                await self._recipients.load()
                self._wake_chat(chat_id)
            case classification.WithoutThread(_):
                self._topics.lost(waiting.chat_id, waiting.thread_id)
            case _:
                pass


def _timed(render: Callable[[], list[payload.Payload]]) -> tuple[list[payload.Payload], float]:
    """Return what was rendered, and the seconds that it took."""
    began = time.perf_counter()
    return render(), time.perf_counter() - began
