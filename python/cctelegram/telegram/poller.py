"""Long polling for updates, without end.

A request with a higher offset confirms an update to Telegram. So a batch first goes to the callback,
which makes it durable, and the offset advances after the callback returns: a crash in between repeats the
batch and never loses it.

Only cancellation ends the poller. It retries every failure: after a network error or another poller's 409
with backoff, after a 429 when Telegram says, and after a refused token rarely, since only a person can fix
that.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

import msgspec

from cctelegram.monitor import catalogue
from cctelegram.monitor.values import Metrics
from cctelegram.retry import POLL, TOKEN_REFUSED
from cctelegram.telegram import errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from cctelegram.telegram.api import Api

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
# A poll that takes this much longer than Telegram was asked to wait is dead: the machine was suspended, or
# the network vanished without an error. The poller abandons it and polls again.
GRACE_SECONDS = 10.0
# An empty answer before this time did not wait as requested: without a pause the poller would spin.
HASTY_SECONDS = 1.0
NETWORK = "Check the network and the proxy of this machine; the bridge tries again by itself."
REPLACE = "Write a valid token to .env in the home."
STORE = "Make room on the disk that holds the home; the updates come again."


class Status(msgspec.Struct, kw_only=True):
    """The state of polling.

    `connected`: the last poll was answered. `problem`: a sentence, None while connected or before the first
    answer. `action`: what to do about it; None where the sentence says it. `last_poll_at`: unix seconds of
    the last answer. `offset`: the update offset. The rest are counts.
    """

    connected: bool = False
    problem: str | None = None
    action: str | None = None
    last_poll_at: float | None = None
    offset: int | None
    polls: int = 0
    updates: int = 0
    failures: int = 0
    conflicts: int = 0
    abandoned: int = 0


class Poller:
    """Pass each batch of updates to `on_updates`, until `run` is cancelled.

    Args:
        api: uses the `poll` pool.
        on_updates: makes a batch durable; while it raises, the same batch comes again.
        offset: the id of the first update to fetch; None for all updates that Telegram still has.
        poll_seconds: returns how long a request waits at Telegram; called for each request.
        token_refused: called when Telegram no longer accepts the token; polling continues.
        metrics: counts polls and updates.
        sleep, chance, clock, wall, limit: seams for tests: sleep, a random number in [0, 1), monotonic and
            unix seconds, and a timeout after some seconds that raises TimeoutError.
    """

    def __init__(
        self,
        api: Api,
        on_updates: Callable[[list[dict[str, Any]]], Awaitable[None]],
        *,
        offset: int | None = None,
        poll_seconds: Callable[[], int] = lambda: 50,
        token_refused: Callable[[], None] = lambda: None,
        metrics: Metrics | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        limit: Callable[[float], AbstractAsyncContextManager[object]] = asyncio.timeout,
    ) -> None:
        self._api = api
        self._on_updates = on_updates
        self._status = Status(offset=offset)
        self._poll_seconds = poll_seconds
        self._token_refused = token_refused
        self._metrics = Metrics() if metrics is None else metrics
        self._sleep = sleep
        self._chance = chance
        self._clock = clock
        self._wall = wall
        self._limit = limit
        self._in_a_row = 0  # failures since the last answer

    def status(self) -> Status:
        """Return the state of polling."""
        return msgspec.structs.replace(self._status)

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            try:
                pause = await self._once()
            except errors.TelegramError as error:
                pause = self._refused(error)
            except Exception as error:  # noqa: BLE001  a full disk must not end the poller for good
                pause = self._failed(f"updates cannot be kept: {type(error).__name__}: {error}", STORE)
            if pause > 0:
                await self._sleep(pause)

    async def _once(self) -> float:
        """Poll once; return the pause before the next."""
        # Right after a failure, and at the start, Telegram is asked to answer at once: otherwise the poller
        # would learn only after a quiet minute that it is connected.
        status = self._status
        wait = self._poll_seconds() if status.connected else 0
        began = self._clock()
        status.polls += 1
        self._metrics.add(catalogue.POLLS)
        try:
            async with self._limit(wait + GRACE_SECONDS):
                answer = await self._api.get_updates(status.offset, wait, ALLOWED_UPDATES)
        except TimeoutError:
            status.abandoned += 1
            return self._failed("Telegram was silent for longer than it was asked to wait")
        batch = _readable(answer)
        if batch is None:
            raise errors.ServerFault("getUpdates", None, "the answer is no list of updates")
        if batch:
            await self._on_updates(batch)
            status.offset = 1 + max(update["update_id"] for update in batch)
            status.updates += len(batch)
            self._metrics.add(catalogue.UPDATES, len(batch))
        status.connected, status.problem, status.action = True, None, None
        status.last_poll_at = self._wall()
        self._in_a_row = 0
        hasty = wait > 0 and not batch and self._clock() - began < min(HASTY_SECONDS, wait)
        return HASTY_SECONDS if hasty else 0.0

    def _refused(self, error: errors.TelegramError) -> float:
        if isinstance(error, errors.RetryAfter):
            pause = self._failed(
                f"Telegram asks to wait {error.seconds:g} s", "Nothing: polling goes on then."
            )
            return max(pause, error.seconds)
        if isinstance(error, errors.Unauthorized):
            self._failed(f"Telegram refuses the token: {error.description}", REPLACE)
            self._token_refused()
            return TOKEN_REFUSED.first
        if isinstance(error, errors.Conflict):
            self._status.conflicts += 1
            self._metrics.add(catalogue.CONFLICTS)
            if error.webhook:
                return self._failed("a webhook is set for this bot, so updates go there: delete it", None)
            return self._failed("another program polls with the same token: stop it", None)
        return self._failed(str(error))

    def _failed(self, problem: str, action: str | None = NETWORK) -> float:
        """Record a failure; return the wait before the next poll."""
        self._status.connected, self._status.problem, self._status.action = False, problem, action
        self._status.failures += 1
        self._metrics.add(catalogue.POLL_FAILURES)
        pause = POLL.seconds(self._in_a_row, self._chance())
        self._in_a_row += 1
        return pause


def _readable(answer: object) -> list[dict[str, Any]] | None:
    """Return the answer if it is a list of updates, each with its id; else None."""
    if not isinstance(answer, list):
        return None
    if not all(isinstance(update, dict) and type(update.get("update_id")) is int for update in answer):
        return None
    return answer
