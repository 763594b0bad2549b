"""Answers from the ledger to files under `responses/`; what a crash left unwritten is written at start."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from cctelegram.bridge import clock
from cctelegram.bridge.wake import Wake
from cctelegram.outbox import answers
from cctelegram.spool import responses

if TYPE_CHECKING:
    from cctelegram.outbox.answers import Answer
    from cctelegram.outbox.store import Store

# A directory that cannot be written (full, read-only, gone) is tried again after this many seconds.
AGAIN: Final = 2.0


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
