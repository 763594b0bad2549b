"""Answers from the ledger to files under `responses/`; what a crash left unwritten is written at start."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING

import orjson

from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.retry import DISK
from cctelegram.runtime.signals import ClockJumped, DecisionClosed, DecisionOpened, StoreReplaced
from cctelegram.spool import responses
from cctelegram.store import answers

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.runtime.context import Context
    from cctelegram.store.answers import Answer


def write_all(connection: sqlite3.Connection, directory: str) -> None:
    """Write all the files that are not on the disk yet, where no bridge runs.

    Raises:
        OSError: one cannot be written; it stays entered as it is.
    """
    for answer in answers.unwritten(connection, -1):
        answers.written(
            connection,
            answer.answer,
            clock.wall(),
            post(directory, answer, answers.corrected(connection, answer)),
        )


def post(directory: str, answer: Answer, corrected: Answer | None) -> str:
    """Write an answer's file, and take back the one that it corrects; return what stands in it.

    Where nobody took the earlier one, the new text comes in its place, under its id. Where somebody did, it
    is a second answer that names the first in `edits`.

    Raises:
        OSError: it cannot be written.
    """
    body = answer.body
    if corrected is not None:
        old, content = orjson.loads(corrected.body), orjson.loads(body)
        if not responses.withdraw(directory, corrected.name):
            content["edits"] = old["id"]
        else:
            content["id"] = old["id"]
            if "edits" in old:
                content["edits"] = old["edits"]
        body = orjson.dumps(content).decode()
    with contextlib.suppress(FileExistsError):  # written before a crash that came before the note
        responses.post(directory, answer.name, body.encode())
    return body


class AnswerFiles(Component):
    """Writes answer files."""

    name = "writing answers"
    wakes_on = (DecisionOpened, DecisionClosed, ClockJumped, StoreReplaced)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._directory = context.settings.spool.responses_dir
        self._problem: str | None = None

    def problems(self) -> list[str]:
        """Return why no answer can be written now."""
        return [] if self._problem is None else [self._problem]

    async def _work(self) -> None:
        """Write what is entered, in order."""
        withdrawn = True  # by a run before, which was killed
        waiting = await self._store.run(partial(answers.unwritten, limit=1))
        while True:
            written = None
            if waiting:
                withdrawn |= waiting[0].corrects is not None
                body = await self._write(waiting[0])
                if body is None:
                    await self._wake.wait(DISK.longest)
                else:
                    written = (waiting[0].answer, body)
            else:
                if withdrawn:
                    with contextlib.suppress(OSError):  # hidden, and swept at the next start
                        await asyncio.to_thread(responses.sweep, self._directory)
                    withdrawn = False
                await self._wake.wait()
            waiting = await self._store.run(partial(_noted, written=written, now=clock.wall()))

    async def _write(self, answer: Answer) -> str | None:
        corrected = None
        if answer.corrects is not None:
            corrected = await self._store.run(lambda c: answers.corrected(c, answer))
        try:
            body = await asyncio.to_thread(post, self._directory, answer, corrected)
        except OSError as error:
            self._problem = f"cannot write {self._directory}: {error.strerror or error}"
            self._log.error("answer.write_failed", name=answer.name, reason=self._problem)
            return None
        self._problem = None
        self._log.info("answer.written", name=answer.name)
        return body


def _noted(connection: sqlite3.Connection, written: tuple[int, str] | None, now: int) -> list[Answer]:
    """Note the answer whose file is on the disk, with what stands in it; return the next to be written."""
    if written is not None:
        answers.written(connection, written[0], now, written[1])
    return answers.unwritten(connection, 1)
