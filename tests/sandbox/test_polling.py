"""Updates: in order, repeated until confirmed, to one poller."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.conftest import Bot


def texts(updates: list[dict[str, Any]]) -> list[str]:
    return [update["message"]["text"] for update in updates]


def polled(bot: Bot, **params: Any) -> tuple[threading.Thread, list[dict[str, Any]]]:
    """Start a long poll in a thread; return it and the list that its answer goes to."""
    answers: list[dict[str, Any]] = []
    before = len(bot.control.calls("getUpdates"))
    thread = threading.Thread(target=lambda: answers.append(bot.ask("getUpdates", **params)))
    thread.start()
    bot.control.wait_for(lambda control: len(control.calls("getUpdates")) > before)
    return thread, answers


def test_updates_are_returned_again_until_a_higher_offset_is_requested(own_bot: Bot) -> None:
    for text in ("one", "two", "three"):
        own_bot.control.say(text)
    first = own_bot.call("getUpdates")
    assert texts(first) == ["one", "two", "three"]
    ids = [update["update_id"] for update in first]
    assert ids == list(range(ids[0], ids[0] + 3))
    assert own_bot.call("getUpdates") == first
    assert texts(own_bot.call("getUpdates", offset=ids[1], limit=1)) == ["two"]
    assert texts(own_bot.call("getUpdates")) == ["two", "three"]
    assert own_bot.call("getUpdates", offset=ids[2] + 1) == []
    for text in ("four", "five"):
        own_bot.control.say(text)
    assert texts(own_bot.call("getUpdates", offset=-1)) == ["five"]
    assert texts(own_bot.call("getUpdates")) == ["five"]


def test_an_offset_from_before_the_ids_restarted_confirms_nothing(own_bot: Bot) -> None:
    own_bot.control.say("one")
    (first,) = [update["update_id"] for update in own_bot.call("getUpdates")]
    assert texts(own_bot.call("getUpdates", offset=first + 500_000)) == ["one"]
    assert own_bot.call("getUpdates", offset=first + 11) == []


def test_a_long_poll_ends_as_soon_as_there_is_an_update(own_bot: Bot) -> None:
    thread, answers = polled(own_bot, timeout=20)
    own_bot.control.say("now")
    thread.join(timeout=5)
    assert texts(answers[0]["result"]) == ["now"]


def test_a_long_poll_without_updates_ends_after_its_timeout(own_bot: Bot) -> None:
    start = time.monotonic()
    assert own_bot.call("getUpdates", timeout=1) == []
    assert 0.9 < time.monotonic() - start < 5


def test_the_older_of_two_pollers_gets_a_409(own_bot: Bot) -> None:
    thread, answers = polled(own_bot, timeout=20)
    assert own_bot.call("getUpdates", timeout=0) == []
    thread.join(timeout=5)
    assert (answers[0]["error_code"], answers[0]["description"]) == (
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )


def test_a_webhook_ends_polling_until_it_is_deleted(own_bot: Bot) -> None:
    thread, answers = polled(own_bot, timeout=20)
    own_bot.call("setWebhook", url="https://example.com/hook", allowed_updates=["message"])
    thread.join(timeout=5)
    assert answers[0]["description"] == "Conflict: terminated by setWebhook request"
    refused = own_bot.ask("getUpdates")
    assert refused["error_code"] == 409
    assert refused["description"] == (
        "Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first"
    )
    own_bot.control.say("meanwhile")
    assert own_bot.call("getWebhookInfo")["pending_update_count"] == 1
    own_bot.call("deleteWebhook", drop_pending_updates=True)
    assert own_bot.call("getUpdates") == []
    assert own_bot.call("getWebhookInfo")["url"] == ""


def test_only_the_requested_kinds_of_updates_are_kept(own_bot: Bot) -> None:
    own_bot.call("getUpdates", allowed_updates=["callback_query"])
    own_bot.control.say("unheard")
    message = own_bot.send(reply_markup={"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]})
    own_bot.control.tap(message["message_id"], 0)
    assert [set(update) - {"update_id"} for update in own_bot.call("getUpdates")] == [{"callback_query"}]


def test_an_update_can_be_duplicated_and_a_forged_one_added(own_bot: Bot) -> None:
    own_bot.control.say("again")
    update = own_bot.call("getUpdates")[0]
    own_bot.control.update(update)
    assert own_bot.call("getUpdates") == [update, update]


def test_a_stop_ends_a_long_poll_and_the_process(own_bot: Bot) -> None:
    thread, answers = polled(own_bot, timeout=20)
    os.kill(own_bot.sandbox.pid, signal.SIGTERM)
    thread.join(timeout=5)
    assert answers[0]["result"] == []
    _, status = os.waitpid(own_bot.sandbox.pid, 0)
    assert os.WTERMSIG(status) == signal.SIGTERM
