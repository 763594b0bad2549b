"""Write answers from the ledger to files in `responses/`; those left by a crash are written at start."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING

import orjson

from cctelegram.retry import DISK
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.problem import WRITABLE, Problem
from cctelegram.runtime.signals import ClockJumped, DecisionClosed, DecisionOpened, StoreReplaced
from cctelegram.spool import responses
from cctelegram.store import answers

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.runtime.context import Context
    from cctelegram.store.answers import Answer


def write_all(connection: sqlite3.Connection, directory: str) -> None:
    """Write all answer files that are not on the disk yet, while no bridge runs.

    Raises:
        OSError: a file cannot be written; its answer stays unwritten in the store.
    """
    for answer in answers.unwritten(connection, -1):
        answers.written(
            connection,
            answer.answer,
            clock.wall(),
            post(directory, answer, answers.corrected(connection, answer)),
        )


def post(directory: str, answer: Answer, corrected: Answer | None) -> str:
    """Write an answer file, and withdraw the one that it corrects; return its content.

    If the earlier one was not taken, the new answer replaces it under the same id. Otherwise it is a second
    answer that names the first in `edits`.

    Raises:
        OSError: the file cannot be written.
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
    with contextlib.suppress(FileExistsError):  # written before a crash, but not yet marked as written
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

    def problems(self) -> list[Problem]:
        """Return why no answer can be written now."""
        return [] if self._problem is None else [Problem(self._problem, WRITABLE)]

    async def _work(self) -> None:
        """Write stored answers, in order."""
        withdrawn = True  # perhaps by an earlier run, which was killed
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
                    with contextlib.suppress(OSError):  # a hidden file, removed at the next start
                        await asyncio.to_thread(responses.sweep, self._directory)
                    withdrawn = False
                await self._wake.wait()
            waiting = await self._store.run(partial(_next_answer, written=written, now=clock.wall()))

    async def _write(self, answer: Answer) -> str | None:
        corrected = None
        if answer.corrects is not None:
            corrected = await self._store.run(lambda c: answers.corrected(c, answer))
        try:
            body = await asyncio.to_thread(post, self._directory, answer, corrected)
        except OSError as error:
            self._problem = f"cannot write {self._directory}: {error.strerror or error}"
            self._log.error(
                "answer.write_failed", name=answer.name, reason=self._problem, **answer.log_fields
            )
            return None
        self._problem = None
        self._log.info("answer.written", name=answer.name, **answer.log_fields)
        return body


def _next_answer(connection: sqlite3.Connection, written: tuple[int, str] | None, now: int) -> list[Answer]:
    """Mark an answer as written, with the content of its file; return the next one to write."""
    if written is not None:
        answers.written(connection, written[0], now, written[1])
    return answers.unwritten(connection, 1)
