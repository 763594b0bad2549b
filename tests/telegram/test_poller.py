from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.config.load import load
from cctelegram.pools.pools import Pools
from cctelegram.telegram import errors
from cctelegram.telegram.api import Api
from cctelegram.telegram.poller import Poller
from pools.wire import close, never, result, wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.sandbox.child import Sandbox


class Script(Api):
    """The other side of the poller: answers getUpdates by a list, then cancels the poller."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int | None, int]] = []

    async def get_updates(self, offset: int | None, wait_seconds: int, _: Any) -> list[dict[str, Any]]:
        if not self.answers:
            raise asyncio.CancelledError
        self.asked.append((offset, wait_seconds))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]  # sometimes on purpose no list


class Played:
    """A poller that has run through a script; nothing in it takes time."""

    def __init__(
        self, *answers: Any, keep: Callable[[list[dict[str, Any]]], None] | None = None, tick: float = 20.0
    ) -> None:
        self.script = Script(*answers)
        self.kept: list[list[int]] = []
        self.pauses: list[float] = []
        self._now = 0.0
        self._tick = tick  # seconds between two reads of the clock
        self._keep = keep
        self.poller = Poller(
            self.script,
            self.on_updates,
            offset=100,
            sleep=self.sleep,
            chance=lambda: 0.5,
            clock=self.clock,
            wall=lambda: 1_800_000_000.0,
        )
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(self.poller.run())

    async def on_updates(self, batch: list[dict[str, Any]]) -> None:
        if self._keep is not None:
            self._keep(batch)
        self.kept.append([update["update_id"] for update in batch])

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def clock(self) -> float:
        self._now += self._tick
        return self._now


def update(number: int) -> dict[str, Any]:
    return {"update_id": number}


def conflict(words: str) -> errors.Conflict:
    return errors.Conflict("getUpdates", 409, words)


LOST = errors.NotSent("getUpdates", None, "ConnectError: no route")


def test_a_batch_is_stored_and_confirmed_by_the_next_request() -> None:
    played = Played([update(100), update(101)], [], [update(105)], [])
    assert played.kept == [[100, 101], [105]]
    assert [offset for offset, _ in played.script.asked] == [100, 102, 102, 106]
    assert played.pauses == []
    status = played.poller.status()
    assert (status.connected, status.problem, status.last_poll_at) == (True, None, 1_800_000_000.0)
    assert (status.polls, status.updates, status.failures) == (5, 3, 0)


def test_the_offset_moves_only_when_the_batch_is_durable() -> None:
    disk = iter([OSError("disk full"), OSError("disk full"), None])

    def keep(_: object) -> None:
        problem = next(disk)
        if problem is not None:
            raise problem

    batch = [update(100)]
    played = Played(batch, batch, batch, [], keep=keep)
    assert played.kept == [[100]]
    assert [offset for offset, _ in played.script.asked] == [100, 100, 100, 101]
    assert len(played.pauses) == 2


def test_a_failure_to_store_is_reported() -> None:
    def keep(_: object) -> None:
        raise TimeoutError("database is locked")

    status = Played([update(100)], keep=keep).poller.status()
    assert status.problem == "updates cannot be kept: TimeoutError: database is locked"
    assert status.abandoned == 0


def test_r18_backoff_doubles_to_half_a_minute_and_restarts_after_a_response() -> None:
    played = Played(*[LOST] * 9, [], LOST)
    assert played.pauses == [0.375, 0.75, 1.5, 3.0, 6.0, 12.0, 22.5, 22.5, 22.5, 0.375]
    status = played.poller.status()
    assert (status.connected, status.problem) == (False, "getUpdates: ConnectError: no route")


def test_r18_a_night_without_network_does_not_end_it() -> None:
    played = Played(*[LOST] * 5000, [update(100)])
    assert played.kept == [[100]]
    assert max(played.pauses) <= 30


def test_the_first_poll_and_the_one_after_a_failure_do_not_wait() -> None:
    played = Played([], [], LOST, [], [])
    assert [wait for _, wait in played.script.asked] == [0, 50, 50, 0, 50]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("Conflict: terminated by other getUpdates request", "another program polls with the same token"),
        ("Conflict: can't use getUpdates method while webhook is active", "a webhook is set for this bot"),
    ],
)
def test_r18_after_a_409_the_poller_reports_the_kind_backs_off_and_resumes_by_itself(
    words: str, problem: str
) -> None:
    status = Played(conflict(words)).poller.status()
    assert problem in (status.problem or "")
    played = Played(*[conflict(words)] * 3, [update(100)])
    assert played.pauses == [0.375, 0.75, 1.5]
    assert played.kept == [[100]]
    assert (played.poller.status().connected, played.poller.status().conflicts) == (True, 3)


def test_r8_a_429_is_waited_out_in_full() -> None:
    played = Played(errors.RetryAfter("getUpdates", 429, "Too Many Requests", 6775.0), [])
    assert played.pauses == [6775.0]
    assert played.poller.status().connected


def test_a_rejected_token_is_reported_and_retried_rarely() -> None:
    played = Played(*[errors.Unauthorized("getUpdates", 401, "Unauthorized")] * 2, [update(100)])
    assert played.pauses == [300.0, 300.0]
    assert played.kept == [[100]]
    status = Played(errors.Unauthorized("getUpdates", 401, "Unauthorized")).poller.status()
    assert status.problem == "Telegram refuses the token: Unauthorized"


@pytest.mark.parametrize("answer", [None, {}, [1], [{"x": 1}], [{"update_id": "7"}]])
def test_a_response_that_is_not_a_list_of_updates_is_a_failure_and_does_not_end_the_poller(
    answer: Any,
) -> None:
    played = Played(answer, [update(100)])
    assert played.kept == [[100]]
    assert len(played.pauses) == 1


def test_empty_responses_without_a_wait_do_not_make_the_poller_spin() -> None:
    assert Played([], [], []).pauses == []
    assert Played([], [], [], tick=0.0).pauses == [1.0, 1.0]


def listen(
    base: str, token: str, until: Callable[[list[Any], Poller], bool], **arguments: Any
) -> tuple[list[Any], Poller]:
    """Poll a real server until `until` says so after a batch or a pause."""

    async def run() -> tuple[list[Any], Poller]:
        flags: dict[str, object] = {"telegram.api_base": base, "telegram.poll_seconds": 5}
        pools = Pools(load("/nonexistent", {}, flags).settings)
        kept: list[Any] = []
        done = asyncio.Event()

        def look() -> None:
            if until(kept, poller):
                done.set()

        async def on_updates(batch: list[dict[str, Any]]) -> None:
            kept.extend(batch)
            look()

        async def sleep(_: float) -> None:
            look()
            await asyncio.sleep(0)

        poller = Poller(
            Api(pools.poll, base, token), on_updates, poll_seconds=lambda: 5, sleep=sleep, **arguments
        )
        task = asyncio.create_task(poller.run())
        await asyncio.wait_for(done.wait(), 20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await pools.aclose()
        return kept, poller

    return asyncio.run(run())


def test_r18_a_silent_poll_times_out_and_is_repeated() -> None:
    async def run() -> None:
        async with wire(never, close, result([update(5)]), never) as server:
            base = server.base
            kept, poller = await asyncio.to_thread(
                listen, base, "1:x", lambda kept, _: bool(kept), limit=lambda _: asyncio.timeout(0.2)
            )
            assert kept == [update(5)]
            assert poller.status().abandoned == 1
            assert poller.status().failures == 2
            assert server.connections >= 3

    asyncio.run(run())


def test_a_message_written_in_the_sandbox_is_received(fast_sandbox: Sandbox) -> None:
    fast_sandbox.control.say("hello")
    fast_sandbox.control.say("again")
    kept, poller = listen(fast_sandbox.api_base, fast_sandbox.token, lambda kept, _: len(kept) >= 2)
    assert [update["message"]["text"] for update in kept] == ["hello", "again"]
    assert {update["message"]["from"]["id"] for update in kept} == {fast_sandbox.user_id}
    assert poller.status().updates == 2
    # What was confirmed does not come again to the next poller; what was not, does.
    fast_sandbox.control.say("third")
    kept, _ = listen(
        fast_sandbox.api_base, fast_sandbox.token, lambda kept, _: bool(kept), offset=kept[-1]["update_id"]
    )
    assert [update["message"]["text"] for update in kept][-1] == "third"


def test_r18_the_poller_continues_after_every_kind_of_refusal(fast_sandbox: Sandbox) -> None:
    control = fast_sandbox.control
    for code in (409, 500, 401, 429, 502):
        control.fail("getUpdates", error_code=code, times=1)
    control.say("still there?")
    kept, poller = listen(fast_sandbox.api_base, fast_sandbox.token, lambda kept, _: bool(kept))
    assert kept[0]["message"]["text"] == "still there?"
    assert (poller.status().failures, poller.status().conflicts) == (5, 1)


def test_a_wrong_token_is_reported(fast_sandbox: Sandbox) -> None:
    _, poller = listen(fast_sandbox.api_base, "1:wrong", lambda _, poller: poller.status().failures > 0)
    assert "refuses the token" in (poller.status().problem or "")
