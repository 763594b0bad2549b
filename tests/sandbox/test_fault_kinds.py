"""Each named fault, over HTTP, and the resulting error of the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from cctelegram.sandbox.fault_kinds import KINDS
from cctelegram.telegram import errors

if TYPE_CHECKING:
    from sandbox.conftest import Bot

# Kind: what our client makes of the answer.
MEANS: dict[str, type[errors.TelegramError]] = {
    "flood": errors.RetryAfter,
    "server-error": errors.Doubtful,
    "other-poller": errors.Conflict,
    "webhook": errors.Conflict,
    "unauthorized": errors.Unauthorized,
    "not-found": errors.Unauthorized,
    "blocked": errors.Forbidden,
    "kicked": errors.Forbidden,
    "no-thread": errors.ThreadNotFound,
    "topic-closed": errors.ThreadNotFound,
    "bad-entities": errors.CantParseEntities,
    "button-url": errors.ButtonRefused,
    "button-data": errors.ButtonRefused,
    "markup-too-long": errors.ButtonRefused,
    "text-too-long": errors.TooLong,
    "caption-too-long": errors.TooLong,
    "no-documents": errors.FileRefused,
    "unknown-refusal": errors.Rejected,
    "too-large": errors.TooLarge,
    "uneditable": errors.EditImpossible,
    "edit-gone": errors.EditImpossible,
    "not-modified": errors.NotModified,
    "query-too-old": errors.TooOld,
}
PARAMS: dict[str, dict[str, Any]] = {
    "sendMessage": {"text": "x"},
    "editMessageText": {"text": "y", "message_id": 1},
    "answerCallbackQuery": {"callback_query_id": "1"},
    "sendDocument": {"document": "x", "chat_id": 0},
    "getUpdates": {},
    "getMe": {},
}


def test_every_kind_of_fault_is_tested() -> None:
    assert KINDS.keys() == MEANS.keys() | {"reset-before", "reset-after", "slow", "migrate", "duplicate"}


@pytest.mark.parametrize("kind", MEANS)
def test_a_named_fault_gets_the_response_of_telegram(own_bot: Bot, kind: str) -> None:
    method = str(KINDS[kind].fields.get("method", "getMe")).replace("*", "getMe")
    own_bot.control.fault(kind)
    params = PARAMS[method] | ({"chat_id": own_bot.user_id} if "text" in PARAMS[method] else {})
    answer = own_bot.http.post(own_bot.sandbox.bot_url + method, json=params)
    error = errors.classify(method, answer.status_code, answer.content)
    assert type(error) is MEANS[kind]
    assert not isinstance(error, errors.Conflict) or error.webhook == (kind == "webhook")
    assert own_bot.control.calls(method)[0]["fault"] == kind


def test_a_group_that_migrates_keeps_its_new_id(own_bot: Bot) -> None:
    own_bot.control.chat(-7, type="group", title="Team")
    own_bot.call("sendMessage", chat_id=-7, text="before")
    own_bot.control.fault("migrate,chat=-7")
    for _ in range(2):  # the second call meets no fault: the group is gone
        answer = own_bot.ask("sendMessage", chat_id=-7, text="during")
        assert answer["parameters"] == {"migrate_to_chat_id": -1_000_000_000_007}
        assert answer["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    sent = own_bot.call("sendMessage", chat_id=-1_000_000_000_007, text="after")
    assert sent["chat"]["type"] == "supergroup"
    heard = [update["message"] for update in own_bot.call("getUpdates") if "message" in update]
    assert [message.get("migrate_to_chat_id") for message in heard] == [-1_000_000_000_007, None]
    assert heard[1]["migrate_from_chat_id"] == -7


def test_a_migration_may_name_the_id_and_only_groups_migrate(own_bot: Bot) -> None:
    own_bot.control.chat(-7, type="group", title="Team")
    assert own_bot.control.chat(-7, migrate_to=-100_1234)["id"] == -100_1234
    own_bot.control.fault("migrate=-1005")
    assert own_bot.send("the person's own chat stays")["chat"]["id"] == own_bot.user_id


def test_the_fault_duplicate_returns_confirmed_updates_again(own_bot: Bot) -> None:
    own_bot.control.say("once")
    (first,) = own_bot.call("getUpdates")
    own_bot.control.fault("duplicate,skip=1")
    assert own_bot.call("getUpdates", offset=first["update_id"] + 1) == []
    assert own_bot.call("getUpdates", offset=first["update_id"] + 1, timeout=20) == [first]
    assert own_bot.call("getUpdates", offset=first["update_id"] + 1) == []


def test_a_flood_applies_to_the_named_chat(own_bot: Bot) -> None:
    own_bot.control.chat(-7, type="group", title="Team")
    own_bot.control.fault("flood=60,chat=-7")
    for _ in range(2):
        answer = own_bot.ask("sendMessage", chat_id=-7, text="x")
        assert 59 <= answer["parameters"]["retry_after"] <= 60
    own_bot.send("the others go on")
    own_bot.control.reset()
    own_bot.call("sendMessage", chat_id=-7, text="x")


def test_faults_can_be_replaced_with_a_seed(own_bot: Bot) -> None:
    def codes() -> list[int]:
        own_bot.control.faults(["server-error,p=0.5,times=0", {"kind": "blocked", "times": 2}], seed=11)
        answers = (own_bot.ask("sendMessage", chat_id=own_bot.user_id, text="x") for _ in range(30))
        return [answer.get("error_code", 200) for answer in answers]

    first = codes()
    assert first == codes()
    assert set(first) == {500, 403, 200}
    assert first.count(403) == 2
    waiting = own_bot.control.state()["faults"]
    assert [(one["kind"], one["times"]) for one in waiting] == [("server-error", 0)]


def test_a_reset_with_a_probability_does_not_affect_other_calls(own_bot: Bot) -> None:
    own_bot.control.faults(["reset-after,method=sendMessage,p=0.3,times=0"], seed=2)
    resets = 0
    for number in range(20):
        try:
            own_bot.send(f"number {number}")
        except httpx.TransportError:
            resets += 1
    assert 0 < resets < 20
    assert len(own_bot.control.messages()) == 20  # each was done before its connection was reset
