"""The history of a bridge: recorded with each sample, kept in a file over a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cctelegram import durable
from cctelegram.config import paths
from cctelegram.monitor import catalogue
from cctelegram.monitor.history import History
from cctelegram.runtime.component import Component
from cctelegram.runtime.signals import MessageSent, Sampled

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.runtime.context import Context

NAME: Final = "history.msgpack"
# Seconds between two writes of the file; a crash loses as much.
SAVE: Final = 300.0


class Recording(Component):
    """Records the history, and saves it each five minutes and at the end."""

    name = "the history"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.history = History()
        self._file = Path(paths.state_dir(str(context.home))) / NAME
        self._loaded = False

    def _listeners(self) -> dict[type, Callable[[Any], None]]:
        return {Sampled: self._sampled, MessageSent: self._sent}

    def _sampled(self, sampled: Sampled) -> None:
        for lag in sampled.lags:
            self.history.observe(catalogue.LOOP_LAG, lag)
        self.history.record(self._context.metrics, sampled.at, sampled.monotonic)

    def _sent(self, sent: MessageSent) -> None:
        if sent.complete and sent.occurred_at is not None:
            self.history.observe(catalogue.DELIVERED, max(0, sent.at - sent.occurred_at) / 1_000_000)

    async def _work(self) -> None:
        if not self._loaded:
            self._load()
        try:
            while True:
                await asyncio.sleep(SAVE)
                await asyncio.to_thread(self._save, self.history.pack())
        finally:
            self._save(self.history.pack())

    def _load(self) -> None:
        """Read the file, before the first sample is recorded; a damaged one loses figures alone."""
        self._loaded = True
        try:
            self.history.unpack(self._file.read_bytes())
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            self._log.warning("history.unreadable", reason=str(error))

    def _save(self, content: bytes) -> None:
        try:
            with durable.replacing(self._file) as out:
                out.write(content)
        except OSError as error:
            self._log.warning("history.save_failed", reason=str(error))
