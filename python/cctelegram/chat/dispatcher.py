"""The dispatcher: handles each stored update once, in the transaction of its effects.

Updates are handled in order, each quickly. Calls to Telegram (courtesies) and longer reads of the store or
the disk (read-only commands) run concurrently, so that no tap waits for them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from cctelegram.chat import (
    actions,
    cleanup_button,
    commands,
    membership,
    messages,
    mode_buttons,
    strangers,
    taps,
)
from cctelegram.config.zone import zone
from cctelegram.decisions import close
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.signals import (
    ChatReachable,
    ChatUnreachable,
    DecisionClosed,
    DeliveriesQueued,
    EventsDigested,
    StrangerRejected,
)
from cctelegram.store import chats, updates
from cctelegram.telegram import access
from cctelegram.telegram.commands import for_another

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from cctelegram.chat.courtesies import Courtesies
    from cctelegram.delivery.digest import Made
    from cctelegram.delivery.line import Bot
    from cctelegram.delivery.modes import Change, Entered, Modes
    from cctelegram.delivery.recipients import Recipients
    from cctelegram.runtime.context import Context
    from cctelegram.telegram.commands import Command


# Commands that are answered concurrently with later updates.
MAX_CONCURRENT: Final = 8
BUSY: Final = ("Too many commands at once", "Send it again in a moment.")
EDITED_COMMAND: Final = ("An edited command is not run", "Send it as a new message.")
# Albums for which the notice that pictures are not passed on was sent.
ALBUMS: Final = 64


class ChatServices(NamedTuple):
    """The parts that answer requests to the bridge itself, and the identity of the bot."""

    commands: commands.Commands
    cleanup: cleanup_button.CleanupButton
    courtesies: Courtesies
    me: access.Me


class Dispatcher(Component):
    """Stores updates from the poller, and handles them."""

    name = "handling updates"

    def __init__(
        self, context: Context, bot: Bot, recipients: Recipients, modes: Modes, services: ChatServices
    ) -> None:
        super().__init__(context)
        self._bot = bot
        self._recipients = recipients
        self._modes = modes
        self._commands = services.commands
        self._cleanup = services.cleanup
        self._courtesies = services.courtesies
        self._me = services.me
        self._concurrent: dict[int, asyncio.Task[None]] = {}
        self._fault: sqlite3.Error | None = None
        self._albums: deque[tuple[int, str]] = deque(maxlen=ALBUMS)

    async def store(self, batch: list[dict[str, Any]]) -> None:
        """Make updates durable; the offset may advance when this returns."""
        rows = [(int(update["update_id"]), orjson.dumps(update).decode()) for update in batch]
        await self._store.run(lambda c: updates.store(c, self._bot.row, rows, clock.wall()))
        self._wake.set()

    async def _work(self) -> None:
        """Handle stored updates, oldest first; at the start, those left by a crash."""
        self._fault = None
        try:
            while True:
                # Copied before the read, which may still return updates that tasks finish meanwhile.
                running = set(self._concurrent)
                waiting = await self._store.run(lambda c: updates.unhandled(c, self._bot.row))
                fresh = [update for update in waiting if update.row not in running]
                for update in fresh:
                    await self._handle_safely(update, self._handle(update))
                if not fresh:
                    await self._wake.wait()
                if self._fault is not None:
                    raise self._fault
        finally:
            for task in self._concurrent.values():
                task.cancel()
            await asyncio.gather(*self._concurrent.values(), return_exceptions=True)
            self._concurrent.clear()

    async def _handle_safely(self, update: updates.Update, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except sqlite3.Error:
            raise  # a fault of the store, not of the update: it is handled again
        except Exception as error:  # noqa: BLE001 - one update must not block those behind it
            # An update in a form that Telegram does not document: logged and marked as handled.
            self._log.error("update.malformed", update_id=update.update_id, exc_info=error)
            await self._store.run(partial(updates.handled, row=update.row, now=clock.wall()))

    def _start(self, update: updates.Update, work: Coroutine[Any, Any, None]) -> None:
        """Handle an update concurrently with later ones; after a crash before its end it is handled again."""

        def ended(task: asyncio.Task[None]) -> None:
            self._concurrent.pop(update.row, None)
            if not task.cancelled() and isinstance(fault := task.exception(), sqlite3.Error):
                self._fault = fault
                self._wake.set()

        task = asyncio.create_task(self._handle_safely(update, work), name=f"update {update.update_id}")
        self._concurrent[update.row] = task
        task.add_done_callback(ended)

    async def _handle(self, update: updates.Update) -> None:
        content = orjson.loads(update.payload)
        if membership.is_membership_update(content):
            await self._membership(update, content)
        elif not access.is_addressed(content, self._me):
            await self._store.run(lambda c: updates.handled(c, update.row, clock.wall()))
        elif not access.is_allowed(content, self._context.settings.telegram.allowed_users):
            await self._reject(update, content)
        elif "callback_query" in content and self._cleanup.is_tap(content["callback_query"]):
            await self._cleanup.run_plan(update, content["callback_query"])
        elif "callback_query" in content and actions.is_tap(content["callback_query"]):
            await self._action(update, content["callback_query"])
        elif "callback_query" in content:
            await self._tap(update, content["callback_query"])
        elif "message" in content:
            await self._message(update, content["message"])
        elif "edited_message" in content:
            await self._edited(update, content["edited_message"])
        else:
            await self._store.run(lambda c: updates.handled(c, update.row, clock.wall()))

    async def _membership(self, update: updates.Update, content: dict[str, Any]) -> None:
        """Handle an update on the bot's membership in a chat."""
        known = {*self._recipients.routes.chats, *self._context.settings.telegram.allowed_users}

        def work(connection: sqlite3.Connection) -> membership.Effect:
            effect = membership.apply(connection, self._bot.row, content, known)
            updates.handled(connection, update.row, clock.wall())
            return effect

        effect = await self._store.run(work)
        if effect.unreachable is not None:
            self._signals.send(ChatUnreachable(*effect.unreachable))
            self._log.warning("chat.unreachable", chat_id=effect.unreachable[0], reason=effect.unreachable[1])
        if effect.reachable is not None:
            self._signals.send(ChatReachable(effect.reachable))
            self._log.info("chat.reachable", chat_id=effect.reachable)
        if effect.migrated is not None:
            old_id, new_id = effect.migrated
            await self._recipients.load()
            # The sender of the old id hands over deliveries that earlier routes queued for it.
            self._signals.send(ChatReachable(old_id))
            self._signals.send(DeliveriesQueued((new_id,)))
            self._log.info("chat.migrated", chat_id=new_id)

    async def _reject(self, update: updates.Update, content: dict[str, Any]) -> None:
        """Count the update without an answer; notify the owner of the first one from each person."""
        sender, owner = access.sender(content), self._recipients.routes.owner

        def work(connection: sqlite3.Connection) -> bool:
            now = clock.wall()
            first = sender is not None and updates.stranger(connection, sender, now) and owner is not None
            if first and owner is not None:
                who = strangers.stranger(content)
                strangers.STRANGERS.add(connection, [who], owner, now, self._modes.holds())
            updates.handled(connection, update.row, now)
            return first

        notified = await self._store.run(work)
        if sender is not None:
            self._signals.send(StrangerRejected(sender))
            self._log.warning("update.stranger", user_id=sender)
        if notified and owner is not None:
            self._signals.send(DeliveriesQueued((owner,)))

    async def _tap(self, update: updates.Update, query: dict[str, Any]) -> None:
        button = self._mode_button(query)
        if button is not None:
            await self._tap_mode(update, query, button)
            return
        local = zone(self._context.settings.display.timezone)

        def work(connection: sqlite3.Connection) -> taps.Reply:
            now = clock.wall()
            reply = taps.handle_tap(connection, self._bot.row, self._bot.key, query, now, local)
            updates.handled(connection, update.row, now)
            return reply

        reply = await self._store.run(work)
        # The answer is durable: reply to the tap at once, the card follows.
        if reply.closed is not None and reply.event is not None:
            self._signals.send(close.signal(reply.closed))
            self._log.info("decision.answered", user_id=query["from"]["id"], **reply.event.log_fields)
        self._courtesies.submit(lambda: self._bot.api.answer_callback_query(query["id"], reply.text))

    async def _action(self, update: updates.Update, query: dict[str, Any]) -> None:
        def work(connection: sqlite3.Connection) -> actions.Reply:
            now = clock.wall()
            reply = actions.handle_tap(connection, self._bot.key, query, now)
            updates.handled(connection, update.row, now)
            return reply

        reply = await self._store.run(work)
        if reply.answered is not None:
            self._signals.send(DecisionClosed())
            self._log.info("action.tapped", user_id=query["from"]["id"], **reply.answered.log_fields)
        self._courtesies.submit(lambda: self._bot.api.answer_callback_query(query["id"], reply.text))

    def _mode_button(self, query: dict[str, Any]) -> mode_buttons.ModeButton | None:
        message = query.get("message")
        if not isinstance(message, dict) or "chat" not in message:
            return None
        return mode_buttons.read(self._bot.key, str(query.get("data", "")), int(message["chat"]["id"]))

    async def _tap_mode(
        self, update: updates.Update, query: dict[str, Any], button: mode_buttons.ModeButton
    ) -> None:
        """Change the mode by a button, and confirm it in the chat; the button's message stays."""
        # Telegram does not report the time of a tap: the time of receipt counts.
        lines = await self._change_mode(
            update, query["message"], button.mode, button.duration, update.received_at
        )
        self._log.info("mode.button", user_id=query["from"]["id"], mode=button.mode)
        self._courtesies.submit(
            lambda: self._bot.api.answer_callback_query(query["id"], lines[0][: taps.MAX_TEXT])
        )

    async def _change_mode(
        self, update: updates.Update, message: dict[str, Any], mode: str, duration: str | None, asked_at: int
    ) -> list[str]:
        """Change the mode and confirm it, in the transaction that handles its update; return the answer."""
        chat_id = int(message["chat"]["id"])
        change: Change | None = None
        try:
            change = self._modes.prepare(mode, duration, asked_at)
        except ValueError as error:
            lines = ["The mode was not changed", str(error)]
        else:
            lines = [change.confirmation]

        def work(connection: sqlite3.Connection) -> tuple[bool, Entered | None]:
            entered = None if change is None else self._modes.enter(connection, change)
            return self._reply(connection, update, message, lines, None if change is None else mode), entered

        revived, entered = await self._store.run(work)
        if change is not None and entered is not None:
            self._modes.complete(change, entered)
        self._signal_reply(chat_id, revived=revived)
        return lines

    async def _message(self, update: updates.Update, message: dict[str, Any]) -> None:
        if for_another(message.get("text") or "", self._me.name):
            await self._store.run(lambda c: updates.handled(c, update.row, clock.wall()))
            return
        command = commands.find(message, self._me.name)
        if command is None:
            await self._text(update, message)
        elif (request := commands.mode_request(command)) is not None:
            asked_at = int(message["date"]) * 1_000_000
            await self._change_mode(update, message, request.mode, request.duration, asked_at)
        elif command.name == "digest":
            await self._digest(update, message)
        elif len(self._concurrent) >= MAX_CONCURRENT:
            await self._answer(update, message, list(BUSY))
        elif command.name == cleanup_button.COMMAND:
            self._start(update, self._cleanup.show_plan(update, message))
        else:
            self._start(update, self._answer_command(update, message, command))

    async def _answer_command(
        self, update: updates.Update, message: dict[str, Any], command: Command
    ) -> None:
        reply = await self._commands.reply(command, int(message["chat"]["id"]))
        await self._answer(update, message, reply.lines, reply.mode)

    async def _digest(self, update: updates.Update, message: dict[str, Any]) -> None:
        def work(connection: sqlite3.Connection) -> tuple[list[str], bool, Made]:
            lines, made = self._modes.digest_now(connection)
            return lines, self._reply(connection, update, message, lines), made

        lines, revived, made = await self._store.run(work)
        self._log.info("digest.requested", reply=lines[0])
        self._signals.send(DeliveriesQueued(made.chats))
        self._signals.send(EventsDigested(made.events))
        self._signal_reply(int(message["chat"]["id"]), revived=revived)

    async def _answer(
        self, update: updates.Update, message: dict[str, Any], lines: list[str], mode: str | None = None
    ) -> None:
        revived = await self._store.run(lambda c: self._reply(c, update, message, lines, mode))
        self._signal_reply(int(message["chat"]["id"]), revived=revived)

    def _reply(
        self,
        connection: sqlite3.Connection,
        update: updates.Update,
        message: dict[str, Any],
        lines: list[str],
        mode: str | None = None,
    ) -> bool:
        """Queue the answer to a command and mark its update as handled; return whether the chat was dead."""
        now, chat_id = clock.wall(), int(message["chat"]["id"])
        revived = chats.revive(connection, self._bot.row, chat_id)
        buttons = () if mode is None else mode_buttons.buttons(self._bot.key, chat_id, mode)
        messages.queue_reply(connection, message, lines, now, buttons)
        updates.handled(connection, update.row, now)
        return revived

    def _signal_reply(self, chat_id: int, *, revived: bool) -> None:
        if revived:
            self._signals.send(ChatReachable(chat_id))
        self._signals.send(DeliveriesQueued((chat_id,)))

    async def _edited(self, update: updates.Update, message: dict[str, Any]) -> None:
        if for_another(message.get("text") or "", self._me.name):
            await self._store.run(lambda c: updates.handled(c, update.row, clock.wall()))
        elif commands.find(message, self._me.name) is not None:
            await self._answer(update, message, list(EDITED_COMMAND))
        else:
            await self._text(update, message, edited=True)

    async def _text(self, update: updates.Update, message: dict[str, Any], *, edited: bool = False) -> None:
        chat_id = int(message["chat"]["id"])
        # Each picture of an album is its own message. In memory: a restart may repeat the notice once.
        album = (chat_id, message["media_group_id"]) if "media_group_id" in message else None
        reported = album is not None and album in self._albums

        def work(connection: sqlite3.Connection) -> messages.Outcome:
            now = clock.wall()
            revived = chats.revive(connection, self._bot.row, chat_id)
            if edited:
                outcome = messages.handle_edit(connection, self._bot.row, message, now)
            else:
                outcome = messages.handle(connection, self._bot.row, message, now, media_reported=reported)
            updates.handled(connection, update.row, now)
            return outcome._replace(revived=revived)

        outcome = await self._store.run(work)
        if album is not None and not reported:
            self._albums.append(album)
        if outcome.revived:
            self._signals.send(ChatReachable(chat_id))
        if outcome.answered:
            self._signals.send(close.signal(*(() if outcome.closed is None else (outcome.closed,))))
        if outcome.event is not None:
            sender = message.get("from", {}).get("id")
            self._log.info("decision.answered", user_id=sender, **outcome.event.log_fields)
        if outcome.queued:
            self._signals.send(DeliveriesQueued((chat_id,)))
        if outcome.filed:
            # A reaction confirms receipt without a message.
            reaction = {
                "chat_id": chat_id,
                "message_id": message["message_id"],
                "reaction": [{"type": "emoji", "emoji": "👌"}],
            }
            self._courtesies.submit(lambda: self._bot.api.call("setMessageReaction", reaction))
