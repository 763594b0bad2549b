"""Chats that are blocked, left, deleted or moved: their queue is kept, others are not affected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flow.chats import GROUP, OTHER, both_allowed, make_chats, see_in, told
from flow.test_life import run
from running import RunningBridge, bridge, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

MOVED = -1003003003


@pytest.fixture
def started(tmp_path: Path, fast_sandbox: Sandbox) -> Iterator[RunningBridge]:
    make_chats(fast_sandbox)
    lines = (f"to = {OTHER}", f"to = {GROUP}")
    with bridge(both_allowed(tmp_path / "home", fast_sandbox, *lines)) as running:
        running.wait_status(lambda now: now["telegram_connected"], "connected")
        yield running


def failed(running: RunningBridge, title: str, name: str = "a") -> None:
    running.put(f"{name}.json", {"type": "task_failed", "title": title})


def waits_for(running: RunningBridge, count: int, *words: str) -> None:
    running.wait_status(
        lambda now: now["queue"]["alerts"] == count and all(word in str(now["reasons"]) for word in words),
        f"{count} wait, and the reasons say {words}",
    )


def test_a_person_who_blocks_the_bot_gets_what_waited_after_unblocking_it(
    started: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.chat(OTHER, blocked=True)
    started.wait_status(lambda now: "blocked the bot" in str(now["reasons"]), "told without an error")
    failed(started, "Kept for you")
    see_in(fast_sandbox, GROUP, "Kept for you")
    waits_for(started, 1, str(OTHER), "its queue is kept")
    tries = [call["params"]["chat_id"] for call in fast_sandbox.control.calls("sendMessage")]
    assert OTHER not in tries
    fast_sandbox.control.chat(OTHER, blocked=False)
    see_in(fast_sandbox, OTHER, "Kept for you")
    assert started.wait_status(lambda now: now["health"] == "ok", "well")["chats"]["dead"] == {}


@pytest.mark.parametrize("status", ["kicked", "left"])
def test_a_group_that_removed_the_bot_gets_what_waited_when_it_adds_the_bot_again(
    started: RunningBridge, fast_sandbox: Sandbox, status: str
) -> None:
    fast_sandbox.control.chat(GROUP, bot_status=status)
    failed(started, "For the group")
    see_in(fast_sandbox, OTHER, "For the group")
    waits_for(started, 1, str(GROUP))
    assert str(GROUP) in run(started.home, "status").stdout
    fast_sandbox.control.chat(GROUP, bot_status="member")
    see_in(fast_sandbox, GROUP, "For the group")


def test_a_chat_that_telegram_refuses_is_unreachable_until_an_allowed_user_writes_there(
    started: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.fail("sendMessage", kind="kicked", chat_id=GROUP)
    failed(started, "Refused once")
    waits_for(started, 1, "kicked from the group")
    fast_sandbox.control.say("/status", user_id=OTHER, chat_id=GROUP)
    see_in(fast_sandbox, GROUP, "Refused once")


def test_a_deleted_group_keeps_its_queue_and_no_message_of_it_is_dead(
    started: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.chat(GROUP, deleted=True)
    for number in range(3):
        failed(started, f"Number {number}", str(number))
        see_in(fast_sandbox, OTHER, f"Number {number}")
    waits_for(started, 3, "chat not found")
    assert started.status()["deliveries"].get("dead", 0) == 0
    tries = [call for call in fast_sandbox.control.calls("sendMessage") if call["params"]["chat_id"] == GROUP]
    assert len(tries) == 1
    both_allowed(started.home, fast_sandbox, f"to = {OTHER}")
    told_now = started.wait_status(
        lambda now: not any(now["queue"].values()), "the owner's message tells of it"
    )
    assert told_now["health"] == "ok"


def test_an_unreachable_chat_is_remembered_over_a_restart_and_once_does_not_wait_for_it(
    started: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.chat(GROUP, bot_status="kicked")
    started.wait_status(lambda now: "removed from the group" in str(now["reasons"]), "it is told")
    assert started.stop() == 0
    run(started.home, "send", "task_failed", "While it was down")
    done = run(started.home, "bridge", "--once", "--port", "0")
    assert (done.returncode, "1 queued" in done.stderr) == (1, True)
    see_in(fast_sandbox, OTHER, "While it was down")
    with bridge(started.home) as again:
        again.wait_status(lambda now: "removed from the group" in str(now["reasons"]), "it is known still")
        fast_sandbox.control.chat(GROUP, bot_status="administrator")
        see_in(fast_sandbox, GROUP, "While it was down")


@pytest.mark.parametrize("how", ["told", "refused"])
def test_routes_follow_a_group_that_became_a_supergroup_also_across_a_restart(
    started: RunningBridge, fast_sandbox: Sandbox, how: str
) -> None:
    if how == "told":
        fast_sandbox.control.chat(GROUP, migrate_to=MOVED)
    else:
        fast_sandbox.control.fail("sendMessage", kind="migrate", chat_id=GROUP, new_chat_id=MOVED)
    failed(started, "Moved along")
    see_in(fast_sandbox, MOVED, "Moved along")
    wait_for(lambda: fast_sandbox.control.state()["pending_updates"] == [], "the updates are taken")
    started.kill()
    with bridge(started.home) as again:
        failed(again, "And again", "b")
        see_in(fast_sandbox, MOVED, "And again")
        tries = [one["params"]["chat_id"] for one in fast_sandbox.control.calls("sendMessage")]
        assert tries.count(GROUP) <= 1
        assert again.status()["health"] == "ok"
    assert told(fast_sandbox, GROUP) == []


def test_a_message_in_flight_to_a_group_that_moves_arrives_once_in_the_new_one(
    started: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.fail("sendMessage", chat_id=GROUP, delay_seconds=1)
    failed(started, "Under way")
    started.wait_status(lambda now: now["deliveries"].get("sending"), "in flight")
    fast_sandbox.control.chat(GROUP, migrate_to=MOVED)
    failed(started, "Behind it", "b")
    see_in(fast_sandbox, MOVED, "Behind it")
    started.wait_status(lambda now: not any(now["queue"].values()), "all is sent")
    found = [*told(fast_sandbox, GROUP, "Under way"), *told(fast_sandbox, MOVED, "Under way")]
    assert ["repeat" in one["text"] for one in found] == [False]


def test_groups_to_which_strangers_add_the_bot_leave_no_trace(
    started: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.chat(-777, type="group", title="Not ours", members=[666])
    fast_sandbox.control.chat(-777, bot_status="kicked")
    fast_sandbox.control.chat(-777, migrate_to=-1000777)
    fast_sandbox.control.say("/status", user_id=OTHER, chat_id=GROUP)
    see_in(fast_sandbox, GROUP, "Bridge: ok")
    assert started.status()["chats"] == {"dead": {}, "no_topics": {}}
