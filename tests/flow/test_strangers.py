"""Strangers: no response, counted, reported to the owner once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.chat.strangers import STRANGERS, Stranger
from cctelegram.delivery.growing_notice import NAMED
from cctelegram.store import deliveries
from flow.chats import see_in, told
from running import RunningBridge, make_home
from store.rows import NOW, memory

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox

OWNER = 1001


def test_the_owner_is_notified_of_the_first_attempt_of_each_stranger_and_none_gets_a_response(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    control = fast_sandbox.control
    for text in ("let me in", "please", "/start"):
        control.say(text, user_id=666)
    notice = see_in(fast_sandbox, fast_sandbox.user_id, "not allowed", "666")
    assert "telegram.allowed_users" in notice["text"]
    assert notice["sandbox"]["silent"] is True
    running.wait_status(lambda now: now["delivery"]["strangers"] == 3, "all are counted")
    assert told(fast_sandbox, 666) == []
    assert len(told(fast_sandbox, fast_sandbox.user_id)) == 1
    assert running.responses() == []
    make_home(running.home, fast_sandbox, TELEGRAM_ALLOWED_USERS=f"{fast_sandbox.user_id},666")
    running.wait_status(lambda _: any(line["event"] == "settings.reloaded" for line in running.log()), "")
    control.say("/status", user_id=666)
    see_in(fast_sandbox, 666, "Bridge: ok")


def test_a_flood_of_strangers_is_two_messages(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    for user_id in range(5000, 5040):
        fast_sandbox.control.say("hello", user_id=user_id)
    running.wait_status(lambda now: now["delivery"]["strangers"] == 40, "all are counted")
    see_in(fast_sandbox, fast_sandbox.user_id, "not allowed")
    # What the first message did not tell of waits for the next hour.
    assert len(told(fast_sandbox, fast_sandbox.user_id)) == 1
    assert running.status()["queue"]["alerts"] == 1


def test_the_owner_is_notified_of_strangers_only_after_the_mute(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    control = fast_sandbox.control
    control.say("/mute")
    see_in(fast_sandbox, fast_sandbox.user_id, "Mode muted")
    control.say("let me in", user_id=666)
    running.wait_status(lambda now: now["deliveries"].get("held") == 1, "the notice is held")
    assert told(fast_sandbox, fast_sandbox.user_id, "666") == []
    control.say("/nomad")
    see_in(fast_sandbox, fast_sandbox.user_id, "not allowed", "666")


def test_strangers_who_arrive_within_the_hour_share_one_notice() -> None:
    store = memory()
    people = [Stranger(5000 + number, f"Eve {number}", "wrote") for number in range(20)]
    STRANGERS.add(store, [people[0]], OWNER, NOW, None)
    first = deliveries.following(store, OWNER, NOW)
    assert first is not None
    deliveries.start(store, first.delivery, 1, NOW)
    deliveries.part_sent(store, deliveries.parts(store, first.delivery)[0].part, 11, NOW)
    for one in people[1:]:
        STRANGERS.add(store, [one], OWNER, NOW + 5, None)
    assert deliveries.following(store, OWNER, NOW + STRANGERS.every - 1) is None
    second = deliveries.following(store, OWNER, NOW + STRANGERS.every)
    assert second is not None
    (part,) = deliveries.parts(store, second.delivery)
    assert f"{len(people) - 1} users who are not allowed" in part.payload
    assert [one.line in part.payload for one in people].count(True) == NAMED
    assert f"and {len(people) - 1 - NAMED} more" in part.payload
    store.close()
