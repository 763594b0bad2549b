"""The supervisor: restarts a failed component, and collects failures as problems."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cctelegram.retry import DISK, RESTART
from cctelegram.runtime.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")
AGAIN: Final = (
    "The bridge tries again by itself. Make room if the disk is full; if it lasts, see `cctelegram logs "
    "--level error`, and report it."
)


class Supervisor:
    """Restarts components; a failure is logged, and shown as a problem until it is over.

    Args:
        log: a structlog logger.
        steady_seconds: a component that has worked for this long after a failure has recovered.
    """

    def __init__(self, log: Any, *, steady_seconds: float = RESTART.longest) -> None:
        self._log = log
        self._steady_seconds = steady_seconds
        self._failures: dict[str, str] = {}

    @property
    def problems(self) -> dict[str, Problem]:
        """Return the problem of each failed component, by its name."""
        return {name: Problem(f"{name}: {reason}", AGAIN) for name, reason in self._failures.items()}

    def failed(self, name: str, error: BaseException) -> None:
        """Record and log a failure that its component retries."""
        self._failures[name] = _text(error)
        self._log.error("component.failed", part=name, reason=_text(error))

    def recovered(self, name: str) -> None:
        """Record that a failure is over."""
        self._failures.pop(name, None)

    async def supervise(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` and restart it after each failure; it holds no state that is not in the store.

        A full disk, a locked store and a bug in the bridge are treated alike: reported, and retried.
        """
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            steady = loop.call_later(self._steady_seconds, self.recovered, name)
            try:
                await work()
            except Exception as error:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    self._failed(name, error)
                    raise  # failed during cancellation: not restarted
                if loop.time() - began > self._steady_seconds:
                    failures = 0
                self._failed(name, error, again_seconds=RESTART.seconds(failures))
            finally:
                steady.cancel()
            await asyncio.sleep(RESTART.seconds(failures))
            failures += 1

    def unhandled(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log an error that the loop reports: of a callback, or of a task that is not awaited."""
        self._log.error("loop.unhandled", reason=context["message"], exc_info=context.get("exception"))

    async def until_stored(self, name: str, write: Callable[[], Awaitable[T]]) -> T:
        """Return the result of `write`, retried while the store is not writable (a full disk)."""
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
        self._failures[name] = _text(error)
        self._log.error("component.failed", part=name, reason=_text(error), exc_info=error, **more)


def _text(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
