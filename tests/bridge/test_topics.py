"""The project of an event, and the checks of topics that are repeated daily."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.config.settings import Pacing as Rates
from cctelegram.delivery import topics
from cctelegram.delivery.compose import Job
from cctelegram.delivery.line import Bot
from cctelegram.delivery.pacing import Pacing
from cctelegram.delivery.pauses import Pauses
from cctelegram.events.event import Event, from_row
from cctelegram.pools.pools import Pools
from cctelegram.store import chats
from cctelegram.store.deliveries import Waiting
from cctelegram.telegram.api import Api
from contexts import context
from flow.chats import FORUM, make_chats
from owned import Store
from store.rows import row

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox


MOST = 3
WITH_TOPICS = {"CC_TELEGRAM_DISPLAY_MAX_TOPICS": str(MOST)}


def body(data: Any) -> str:
    return json.dumps({"type": "task_failed", "title": "T", "data": data})


def event(**data: Any) -> Event:
    return from_row(row(1, body=body(data)))


@pytest.mark.parametrize(
    ("data", "project"),
    [
        ({"project": "shop"}, "shop"),
        ({"project": " my\n shop\x00 ", "cwd": "/x/y"}, "my shop"),
        ({"project": "", "cwd": "/home/ada/site/"}, "site"),
        ({"cwd": "C:\\work\\site"}, "site"),
        ({"cwd": "/"}, None),
        ({"project": 7, "cwd": ["x"]}, None),
        ({}, None),
    ],
)
def test_the_project_is_the_named_one_or_else_the_directory(
    data: dict[str, Any], project: str | None
) -> None:
    assert topics.project(topics.project_fields(body(data))) == project


def test_an_event_whose_data_is_not_an_object_has_no_project() -> None:
    assert topics.project(topics.project_fields(body(["project"]))) is None
    assert topics.project(topics.project_fields("{}")) is None


@given(st.text())
def test_every_project_name_is_valid_for_telegram(name: str) -> None:
    found = topics.project(topics.project_fields(body({"project": name})))
    assert found is None or (found == found.strip() and 1 <= len(found) <= topics.MAX_NAME)


def with_topics(
    tmp_path: Path, sandbox: Sandbox, work: Callable[[topics.Topics], Awaitable[None]], *, opens: int = 1
) -> None:
    """Run `work` with the topics of a store that is reopened several times."""

    async def run() -> None:
        store = Store(tmp_path / "store.db")
        given = context(tmp_path, store, {"CC_TELEGRAM_API_BASE": sandbox.api_base, **WITH_TOPICS})
        pools = Pools(given.settings)
        row = await store.run(lambda c: chats.bot(c, sandbox.api_base, 1))
        pacing = Pacing(
            Rates(chat_per_second=100, chat_burst=100, group_per_minute=1000, total_per_second=1000)
        )
        api = Api(pools.send, sandbox.api_base, sandbox.token)
        bot = Bot(api, api, row, b"", Pauses(store, row), pacing)
        found = topics.Topics(given, bot, in_private=False)
        try:
            await found.load()
            await work(found)
        finally:
            await pools.aclose()
            store.close()

    for _ in range(opens):
        asyncio.run(run())


def job(project: str) -> Job:
    waiting = Waiting(1, 1, FORUM, None, 1, 0, 0, 0, 1, None)
    return Job(waiting, event(project=project), "e", 1, None, rendered=False)


async def thread(found: topics.Topics, project: str) -> int | None:
    placed = await found.assign(job(project))
    if placed is None:  # created: read again
        placed = await found.assign(job(project))
    assert placed is not None
    return placed.waiting.thread_id


def test_the_result_of_getchat_is_valid_for_a_day_and_across_a_restart(
    tmp_path: Path, fast_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_chats(fast_sandbox)

    async def two(found: topics.Topics) -> None:
        assert await thread(found, "shop") is not None
        assert await thread(found, "site") is not None

    with_topics(tmp_path, fast_sandbox, two, opens=2)
    assert len(fast_sandbox.control.calls("getChat")) == 1
    monkeypatch.setattr(topics, "DAY", 0)

    async def third(found: topics.Topics) -> None:
        assert await thread(found, "third") is not None

    with_topics(tmp_path, fast_sandbox, third)
    assert len(fast_sandbox.control.calls("getChat")) == 2
    assert len(fast_sandbox.control.calls("createForumTopic")) == 3


def test_a_refused_topic_is_retried_after_a_day(tmp_path: Path, fast_sandbox: Sandbox) -> None:
    make_chats(fast_sandbox)
    fast_sandbox.control.chat(FORUM, bot_status="member")

    async def refused(found: topics.Topics) -> None:
        assert await thread(found, "shop") is None
        assert await thread(found, "site") is None
        assert "not enough rights" in found.refused[FORUM]

    with_topics(tmp_path, fast_sandbox, refused, opens=2)
    assert len(fast_sandbox.control.calls("createForumTopic")) == 1
    fast_sandbox.control.chat(FORUM, bot_status="administrator")
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as store:
        store.execute("UPDATE chats SET topics_after = topics_after - ?", (topics.DAY,))

    async def allowed(found: topics.Topics) -> None:
        assert await thread(found, "shop") is not None
        assert found.refused == {}

    with_topics(tmp_path, fast_sandbox, allowed)


def test_a_chat_that_getchat_fails_for_gets_its_events_without_a_topic(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    make_chats(fast_sandbox)
    fast_sandbox.control.fail("getChat", kind="server-error")

    async def failing(found: topics.Topics) -> None:
        assert await thread(found, "shop") is None
        assert await thread(found, "shop") is None

    with_topics(tmp_path, fast_sandbox, failing)
    assert len(fast_sandbox.control.calls("getChat")) == 1
    assert fast_sandbox.control.calls("createForumTopic") == []


def test_a_chat_has_a_bounded_number_of_topics_and_an_unused_one_is_taken_over(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    make_chats(fast_sandbox)

    async def many(found: topics.Topics) -> None:
        threads = [await thread(found, f"tmp.{number}") for number in range(50)]
        assert None not in threads[:MOST]
        assert threads[MOST:] == [None] * (50 - MOST)

    with_topics(tmp_path, fast_sandbox, many)
    assert len(fast_sandbox.control.calls("createForumTopic")) == MOST
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as store:
        store.execute("UPDATE topics SET used_at = used_at - ? - thread_id", (topics.DAY,))
        (oldest,) = store.execute("SELECT thread_id FROM topics ORDER BY used_at LIMIT 1").fetchone()

    async def further(found: topics.Topics) -> None:
        # One that is used stays; of the others the oldest is taken over.
        others = [name for (_, name), topic in found._threads.items() if topic.thread_id != oldest]
        for name in others:
            assert await thread(found, name) not in (None, oldest)
        assert await thread(found, "shop") == oldest
        assert await thread(found, "site") is None

    with_topics(tmp_path, fast_sandbox, further)
    (renamed,) = fast_sandbox.control.calls("editForumTopic")
    assert renamed["params"]["name"] == "shop"

    async def known(found: topics.Topics) -> None:
        assert await thread(found, "shop") == oldest
        assert len(found._threads) == MOST

    with_topics(tmp_path, fast_sandbox, known)
    assert len(fast_sandbox.control.calls("createForumTopic")) == MOST


def test_a_topic_that_is_gone_when_it_is_taken_over_is_created_again(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    make_chats(fast_sandbox)

    async def full(found: topics.Topics) -> None:
        for number in range(MOST):
            assert await thread(found, f"number {number}") is not None

    with_topics(tmp_path, fast_sandbox, full)
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as store:
        store.execute("UPDATE topics SET used_at = 0, thread_id = thread_id + 1000")

    async def further(found: topics.Topics) -> None:
        assert await found.assign(job("another")) is None
        assert await thread(found, "another") is not None

    with_topics(tmp_path, fast_sandbox, further)
    assert len(fast_sandbox.control.calls("createForumTopic")) == MOST + 1
