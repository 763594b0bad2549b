"""The streams of /events, without a bridge: what is kept, who is dropped, how they end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.web import stream
from cctelegram.web.stream import BEHIND, KEPT, Streams

if TYPE_CHECKING:
    from starlette.types import Message


def kinds(streams: Streams, last: str | None) -> list[str]:
    texts = [message.text.decode() for message in streams.missed(last)]
    return [line.removeprefix("event: ") for text in texts for line in text.splitlines() if "event" in line]


@given(st.integers(0, 3 * KEPT), st.integers(0, 3 * KEPT))
def test_a_client_that_comes_back_gets_all_it_missed_or_is_told_to_begin_anew(sent: int, seen: int) -> None:
    streams = Streams("run")
    for number in range(sent):
        streams.publish(f"n{number + 1}", {})
    found = kinds(streams, f"run-{seen}")
    if seen > sent or sent - seen > KEPT:
        assert found == ["reset"]
    else:
        assert found == [f"n{number + 1}" for number in range(seen, sent)]


@pytest.mark.parametrize("last", ["other-1", "run-", "run-x", "run--1", "", "1", "\u0663"])
def test_an_id_of_another_run_or_no_id_at_all_begins_anew(last: str) -> None:
    streams = Streams("run")
    streams.publish("one", {})
    assert kinds(streams, last) == ["reset"]


def test_a_new_client_missed_nothing_and_a_sample_is_not_kept() -> None:
    streams = Streams("run")
    streams.publish("one", {})
    streams.publish("sample", {}, kept=False)
    assert kinds(streams, None) == []
    assert kinds(streams, "run-0") == ["one"]


class Client:
    """One end of a stream: takes what is sent, or does not."""

    def __init__(self, *, reads: bool = True) -> None:
        self.got: list[str] = []
        self.came = asyncio.Event()
        self.reads = reads

    async def send(self, message: Message) -> None:
        if not self.reads:
            await asyncio.Event().wait()
        self.got.append(message["body"].decode())
        self.came.set()

    async def until(self, text: str) -> None:
        async with asyncio.timeout(5):
            while not any(text in got for got in self.got):
                self.came.clear()
                await self.came.wait()


def test_what_is_published_reaches_every_client_with_ids_that_go_up() -> None:
    async def work() -> None:
        streams, clients = Streams("run"), [Client(), Client()]
        serving = [asyncio.create_task(streams.serve(None, client.send)) for client in clients]
        for client in clients:
            await client.until("id: run-0\n\n")
        streams.publish("sent", {"lane": "alerts"})
        streams.publish("sample", {"at": 1}, kept=False)
        for client in clients:
            await client.until("sample")
            assert client.got[1:] == [
                'id: run-1\nevent: sent\ndata: {"lane":"alerts"}\n\n',
                'event: sample\ndata: {"at":1}\n\n',
            ]
        assert streams.count == 2
        streams.close()
        async with asyncio.timeout(1):
            await asyncio.gather(*serving)
        assert streams.count == 0

    asyncio.run(work())


def test_a_client_that_does_not_read_is_dropped_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "PATIENCE", 0.2)

    async def work() -> None:
        streams, slow, quick = Streams("run"), Client(reads=False), Client()
        serving = [asyncio.create_task(streams.serve(None, client.send)) for client in (slow, quick)]
        await quick.until("id: run-0")
        for number in range(BEHIND + 1):
            streams.publish("sent", {"number": number})
            await asyncio.sleep(0)
        assert streams.count == 1
        await quick.until(f'"number":{BEHIND}')
        async with asyncio.timeout(2):
            await serving[0]
        streams.close()
        await serving[1]

    asyncio.run(work())


def test_silence_is_broken_by_a_comment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SILENCE", 0.01)

    async def work() -> None:
        streams, client = Streams("run"), Client()
        serving = asyncio.create_task(streams.serve(None, client.send))
        await client.until(": alive\n\n")
        streams.close()
        await serving

    asyncio.run(work())
