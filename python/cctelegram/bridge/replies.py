"""Answers from the ledger to files under `responses/`; what a crash left unwritten is written at start."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

from cctelegram.bridge import clock
from cctelegram.bridge.wake import Wake
from cctelegram.outbox import answers
from cctelegram.spool import responses

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.outbox.answers import Answer
    from cctelegram.outbox.store import Store

# A directory that cannot be written (full, read-only, gone) is tried again after this many seconds.
AGAIN: Final = 2.0


def write_all(connection: sqlite3.Connection, directory: str) -> None:
    """Write all the files that are not on the disk yet, where no bridge runs.

    Raises:
        OSError: one cannot be written; it stays entered as it is.
    """
    for answer in answers.unwritten(connection, -1):
        with contextlib.suppress(FileExistsError):  # written before a crash that came before the note
            responses.post(directory, answer.name, answer.body.encode())
        answers.written(connection, answer.answer, clock.wall())


class Replies:
    """Writes answer files until it is cancelled."""

    def __init__(self, store: Store, directory: str, *, log: Any) -> None:
        self._store = store
        self._directory = directory
        self._log = log
        self._bell = Wake()
        self.problem: str | None = None

    def wake(self) -> None:
        """Tell that an answer was entered."""
        self._bell.ring()

    async def run(self) -> None:
        """Write what is entered, in order."""
        while True:
            waiting = await self._store.run(answers.unwritten)
            for answer in waiting:
                if not await self._write(answer):
                    await self._bell.wait(AGAIN)
                    break
            if not waiting:
                await self._bell.wait()

    async def _write(self, answer: Answer) -> bool:
        try:
            await asyncio.to_thread(responses.post, self._directory, answer.name, answer.body.encode())
        except FileExistsError:
            pass  # written before a crash that came before the note in the store
        except OSError as error:
            self.problem = f"cannot write {self._directory}: {error.strerror or error}"
            self._log.error("answer not written", name=answer.name, reason=self.problem)
            return False
        self.problem = None
        await self._store.run(lambda c: answers.written(c, answer.answer, clock.wall()))
        self._log.info("answer written", name=answer.name)
        return True
