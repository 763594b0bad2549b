"""A topic for each project, in chats that have topics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from flow.chats import FORUM, GROUP, both_allowed, make_chats, routes, see_in, told
from running import QUICK, RunningBridge, bridge, make_home, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox


@pytest.fixture
def started(tmp_path: Path, fast_sandbox: Sandbox) -> Iterator[RunningBridge]:
    make_chats(fast_sandbox)
    with bridge(both_allowed(tmp_path / "home", fast_sandbox, f"to = {FORUM}")) as running:
        yield running


def event(title: str, project: str | None = "shop", **data: Any) -> dict[str, Any]:
    return {"type": "task_failed", "title": title, "data": data | ({"project": project} if project else {})}


def made(sandbox: Sandbox) -> list[str]:
    """Return the names of the topics that were requested."""
    return [call["params"]["name"] for call in sandbox.control.calls("createForumTopic")]


def thread_of(sandbox: Sandbox, title: str, chat_id: int = FORUM) -> int | None:
    found: int | None = see_in(sandbox, chat_id, title).get("message_thread_id")
    return found


def test_each_project_has_one_topic_and_what_has_no_project_goes_to_the_chat(
    started: RunningBridge, fast_sandbox: Sandbox
) -> None:
    for number, project in enumerate(["shop", "site", "shop", None]):
        started.put(f"{number}.json", event(f"Number {number}", project))
    started.put("cwd.json", event("From a directory", None, cwd="/home/ada/site/"))
    threads = [thread_of(fast_sandbox, f"Number {number}") for number in range(4)]
    assert threads[0] == threads[2] != threads[1] != threads[3] is None
    assert thread_of(fast_sandbox, "From a directory") == threads[1]
    assert sorted(made(fast_sandbox)) == ["shop", "site"]
    assert see_in(fast_sandbox, fast_sandbox.user_id, "Number 0").get("message_thread_id") is None
    assert len(fast_sandbox.control.calls("getChat")) == 1


def test_a_topic_is_reused_after_a_crash_and_a_long_event_stays_in_it(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    make_chats(fast_sandbox)
    home = both_allowed(tmp_path / "home", fast_sandbox, f"to = {FORUM}")
    with bridge(home) as first:
        first.put("a.json", event("Before"))
        thread = thread_of(fast_sandbox, "Before")
        first.wait_status(lambda now: now["delivery"]["sent"] == 2, "recorded")
        first.kill()
    with bridge(home) as second:
        long = {**event("Long"), "description": " ".join(f"word{number}" for number in range(1500))}
        second.put("b.json", long)
        see_in(fast_sandbox, FORUM, "word1499")
    assert made(fast_sandbox) == ["shop"]
    assert {one.get("message_thread_id") for one in told(fast_sandbox, FORUM, "word")} == {thread}
    assert len(fast_sandbox.control.calls("getChat")) == 1


def test_a_large_event_that_is_read_only_for_rendering_has_its_topic_too(
    started: RunningBridge, fast_sandbox: Sandbox
) -> None:
    started.put("large.json", event("Large", log="line\n" * 20_000))
    thread = thread_of(fast_sandbox, "Large")
    assert thread is not None
    assert made(fast_sandbox) == ["shop"]
    started.put("small.json", event("Small"))
    assert thread_of(fast_sandbox, "Small") == thread


@pytest.mark.parametrize("method", ["deleteForumTopic", "closeForumTopic"])
def test_a_deleted_or_closed_topic_is_created_again_and_the_message_is_sent_meanwhile(
    started: RunningBridge, fast_sandbox: Sandbox, method: str
) -> None:
    started.put("a.json", event("Before"))
    thread = thread_of(fast_sandbox, "Before")
    call(fast_sandbox, method, chat_id=FORUM, message_thread_id=thread)
    started.put("b.json", event("Meanwhile"))
    assert thread_of(fast_sandbox, "Meanwhile") is None
    started.put("c.json", event("Afterwards"))
    assert thread_of(fast_sandbox, "Afterwards") not in (None, thread)
    assert made(fast_sandbox) == ["shop", "shop"]
    assert len(told(fast_sandbox, FORUM, "Meanwhile")) == 1


def call(sandbox: Sandbox, method: str, **params: Any) -> None:
    """Do with the bot's token what an administrator does in the app."""
    import json
    import urllib.request

    request = urllib.request.Request(
        f"{sandbox.api_base}/bot{sandbox.token}/{method}",
        json.dumps(params).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)["ok"] is True


