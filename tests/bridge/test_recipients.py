"""Waiting deliveries when a group moves while recipients are reassigned."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cctelegram.delivery.modes import Modes
from cctelegram.delivery.recipients import Recipients
from cctelegram.store import chats, intake
from contexts import context
from owned import Store
from store.rows import NOW, row, to

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

OWNER, GROUP, MOVED = 1001, -3003, -100_3003


@pytest.mark.parametrize("token", ["42:aaaa", ""], ids=["with a token", "while there is none"])
def test_the_queue_of_a_group_that_moves_meanwhile_stays_with_the_group(tmp_path: Path, token: str) -> None:
    (tmp_path / "config.toml").write_text(f"[[routes]]\nto = {GROUP}\n")
    store = Store(tmp_path / "store.db")
    given = context(tmp_path, store, {"TELEGRAM_ALLOWED_USERS": str(OWNER), "TELEGRAM_BOT_TOKEN": token})
    recipients = Recipients(given, Modes(given))

    async def run() -> list[tuple[int, int, str]]:
        await recipients.load()
        targets = to(*(intake.Recipient(chat) for chat in recipients.routes.chats))

        def move(connection: sqlite3.Connection) -> None:
            intake.accept(connection, [row(1)], targets, NOW)
            bot = chats.bot(connection, given.settings.telegram.api_base, 42)
            chats.migrate(connection, bot, GROUP, MOVED)
            # A batch whose recipients were read before the move.
            intake.accept(connection, [row(2)], targets, NOW)

        await store.run(move)
        await recipients.reassign()
        query = "SELECT event, chat_id, state FROM deliveries ORDER BY event, chat_id"
        return await store.read(lambda c: c.execute(query).fetchall())

    found = asyncio.run(run())
    store.close()
    assert found == [(event, chat, "queued") for event in (1, 2) for chat in (MOVED, OWNER)]
