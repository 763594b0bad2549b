"""Showing a delivery by editing the message of an earlier one: progress of a task, equal events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.delivery import payload, progress
from cctelegram.events.lane import Lane
from cctelegram.store import repeats
from cctelegram.telegram import errors

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.delivery.line import Bot
    from cctelegram.store.database import Store
    from cctelegram.store.deliveries import Waiting


async def edit(store: Store, bot: Bot, waiting: Waiting, content: payload.Payload) -> int | None:
    """Edit the message that is to show a delivery; return its id, or None when a new one must be sent.

    Raises:
        telegram.errors.TelegramError: as a send does, but never `Unclear` or `Doubtful`: an edit is
            idempotent, so it can be repeated without a mark.
    """
    if waiting.lane != Lane.PROGRESS and waiting.follows is None:
        return None
    message_id = await store.run(lambda c: _shown(c, bot.row, waiting))
    if message_id is None:
        return None
    text = content.text
    try:
        await bot.api.edit_message_text(
            waiting.chat_id,
            message_id,
            text.text,
            payload.entities(text),
            reply_markup=payload.markup(content),
        )
    except errors.NotModified:
        pass
    except errors.EditImpossible:
        await store.run(lambda c: progress.forget(c, bot.row, message_id))
        return None
    except (errors.Unclear, errors.Doubtful) as error:
        raise errors.NotSent(error.method, error.code, error.description) from None
    return message_id


def _shown(connection: sqlite3.Connection, bot: int, waiting: Waiting) -> int | None:
    if waiting.follows is not None:
        return repeats.shown(connection, bot, waiting.chat_id, waiting.follows)
    shown = progress.shown(connection, bot, waiting.delivery)
    return None if shown is None else shown.message_id
