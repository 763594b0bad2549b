"""From the phone: updates that were stored are handled once, in the transaction of what they do."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from cctelegram.bridge import clock, commands, membership, mode_buttons, said, strangers, taps
from cctelegram.bridge.wake import Wake
from cctelegram.outbox import chats, updates
from cctelegram.telegram import access, errors
from cctelegram.telegram.commands import for_another

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from cctelegram.bridge.audience import Audience
    from cctelegram.bridge.broom import Broom
    from cctelegram.bridge.compose import Manner
    from cctelegram.bridge.figures import Figures
    from cctelegram.bridge.line import Line
    from cctelegram.outbox.store import Store


class Bells(NamedTuple):
    """Who is told what an update led to."""

    answered: Callable[[], None]
    queued: Callable[[int], None]
    revived: Callable[[int], None]
    killed: Callable[[int, str], None]


class Inbound:
    """Stores what the poller brings, and handles it until it is cancelled."""

    def __init__(
        self,
        store: Store,
        line: Line,
        *,
        audience: Audience,
        allowed: Callable[[], Collection[int]],
        holds: Callable[[], str | None],
        manner: Callable[[], Manner],
        status: Callable[[], Awaitable[dict[str, Any]]],
        set_mode: Callable[[str, str | None], Awaitable[str]],
        desk: commands.Desk,
        broom: Broom,
        bells: Bells,
        me: access.Me,
        figures: Figures,
        log: Any,
    ) -> None:
        self._store = store
        self._line = line
        self._audience = audience
        self._allowed = allowed
        self._holds = holds
        self._manner = manner
        self._status = status
        self._set_mode = set_mode
        self._desk = desk
        self._broom = broom
        self._bells = bells
        self._me = me
        self._figures = figures
        self._log = log
        self._bell = Wake()

    async def keep(self, batch: list[dict[str, Any]]) -> None:
        """Make a batch of updates durable; the offset may move when this returns."""
        rows = [(int(update["update_id"]), orjson.dumps(update).decode()) for update in batch]
        await self._store.run(lambda c: updates.store(c, self._line.bot, rows, clock.wall()))
        self._bell.ring()

    async def run(self) -> None:
        """Handle what is stored, oldest first; what a crash left is handled at start."""
        while True:
            waiting = await self._store.run(lambda c: updates.unhandled(c, self._line.bot))
            for update in waiting:
                try:
                    await self._handle(update)
                except sqlite3.Error:
                    raise  # the store is at fault, not the update: it is handled again
                except Exception as error:  # noqa: BLE001 - one update must not block those behind it
                    # Not what Telegram documents: told, kept in the log, and not in the way of the next.
                    self._log.error("update not understood", update_id=update.update_id, exc_info=error)
                    await self._store.run(partial(updates.handled, row=update.row, now=clock.wall()))
            if not waiting:
                await self._bell.wait()

    async def _handle(self, update: updates.Update) -> None:
        content = orjson.loads(update.payload)
        if membership.is_told(content):
            await self._place(update, content)
        elif not access.is_addressed(content, self._me):
            await self._store.run(lambda c: updates.handled(c, update.row, clock.wall()))
        elif not access.is_allowed(content, self._allowed()):
            await self._refuse(update, content)
        elif await self._broom.takes(update, content, self._me.name):
            return  # it was about cleaning, and is handled
        elif "callback_query" in content:
            await self._tap(update, content["callback_query"])
        elif "message" in content:
            await self._message(update, content["message"])
        else:
            await self._store.run(lambda c: updates.handled(c, update.row, clock.wall()))

    async def _place(self, update: updates.Update, content: dict[str, Any]) -> None:
        """Take what Telegram tells of the bot's place in a chat."""
        ours = {*self._audience.routes.chats, *self._allowed()}

        def work(connection: sqlite3.Connection) -> membership.Effect:
            effect = membership.take(connection, self._line.bot, content, ours)
            updates.handled(connection, update.row, clock.wall())
            return effect

        effect = await self._store.run(work)
        if effect.killed is not None:
            self._bells.killed(*effect.killed)
            self._log.warning("chat lost", chat_id=effect.killed[0], reason=effect.killed[1])
        if effect.revived is not None:
            self._bells.revived(effect.revived)
            self._log.info("chat back", chat_id=effect.revived)
        if effect.moved is not None:
            await self._audience.load()
            self._bells.queued(effect.moved)
            self._log.info("chat moved", chat_id=effect.moved)

    async def _refuse(self, update: updates.Update, content: dict[str, Any]) -> None:
        """Answer nothing; count it, and tell the owner of the first try of each person."""
        sender, owner = access.sender(content), self._audience.routes.owner

        def work(connection: sqlite3.Connection) -> bool:
            now = clock.wall()
            first = sender is not None and updates.stranger(connection, sender, now) and owner is not None
            if first and owner is not None:
                strangers.tell(connection, strangers.stranger(content), owner, now, self._holds())
            updates.handled(connection, update.row, now)
            return first

        told = await self._store.run(work)
        if sender is not None:
            self._figures.strangers += 1
            self._log.warning("not heard", user_id=sender)
        if told and owner is not None:
            self._bells.queued(owner)

    async def _tap(self, update: updates.Update, query: dict[str, Any]) -> None:
        order = self._ordered(query)
        if order is not None:
            await self._order(update, query, order)
            return
        manner = self._manner()

        def work(connection: sqlite3.Connection) -> taps.Reply:
            now = clock.wall()
            reply = taps.tapped(connection, self._line.bot, self._line.key, query, now, manner.zone)
            updates.handled(connection, update.row, now)
            return reply

        reply = await self._store.run(work)
        # The answer is durable; the person is told at once, the card follows.
        if reply.closed:
            self._bells.answered()
            self._log.info("answered", user_id=query["from"]["id"])
        await self._quietly(self._line.api.answer_callback_query(query["id"], reply.text))

    def _ordered(self, query: dict[str, Any]) -> mode_buttons.Order | None:
        message = query.get("message")
        if not isinstance(message, dict) or "chat" not in message:
            return None
        return mode_buttons.read(self._line.key, str(query.get("data", "")), int(message["chat"]["id"]))

    async def _order(self, update: updates.Update, query: dict[str, Any], order: mode_buttons.Order) -> None:
        """Change the mode as a button says, and confirm it in its chat; the message it stands in stays."""
        chat_id = int(query["message"]["chat"]["id"])
        confirmed = await self._set_mode(order.mode, order.lasting)
        buttons = mode_buttons.buttons(self._line.key, chat_id, order.mode)

        def work(connection: sqlite3.Connection) -> None:
            now = clock.wall()
            said.queue_reply(connection, query["message"], [confirmed], now, buttons)
            updates.handled(connection, update.row, now)

        await self._store.run(work)
        self._bells.queued(chat_id)
        self._log.info("ordered", user_id=query["from"]["id"], mode=order.mode)
        await self._quietly(self._line.api.answer_callback_query(query["id"], confirmed[: taps.MAX_TEXT]))

    async def _message(self, update: updates.Update, message: dict[str, Any]) -> None:
        chat_id = int(message["chat"]["id"])
        if for_another(message.get("text") or "", self._me.name):
            await self._store.run(lambda c: updates.handled(c, update.row, clock.wall()))
            return
        command = commands.named(message, self._me.name)
        reply = None
        if command is not None:
            zone = self._manner().zone
            reply = await commands.reply(command, self._status, self._set_mode, self._desk, zone, chat_id)

        def work(connection: sqlite3.Connection) -> said.Outcome:
            now = clock.wall()
            revived = chats.revive(connection, self._line.bot, chat_id)
            if reply is not None:
                key, mode = self._line.key, reply.mode
                buttons = () if mode is None else mode_buttons.buttons(key, chat_id, mode)
                said.queue_reply(connection, message, reply.lines, now, buttons)
                outcome = said.Outcome(queued=True)
            else:
                outcome = said.said(connection, self._line.bot, message, now)
            updates.handled(connection, update.row, now)
            return outcome._replace(revived=revived)

        outcome = await self._store.run(work)
        if outcome.revived:
            self._bells.revived(chat_id)
        if outcome.answered:
            self._bells.answered()
        if outcome.queued:
            self._bells.queued(chat_id)
        if outcome.filed:
            # A reaction says "it is kept" without a message of its own.
            await self._quietly(
                self._line.api.call(
                    "setMessageReaction",
                    {
                        "chat_id": chat_id,
                        "message_id": message["message_id"],
                        "reaction": [{"type": "emoji", "emoji": "👌"}],
                    },
                )
            )

    async def _quietly(self, call: Awaitable[Any]) -> None:
        """Do what is a courtesy: what it was about is durable whether it succeeds or not."""
        try:
            await call
        except errors.TelegramError as error:
            self._log.warning("courtesy failed", reason=str(error))
