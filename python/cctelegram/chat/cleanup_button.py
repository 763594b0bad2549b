"""/cleanup in the chat: a plan, with a button that runs exactly that plan, once."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cctelegram import render
from cctelegram.cleanup import summary
from cctelegram.cleanup.reports import Round
from cctelegram.cleanup.rounds import Busy
from cctelegram.decisions import codes
from cctelegram.delivery import payload
from cctelegram.events.lane import Lane
from cctelegram.runtime import clock
from cctelegram.runtime.signals import DeliveriesQueued
from cctelegram.store import deliveries, updates
from cctelegram.telegram import errors

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.chat.courtesies import Courtesies
    from cctelegram.cleanup.cleaning import Cleaning
    from cctelegram.cleanup.rounds import RoundPlan
    from cctelegram.delivery.line import Bot
    from cctelegram.runtime.context import Context
    from cctelegram.store.updates import Update

COMMAND: Final = "cleanup"
ID_BYTES: Final = 9
# A plan expires after this time, because the directory changes; in us.
LIFETIME: Final = 3_600_000_000
# Files of a directory in one plan, which stays in memory until the tap.
MAX_FILES: Final = 5000
EXPIRED: Final = "This plan is no longer valid: send /cleanup for a new one."


class Offer(NamedTuple):
    """A plan shown in a chat and not run yet; `at` in us since the epoch."""

    chat_id: int
    at: int
    planned: RoundPlan


class CleanupButton:
    """Shows plans and runs them. Only the newest plan is kept, in memory: a restart discards it."""

    def __init__(self, context: Context, bot: Bot, cleaning: Cleaning, courtesies: Courtesies) -> None:
        self._store = context.store
        self._signals = context.signals
        self._log = context.log
        self._bot = bot
        self._cleaning = cleaning
        self._courtesies = courtesies
        self._offers: dict[str, Offer] = {}
        self._running: set[asyncio.Task[None]] = set()

    def is_tap(self, query: dict[str, Any]) -> bool:
        """Return whether a callback query comes from one of these buttons."""
        return codes.is_plan(str(query.get("data", "")))

    async def show_plan(self, update: Update, message: dict[str, Any]) -> None:
        """Answer /cleanup with a plan and mark its update as handled; this can take a while."""
        chat_id = int(message["chat"]["id"])
        planned = await self._cleaning.planned(MAX_FILES)
        now = clock.wall()
        found = Round(at=now, seconds=0.0, dry=True, directories=planned.reports)
        lines = [summary.line(each, dry=True) for each in found.directories if each.by_rule or each.error]
        text = render.notice(f"Cleanup: {summary.title(found)}", lines)
        buttons: tuple[tuple[dict[str, Any], ...], ...] = ()
        self._offers.clear()
        if found.removed.files:
            code = secrets.token_hex(ID_BYTES)
            self._offers[code] = Offer(chat_id, now, planned)
            data = codes.plan_data(self._bot.key, code, chat_id)
            buttons = (({"text": f"Remove {summary.count(found.removed.files)}", "callback_data": data},),)
        packed = payload.pack(payload.Payload(text=text, buttons=buttons))

        def work(connection: sqlite3.Connection) -> None:
            deliveries.enqueue(connection, chat_id, [packed], now, lane=Lane.DECISIONS, silent=True)
            updates.handled(connection, update.row, now)

        await self._store.run(work)
        self._signals.send(DeliveriesQueued((chat_id,)))

    async def run_plan(self, update: Update, query: dict[str, Any]) -> None:
        """Run the plan of a tapped button, concurrently with other updates."""
        # Marked as handled before the run: after a crash the next plan includes the rest.
        await self._store.run(lambda c: updates.handled(c, update.row, clock.wall()))
        offer = self._take(query)
        reply = EXPIRED if offer is None else "Cleanup started"
        self._courtesies.submit(lambda: self._bot.api.answer_callback_query(query["id"], reply))
        if offer is None:
            return
        # A large plan takes a while and must not delay other updates.
        task = asyncio.create_task(self._clean(offer, query), name="requested cleanup")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _clean(self, offer: Offer, query: dict[str, Any]) -> None:
        try:
            done = await self._cleaning.clean_planned(offer.planned)
        except Busy as error:
            text = render.notice("Cleanup did not run", [str(error)])
        else:
            rows = [each for each in done.directories if each.by_rule or each.failed or each.changed]
            lines = [summary.line(each, dry=False) for each in rows]
            text = render.notice(f"Cleanup: {summary.title(done)}", lines)
            self._log.info("cleanup.requested", user_id=query["from"]["id"], files=done.removed.files)
        message_id = int(query["message"]["message_id"])
        try:
            await self._bot.api.edit_message_text(
                offer.chat_id, message_id, text.text, payload.entities(text)
            )
        except errors.TelegramError as error:
            self._log.warning("cleanup.reply_failed", reason=str(error))

    def _take(self, query: dict[str, Any]) -> Offer | None:
        """Return and remove the plan of a genuine button; None when there is no valid plan."""
        message = query.get("message")
        if not isinstance(message, dict) or "chat" not in message:
            return None
        chat_id = int(message["chat"]["id"])
        code = codes.read_plan(self._bot.key, str(query.get("data", "")), chat_id)
        offer = None if code is None else self._offers.pop(code, None)
        return offer if offer is not None and clock.wall() - offer.at <= LIFETIME else None
