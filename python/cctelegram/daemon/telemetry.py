"""The exporter for OpenTelemetry as a child process, so that the bridge loads nothing of it.

It exists while `otel.endpoint` is set. The bridge hands it the settings, and when each batch was durable,
which no row can hold; what else it exports, it reads from store, log and /metrics.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import orjson

from cctelegram.config import environment
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.problem import Problem
from cctelegram.runtime.signals import EventsStored, SettingsChanged

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.config.settings import Otel
    from cctelegram.runtime.context import Context

COMMAND: Final = (sys.executable, "-m", "cctelegram.otel")
# The exit code of a child that cannot work before a person changes something, as otel/__main__.py has it.
UNUSABLE: Final = 3
# Then it is tried again this much later, in seconds: the packages may have been installed.
LATER: Final = 300.0
# How long a child that is to end may take for a last request, in seconds.
PATIENCE: Final = 3.0
# Secrets of the bridge that are no business of the child; the headers go through its input.
HIDDEN: Final = ("TELEGRAM_BOT_TOKEN", "OTEL_EXPORTER_OTLP_HEADERS")
# Bytes that may wait for a child that does not read; what comes then is left out.
BUFFERED: Final = 65_536
# Batches that a child learns of when it starts: those of its own start, or since the last one ended.
COMMITS: Final = 1000


class Ended(Exception):
    """The exporter ended by itself; the message has what it printed last."""


class Telemetry(Component):
    """Runs the exporter."""

    name = "exporting telemetry"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._started = clock.wall()
        self._child: Process | None = None
        self._exporting = bool(context.settings.otel.endpoint)
        self._commits: deque[bytes] = deque(maxlen=COMMITS)
        self._state: dict[str, Any] = {}
        self._printed = ""

    def _listeners(self) -> dict[type, Callable[[Any], None]]:
        return {SettingsChanged: lambda _: self._wake.set(), EventsStored: self._stored}

    def problems(self) -> list[Problem]:
        """Return why nothing can be exported now."""
        problem = self._state.get("problem")
        return [] if problem is None else [Problem(f"telemetry is not exported: {problem}")]

    def status(self) -> dict[str, Any]:
        """Return what was exported since the exporter started; nothing without one."""
        return {"otel": self._state} if self._state else {}

    def _stored(self, stored: EventsStored) -> None:
        """Hand on when a batch was durable."""
        if not self._exporting or stored.rows is None:
            return
        line = orjson.dumps([*stored.rows, stored.at]) + b"\n"
        self._commits.append(line)
        stdin = None if self._child is None else self._child.stdin
        if stdin is not None and stdin.transport.get_write_buffer_size() < BUFFERED:
            stdin.write(line)

    async def _work(self) -> None:
        while True:
            otel = self._context.settings.otel
            self._exporting = bool(otel.endpoint)
            if self._exporting:
                await self._export(otel)
            else:
                self._state = {}
                self._commits.clear()
                await self._wake.wait()

    async def _export(self, otel: Otel) -> None:
        """Run the exporter until the settings change.

        Raises:
            Ended: it ended before.
        """
        child = self._child = await self._start(otel)  # no commit is between its lines and this
        reading = asyncio.create_task(self._read(child), name="reading from the exporter")
        self._log.info("telemetry.started", endpoint=otel.endpoint, pid=child.pid)
        try:
            while not reading.done() and self._context.settings.otel == otel:
                waking = asyncio.create_task(self._wake.wait(), name="waiting for the exporter")
                await asyncio.wait((reading, waking), return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
        finally:
            self._child = None
            reading.cancel()
            code = await _end(child)
        if reading.done() and not reading.cancelled() and self._context.settings.otel == otel:
            reading.result()
            if code != UNUSABLE:
                raise Ended(f"the exporter ended with code {code}: {self._printed or 'it printed nothing'}")
            self._log.warning("telemetry.unusable", reason=self._state.get("problem"))
            await self._wake.wait(LATER)

    async def _start(self, otel: Otel) -> Process:
        variables = environment.snapshot()
        for name in HIDDEN:
            variables.pop(name, None)
        child = await asyncio.create_subprocess_exec(
            *COMMAND, stdin=PIPE, stdout=PIPE, stderr=STDOUT, env=variables, start_new_session=True
        )
        given = {
            "home": str(self._context.home),
            "endpoint": otel.endpoint,
            "headers": otel.headers.reveal() if otel.headers else None,
            "interval_seconds": otel.interval_seconds,
            "since": self._started,
        }
        assert child.stdin is not None  # noqa: S101 - a pipe
        child.stdin.write(b"".join((orjson.dumps(given), b"\n", *self._commits)))
        return child

    async def _read(self, child: Process) -> None:
        """Keep the states that the child prints, until it ends; log when a problem begins or is over."""
        assert child.stdout is not None  # noqa: S101 - a pipe
        async for line in child.stdout:
            try:
                state = orjson.loads(line)
            except orjson.JSONDecodeError:
                self._printed = line.decode(errors="replace").strip() or self._printed
                continue
            before, self._state = self._state.get("problem"), state
            problem = state.get("problem")
            if problem is not None and before is None:
                self._log.warning("telemetry.failed", reason=problem)
            elif problem is None and before is not None:
                self._log.info("telemetry.recovered")


async def _end(child: Process) -> int:
    """Let a child finish its last request, and return its exit code; kill one that does not end."""
    with contextlib.suppress(ProcessLookupError, BrokenPipeError, ConnectionResetError):
        if child.stdin is not None:
            child.stdin.close()
        try:
            async with asyncio.timeout(PATIENCE):
                return await child.wait()
        except TimeoutError:
            child.kill()
    return await child.wait()
