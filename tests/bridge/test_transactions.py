"""The number of transactions for a message and for an answer."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from cctelegram.daemon.bridge import Bridge
from flow.phone import labels, texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

# The most that a single message costs: it is stored, selected, in flight, sent. Now and then another
# component reads the store meanwhile.
A_MESSAGE = 4.2
# And one of many that wait: in flight, sent.
OF_MANY = 2.2
# A tap: stored, handled, its file written, its entry in the audit log, its card; reads of those who wait.
AN_ANSWER = 8
MESSAGES = 20


async def until(look: Callable[[], Any]) -> Any:
    """Wait until the result is true; the phone is another process."""
    async with asyncio.timeout(30):
        while not (found := await asyncio.to_thread(look)):  # noqa: ASYNC110 - another process: no bell of ours
            await asyncio.sleep(0.01)  # another process: nothing to block on
    return found


class Counted:
    """A bridge in this process whose transactions are counted."""

    def __init__(self, home: Path, sandbox: Sandbox) -> None:
        self.home, self.sandbox = home, sandbox
        self.bridge = Bridge(str(home), {}, {"http.port": 0})

    @property
    def count(self) -> int:
        return self.bridge._context.store.commits

    async def rest(self) -> int:
        """Wait until no more is written; return the number of transactions so far."""
        before = -1
        while before != self.count:
            before = self.count
            await asyncio.sleep(0.3)  # no signal says that nothing more happens
        return before

    def put(self, number: int, **event: Any) -> None:
        """Write an event."""
        beside = self.home / "events" / f".{number}"
        beside.write_text(json.dumps({"title": f"Number {number}.", **event}))
        beside.rename(self.home / "events" / f"{number}.json")

    async def see(self, number: int) -> None:
        """Wait until an event is on the phone."""
        await until(lambda: any(f"Number {number}." in text for text in texts(self.sandbox)))


def counted(home: Path, sandbox: Sandbox, work: Callable[[Counted], Any]) -> None:
    """Run `work` while a bridge runs."""

    async def run() -> None:
        started = Counted(home, sandbox)
        ready = asyncio.Event()
        serving = asyncio.create_task(started.bridge.run(ready.set))
        await ready.wait()
        await until(lambda: started.bridge._telegram.status()["telegram_connected"])
        try:
            await work(started)
        finally:
            started.bridge.stop()
            await serving

    asyncio.run(run())


def test_a_message_costs_few_transactions(home: Path, fast_sandbox: Sandbox) -> None:
    async def one_by_one(started: Counted) -> None:
        before = await started.rest()
        for number in range(MESSAGES):
            started.put(number, type="task_failed")
            await started.see(number)
        cost = (await started.rest() - before) / MESSAGES
        assert cost <= A_MESSAGE

    counted(home, fast_sandbox, one_by_one)


def test_one_of_many_messages_costs_two_transactions(home: Path, fast_sandbox: Sandbox) -> None:
    with (home / "config.toml").open("a") as config:
        config.write("[lanes]\nalert_bound = 1000\n")
    (home / "events").mkdir()
    lines = [json.dumps({"type": "task_failed", "title": f"Number {number}."}) for number in range(50)]
    (home / "events" / "many.jsonl").write_text("\n".join(lines) + "\n")

    async def many(started: Counted) -> None:
        before = started.count
        await started.see(49)
        cost = (await started.rest() - before) / 50
        assert cost <= OF_MANY

    counted(home, fast_sandbox, many)


def test_an_answer_costs_few_transactions(home: Path, fast_sandbox: Sandbox) -> None:
    async def taps(started: Counted) -> None:
        spent = 0
        for number in range(5):
            started.put(number, type="approval_request")
            await started.see(number)
            before = await started.rest()
            card = fast_sandbox.control.messages()[-1]
            assert labels(card)
            fast_sandbox.control.tap(card["message_id"], "Approve")
            await until(lambda: not labels(fast_sandbox.control.messages()[-1]))
            spent += await started.rest() - before
        assert spent / 5 <= AN_ANSWER

    counted(home, fast_sandbox, taps)
