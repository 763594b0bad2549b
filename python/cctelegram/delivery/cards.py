"""Cards that do not show the outcome of their decision yet: each is edited until it does.

The card of a user who is no longer allowed loses its buttons in the same way.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from cctelegram import render
from cctelegram.config.zone import zone
from cctelegram.decisions import ledger, outcomes
from cctelegram.delivery import payload
from cctelegram.retry import REQUEST
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.signals import CardSent, ClockJumped, DecisionClosed, SettingsChanged
from cctelegram.store import intake
from cctelegram.telegram import errors

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from cctelegram.decisions.ledger import Card, Decision
    from cctelegram.delivery.line import Bot
    from cctelegram.runtime.context import Context

# While a failed edit waits for its retry, check again this often, in seconds.
RECHECK: Final = 1.0
# The state and the text of a card that was withdrawn from a user who is no longer allowed.
WITHDRAWN: Final = "withdrawn"
NOT_FOR_YOU: Final = "You are no longer allowed to answer this question."


class Stale(NamedTuple):
    """The next card to edit, with its decision and event; or whether a card waits for a retry."""

    card: Card | None
    decision: Decision | None
    later: bool
    event: intake.Head | None = None


class Cards(Component):
    """Edits cards. An edit is idempotent, so it may be repeated."""

    name = "editing cards"
    wakes_on = (DecisionClosed, CardSent, SettingsChanged, ClockJumped)

    def __init__(self, context: Context, bot: Bot) -> None:
        super().__init__(context)
        self._bot = bot

    async def _work(self) -> None:
        """Edit stale cards, then wait for more."""
        found = await self._record(lambda _: None)
        while True:
            if found.card is not None and found.decision is not None and found.event is not None:
                found = await self._record(await self._edit(found.card, found.decision, found.event))
            else:
                await self._wake.wait(RECHECK if found.later else None)
                found = await self._record(lambda _: None)

    async def _record(self, step: Callable[[sqlite3.Connection], None]) -> Stale:
        """Record the result of an edit and read the next stale card, in one transaction."""
        bot, allowed, now = self._bot.row, self._context.settings.telegram.allowed_users, clock.wall()

        def work(connection: sqlite3.Connection) -> Stale:
            step(connection)
            cards = ledger.stale_cards(connection, bot, now, allowed, 1)
            if cards:
                decision = ledger.by_id(connection, cards[0].decision)
                event = None if decision is None else intake.event_head(connection, decision.event)
                return Stale(cards[0], decision, later=False, event=event)
            return Stale(None, None, ledger.has_stale_cards(connection, bot, allowed))

        return await self._store.run(work)

    async def _edit(
        self, card: Card, decision: Decision, event: intake.Head
    ) -> Callable[[sqlite3.Connection], None]:
        """Edit a card; return the step that records the result."""
        text = self.text(card, decision)
        now = clock.wall()
        pause = max(self._bot.pauses.seconds(card.chat_id), self._pace(card.chat_id))
        if pause > 0:
            return partial(ledger.delay_card, card=card.card, not_before=now + int(pause * 1_000_000))
        try:
            await self._replace(card, text)
        except errors.NotModified:
            pass
        except errors.RetryAfter as error:
            seconds = float(error.seconds)
            await self._bot.pauses.begin(card.chat_id, seconds)
            return partial(ledger.delay_card, card=card.card, not_before=now + int(seconds * 1_000_000))
        except (errors.NotSent, errors.Unclear, errors.ServerFault, errors.Unauthorized) as error:
            wait = int(REQUEST.seconds(card.attempts, 0.5) * 1_000_000)
            self._log.warning("card.edit_failed", card=card.card, reason=str(error), **event.log_fields)
            return partial(ledger.delay_card, card=card.card, not_before=now + wait)
        except errors.TelegramError as error:
            # The message is gone, or too old to be edited: nothing is left to change.
            self._log.warning("card.edit_impossible", card=card.card, reason=str(error), **event.log_fields)
        state = WITHDRAWN if decision.state == "open" else decision.state
        return partial(ledger.mark_card, card=card.card, state=state)

    async def _replace(self, card: Card, text: render.Text) -> None:
        """Replace the card's text and remove its buttons; without entities when those are refused."""
        assert card.message_id is not None  # noqa: S101 - a stale card was sent
        edit = self._bot.api.edit_message_text
        try:
            await edit(card.chat_id, card.message_id, text.text, payload.entities(text))
        except (errors.CantParseEntities, errors.Rejected):
            await edit(card.chat_id, card.message_id, text.text)

    def _pace(self, chat_id: int) -> float:
        """Return the seconds until a group takes an edit; count the edit when that is now."""
        if chat_id > 0:
            return 0.0
        pacing, now = self._bot.pacing, clock.monotonic()
        pause = pacing.wait(chat_id, now)
        if pause == 0:
            pacing.take(chat_id, now)
        return pause

    def text(self, card: Card, decision: Decision) -> render.Text:
        """Return the current text of the card."""
        text = payload.unpack(card.payload).text
        if decision.state == "open":
            return render.outcome(text, NOT_FOR_YOU)
        labels = render.labels(decision.options)
        return render.outcome(
            text, outcomes.line(decision, zone(self._context.settings.display.timezone), labels)
        )
