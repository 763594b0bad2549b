"""Recording of failed sends: what each verdict changes in the store, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cctelegram.decisions import ledger
from cctelegram.delivery import classification, payload, plainer, topics
from cctelegram.store import chats, deliveries

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.store.deliveries import Waiting
    from cctelegram.telegram import errors


class Recorded(NamedTuple):
    """What a verdict changed in the store.

    Attributes:
        note: how the delivery is degraded from now on, in words; None when it is not.
        ended: `dead` or `ambiguous`, when the delivery ended so.
    """

    note: str | None = None
    ended: str | None = None


DEAD: Final = Recorded(ended="dead")


def record(
    connection: sqlite3.Connection,
    waiting: Waiting,
    bot: int,
    card: int | None,
    verdict: classification.Verdict,
    now: int,
) -> Recorded:
    """Record a verdict on a delivery; idempotent, so it can be repeated after a fault of the store.

    Args:
        bot: the bot's row in the store.
        card: the card that was in flight with the delivery, if any.
        now: microseconds since the epoch.
    """
    delivery = waiting.delivery
    if not deliveries.is_sending(connection, delivery):
        return Recorded()
    if card is not None and not isinstance(verdict, classification.Repeat):
        ledger.drop_card(connection, card)
    match verdict:
        case classification.Pause(_, reason) | classification.DeadToken(reason):
            deliveries.back(connection, delivery, 0, reason)
        case classification.Retry(seconds, reason):
            deliveries.back(connection, delivery, now + int(seconds * 1_000_000), reason)
        case classification.Repeat(seconds, reason, until_clear):
            not_before = now + int(seconds * 1_000_000)
            state = deliveries.unclear(connection, delivery, not_before, reason, until_clear=until_clear)
            return Recorded(ended=state if state == "ambiguous" else None)
        case classification.Dead(reason):
            deliveries.dead(connection, delivery, reason)
            return DEAD
        case classification.DeadChat(reason):
            chats.kill(connection, bot, waiting.chat_id, reason)
            deliveries.back(connection, delivery, 0, reason)
        case classification.Moved(chat_id):
            deliveries.back(connection, delivery, 0, None)
            chats.migrate(connection, bot, waiting.chat_id, chat_id)
        case classification.WithoutThread(error):
            if waiting.thread_id is not None:
                topics.forget(connection, bot, waiting.chat_id, waiting.thread_id)
            return _without_topic(connection, waiting, error)
        case classification.Plainer(error):
            return _plainer(connection, waiting, error)
    return Recorded()


def _plainer(connection: sqlite3.Connection, waiting: Waiting, error: errors.Refused) -> Recorded:
    """Replace the refused part by its next plainer form; when it is the plainest, the delivery is dead."""
    delivery = waiting.delivery
    part = deliveries.parts(connection, delivery, 1)[0]
    found = plainer.plainer(payload.unpack(part.payload), error)
    if found is not None:
        first, *more = map(payload.pack, found.payloads)
        deliveries.replace_part(connection, part.part, first)
        deliveries.add_after(connection, part, delivery, more)
        note = f"sent {found.change}: {error}"
        deliveries.note(connection, delivery, note)
        deliveries.back(connection, delivery, 0, str(error))
        return Recorded(note)
    if waiting.thread_id is not None:
        return _without_topic(connection, waiting, error)
    deliveries.dead(connection, delivery, str(error))
    return DEAD


def _without_topic(connection: sqlite3.Connection, waiting: Waiting, error: errors.Refused) -> Recorded:
    """Queue a delivery for the chat itself; one refused there too becomes plainer."""
    if waiting.thread_id is None:
        return _plainer(connection, waiting, error)
    deliveries.without_thread(connection, waiting.delivery)
    note = f"sent to the chat instead of topic {waiting.thread_id}: {error}"
    deliveries.note(connection, waiting.delivery, note)
    return Recorded(note)
