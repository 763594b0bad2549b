"""Sending a part as a message of its own: a text, or the file that holds the whole of a large event."""

from __future__ import annotations

from functools import partial
from typing import IO, TYPE_CHECKING

from cctelegram import render
from cctelegram.delivery import compose, payload
from cctelegram.telegram import errors

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.delivery.line import Bot
    from cctelegram.runtime.context import Context
    from cctelegram.store.deliveries import Waiting


class PartSender:
    """Sends parts as messages of one bot."""

    def __init__(self, context: Context, bot: Bot) -> None:
        self._store = context.store
        self._bot = bot
        self._large_event = context.large_event

    async def send(self, waiting: Waiting, content: payload.Payload, *, marked: bool) -> int:
        """Send a part, `marked` as a possible repeat; return the message's id.

        Raises:
            telegram.errors.TelegramError: as the API calls do.
        """
        text = render.repeated(content.text) if marked else content.text
        if content.document is not None:
            return await self._upload(waiting, content.document, text.text)
        message = await self._bot.api.send_message(
            waiting.chat_id,
            text.text,
            payload.entities(text),
            reply_markup=payload.markup(content),
            silent=bool(waiting.silent),
            thread_id=waiting.thread_id,
        )
        return int(message["message_id"])

    async def _upload(self, waiting: Waiting, name: str, caption: str) -> int:
        assert waiting.event is not None  # noqa: S101 - only a part rendered from an event has a document
        try:
            async with self._large_event:
                content = await self._store.run(partial(_temporary_file, event=waiting.event))
        except OSError as error:
            raise errors.NotSent("sendDocument", None, f"cannot write a temporary file: {error}") from None
        # Streamed from the disk: however many chats are slow to take their files, none is in memory.
        message = await self._bot.files.send_document(
            waiting.chat_id,
            name,
            content,
            media_type="text/plain; charset=utf-8",
            caption=caption,
            silent=bool(waiting.silent),
            thread_id=waiting.thread_id,
        )
        return int(message["message_id"])


def _temporary_file(connection: sqlite3.Connection, event: int) -> IO[bytes]:
    """Write the file that holds a whole event; it has no name, and is deleted when it is closed.

    Raises:
        OSError: the disk has no room for it.
    """
    # Imported here: half a megabyte of modules that only large events need.
    from shutil import copyfileobj  # noqa: PLC0415
    from tempfile import TemporaryFile  # noqa: PLC0415

    file = TemporaryFile()  # noqa: SIM115 - the upload closes it
    try:
        copyfileobj(compose.document(connection, event), file)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file
