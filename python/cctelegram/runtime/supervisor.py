"""The supervisor: restarts a component that failed, and collects what keeps components from their work."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any, TypeVar

from cctelegram.runtime.retry import DISK, RESTART

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


class Supervisor:
    """Keeps components at work; a failure is logged, and shown as a problem until it is over."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._failures: dict[str, str] = {}

    @property
    def problems(self) -> list[str]:
        """Return each component that cannot work now, with the reason."""
        return [f"{name}: {reason}" for name, reason in self._failures.items()]

    def failed(self, name: str, error: BaseException) -> None:
        """Note a failure that is being waited out."""
        self._failures[name] = _words(error)
        self._log.error("component.failed", part=name, reason=_words(error))

    def recovered(self, name: str) -> None:
        """Note that a failure is over."""
        self._failures.pop(name, None)

    async def keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` without end; it holds nothing that is not in the store, so it can begin again.

        A full disk, a locked store and a defect of ours are met in the same way: reported, and tried again.
        """
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            steady = loop.call_later(RESTART.longest, self.recovered, name)
            try:
                await work()
            except Exception as error:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    self._failed(name, error)
                    raise  # it failed while it was being ended: it does not begin again
                if loop.time() - began > RESTART.longest:
                    failures = 0
                self._failed(name, error, again_seconds=RESTART.seconds(failures))
            finally:
                steady.cancel()
            await asyncio.sleep(RESTART.seconds(failures))
            failures += 1

    def unhandled(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log what the loop reports: the error of a callback, or of a task that nothing awaits."""
        self._log.error("loop.unhandled", reason=context["message"], exc_info=context.get("exception"))

    async def until_stored(self, name: str, write: Callable[[], Awaitable[T]]) -> T:
        """Return what `write` does, tried again for as long as the store cannot be written (a full disk)."""
        failures = 0
        while True:
            try:
                result = await write()
            except sqlite3.OperationalError as error:
                self.failed(name, error)
                await asyncio.sleep(DISK.seconds(failures))
                failures += 1
            else:
                self.recovered(name)
                return result

    def _failed(self, name: str, error: Exception, **more: float) -> None:
        self._failures[name] = _words(error)
        self._log.error("component.failed", part=name, reason=_words(error), exc_info=error, **more)


def _words(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
