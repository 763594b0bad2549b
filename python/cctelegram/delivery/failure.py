"""What a failed try leaves in the store: each verdict's step, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.decisions import ledger
from cctelegram.delivery import classification, payload, plainer
from cctelegram.store import chats, deliveries, topics

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.store.deliveries import Waiting
    from cctelegram.telegram import errors


def record(
    connection: sqlite3.Connection,
    waiting: Waiting,
    bot: int,
    card: int | None,
    what: classification.Verdict,
    now: int,
) -> str | None:
    """Write down what follows for a delivery; again, after a fault of the store, changes nothing.

    Returns how it goes otherwise than it was meant to from now on, in words, or None.

    Args:
        bot: its row in the store.
        card: the card that was in flight with it, if any.
        now: microseconds since the epoch.
    """
    delivery = waiting.delivery
    if not deliveries.is_sending(connection, delivery):
        return None
    if card is not None and not isinstance(what, classification.Repeat):
        ledger.drop_card(connection, card)
    match what:
        case classification.Pause(_, reason) | classification.DeadToken(reason):
            deliveries.back(connection, delivery, 0, reason)
        case classification.Retry(seconds, reason):
            deliveries.back(connection, delivery, now + int(seconds * 1_000_000), reason)
        case classification.Repeat(seconds, reason, until_clear):
            not_before = now + int(seconds * 1_000_000)
            deliveries.unclear(connection, delivery, not_before, reason, until_clear=until_clear)
        case classification.Dead(reason):
            deliveries.dead(connection, delivery, reason)
        case classification.DeadChat(reason):
            chats.kill(connection, bot, waiting.chat_id, reason)
            deliveries.back(connection, delivery, 0, reason)
        case classification.Moved(chat_id):
            deliveries.back(connection, delivery, 0, None)
            chats.migrate(connection, bot, waiting.chat_id, chat_id)
        case classification.WithoutThread(error):
            if waiting.thread_id is not None:
                topics.forget(connection, bot, waiting.chat_id, waiting.thread_id)
            return _to_the_chat(connection, waiting, error)
        case classification.Plainer(error):
            return _plainer(connection, waiting, error)
    return None


def _plainer(connection: sqlite3.Connection, waiting: Waiting, error: errors.Refused) -> str | None:
    """Put the next plainer form in the place of the part that was refused; the plainest one is dead."""
    delivery = waiting.delivery
    part = deliveries.parts(connection, delivery, 1)[0]
    found = plainer.plainer(payload.unpack(part.payload), error)
    if found is not None:
        first, *more = map(payload.pack, found.payloads)
        deliveries.replace_part(connection, part.part, first)
        deliveries.add_after(connection, part, delivery, more)
        words = f"sent {found.manner}: {error}"
        deliveries.note(connection, delivery, words)
        deliveries.back(connection, delivery, 0, str(error))
        return words
    if waiting.thread_id is not None:
        return _to_the_chat(connection, waiting, error)
    deliveries.dead(connection, delivery, str(error))
    return None


def _to_the_chat(connection: sqlite3.Connection, waiting: Waiting, error: errors.Refused) -> str | None:
    """Queue it for the chat itself; one that went there already, and is refused for a topic, is plainer."""
    if waiting.thread_id is None:
        return _plainer(connection, waiting, error)
    deliveries.without_thread(connection, waiting.delivery)
    words = f"sent to the chat itself and not to topic {waiting.thread_id}: {error}"
    deliveries.note(connection, waiting.delivery, words)
    return words