def test_where_no_topic_may_be_created_the_chat_gets_the_event_and_the_bridge_retries_daily(
    started: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.chat(FORUM, bot_status="member")
    for number in range(3):
        started.put(f"{number}.json", event(f"Number {number}", f"project {number}"))
        assert thread_of(fast_sandbox, f"Number {number}") is None
    assert len(made(fast_sandbox)) == 1
    told_now = started.status()
    assert "not enough rights" in told_now["chats"]["no_topics"][str(FORUM)]
    assert told_now["health"] == "ok"


def test_a_chat_without_topics_is_checked_once_and_gets_everything_itself(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    make_chats(fast_sandbox)
    with bridge(both_allowed(tmp_path / "home", fast_sandbox, f"to = {GROUP}")) as running:
        for number in range(3):
            running.put(f"{number}.json", event(f"Number {number}"))
            assert thread_of(fast_sandbox, f"Number {number}", GROUP) is None
    assert made(fast_sandbox) == []
    assert len(fast_sandbox.control.calls("getChat")) == 1


def test_project_topics_can_be_switched_off_and_on_while_it_runs(
    started: RunningBridge, fast_sandbox: Sandbox
) -> None:
    off = QUICK + "[display]\nproject_topics = false\n"
    config = routes(f"to = {FORUM}", config=off)
    make_home(started.home, fast_sandbox, config)
    wait_for(lambda: any(line["event"] == "settings.reloaded" for line in started.log()), "it is read")
    started.put("a.json", event("Off"))
    assert thread_of(fast_sandbox, "Off") is None
    make_home(started.home, fast_sandbox, config.replace("false", "true"))
    wait_for(lambda: sum(line["event"] == "settings.reloaded" for line in started.log()) > 1, "again")
    started.put("b.json", event("On"))
    assert thread_of(fast_sandbox, "On") is not None


def test_private_chats_have_topics_where_the_bot_has_them(tmp_path: Path, fast_sandbox: Sandbox) -> None:
    fast_sandbox.control.chat(fast_sandbox.user_id, is_forum=True)
    with bridge(make_home(tmp_path / "home", fast_sandbox)) as running:
        running.put("a.json", event("Mine"))
        assert thread_of(fast_sandbox, "Mine", fast_sandbox.user_id) is not None
        assert made(fast_sandbox) == ["shop"]


def test_refused_private_topics_are_not_requested_again(tmp_path: Path, fast_sandbox: Sandbox) -> None:
    control = fast_sandbox.control
    control.chat(fast_sandbox.user_id, is_forum=True)
    control.fail(
        "createForumTopic", times=0, error_code=400, description="Bad Request: the chat is not a forum"
    )
    home = make_home(tmp_path / "home", fast_sandbox)
    for title in ("One", "Two"):
        with bridge(home) as running:  # the latch is kept over a restart
            running.put(f"{title}.json", event(title))
            assert thread_of(fast_sandbox, title, fast_sandbox.user_id) is None
    assert len(made(fast_sandbox)) == 1


def test_a_topic_named_by_a_route_overrides_the_project_and_its_loss_is_reported(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    make_chats(fast_sandbox)
    call(fast_sandbox, "createForumTopic", chat_id=FORUM, name="Builds")
    with bridge(both_allowed(tmp_path / "home", fast_sandbox, f'to = "{FORUM}:2"')) as running:
        running.put("a.json", event("Routed"))
        assert thread_of(fast_sandbox, "Routed") == 2
        call(fast_sandbox, "deleteForumTopic", chat_id=FORUM, message_thread_id=2)
        running.put("b.json", event("Still told"))
        assert thread_of(fast_sandbox, "Still told") is None
        running.wait_status(
            lambda now: f"topic 2 of chat {FORUM} was deleted or closed" in str(now["reasons"]), "it is told"
        )
    assert made(fast_sandbox) == ["Builds"]


def test_a_429_to_a_new_topic_is_waited_for_and_the_event_follows(
    started: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.fail("createForumTopic", error_code=429, parameters={"retry_after": 1})
    started.put("a.json", event("After the wait"))
    assert thread_of(fast_sandbox, "After the wait") is not None
    assert made(fast_sandbox) == ["shop", "shop"]


def test_a_command_in_a_topic_is_answered_there(started: RunningBridge, fast_sandbox: Sandbox) -> None:
    started.put("a.json", event("In the topic"))
    thread = thread_of(fast_sandbox, "In the topic")
    fast_sandbox.control.say("/status", chat_id=FORUM, thread_id=thread)
    assert thread_of(fast_sandbox, "Bridge: ok") == thread
