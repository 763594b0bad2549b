"""What a failed try leaves in the store: each verdict's step, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram import render
from cctelegram.bridge import payload, verdict
from cctelegram.decisions import ledger
from cctelegram.outbox import chats, deliveries, topics

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.outbox.deliveries import Waiting


def record(
    connection: sqlite3.Connection,
    waiting: Waiting,
    bot: int,
    card: int | None,
    what: verdict.Verdict,
    now: int,
) -> None:
    """Write down what follows for a delivery; again, after a fault of the store, changes nothing.

    Args:
        bot: its row in the store.
        card: the card that was in flight with it, if any.
        now: microseconds since the epoch.
    """
    delivery = waiting.delivery
    if card is not None and not isinstance(what, verdict.Repeat):
        ledger.drop_card(connection, card)
    match what:
        case verdict.Pause(_, reason) | verdict.DeadToken(reason):
            deliveries.back(connection, delivery, 0, reason)
        case verdict.Retry(seconds, reason):
            deliveries.back(connection, delivery, now + int(seconds * 1_000_000), reason)
        case verdict.Repeat(seconds, reason):
            deliveries.unclear(connection, delivery, now + int(seconds * 1_000_000), reason)
        case verdict.Dead(reason):
            deliveries.dead(connection, delivery, reason)
        case verdict.DeadChat(reason):
            chats.kill(connection, bot, waiting.chat_id, reason)
            deliveries.back(connection, delivery, 0, reason)
        case verdict.Moved(chat_id):
            chats.migrate(connection, bot, waiting.chat_id, chat_id)
            deliveries.back(connection, delivery, 0, None)
        case verdict.WithoutThread():
            deliveries.without_thread(connection, delivery)
            if waiting.thread_id is not None:
                topics.forget(connection, bot, waiting.chat_id, waiting.thread_id)
        case verdict.Plain():
            _plain(connection, delivery)


def _plain(connection: sqlite3.Connection, delivery: int) -> None:
    """Take the entities out of the part that was refused; one without entities is dead."""
    part = deliveries.parts(connection, delivery, 1)[0]
    content = payload.unpack(part.payload)
    if not content.text.entities:
        deliveries.dead(connection, delivery, "Telegram refuses the text's markup; it has none")
        return
    bare = payload.Payload(text=render.Text(content.text.text, ()), buttons=content.buttons)
    deliveries.replace_part(connection, part.part, payload.pack(bare))
    deliveries.back(connection, delivery, 0, "Telegram refused its entities")
