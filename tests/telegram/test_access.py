from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.telegram import access

OWNER, STRANGER = 7, 8
CHAT = {"id": -100, "type": "supergroup"}


def user(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "is_bot": False, "first_name": "x", **more}


def message(number: int, **more: Any) -> dict[str, Any]:
    return {"message": {"message_id": 1, "date": 1, "chat": CHAT, "from": user(number), "text": "x", **more}}


def tap(number: int, **more: Any) -> dict[str, Any]:
    return {
        "callback_query": {
            "id": "1",
            "from": user(number),
            # The card itself was sent by the bot, that is no person.
            "message": {"message_id": 1, "date": 1, "chat": CHAT, "from": user(1, is_bot=True)},
            "data": "x",
            **more,
        }
    }


HEARD: list[tuple[str, dict[str, Any], int | None]] = [
    ("a message", message(OWNER), OWNER),
    ("an edited message", {"edited_message": message(OWNER)["message"]}, OWNER),
    ("a tap", tap(OWNER), OWNER),
    (
        "a tap on a message too old to be read",
        tap(OWNER, message={"chat": CHAT, "message_id": 1, "date": 0}),
        OWNER,
    ),
    ("a message in the owner's group from a stranger", message(STRANGER), STRANGER),
    ("a tap of a stranger on a card of the owner", tap(STRANGER), STRANGER),
    (
        "a stranger who forwards what the owner said",
        message(STRANGER, forward_origin={"type": "user", "sender_user": user(OWNER)}),
        STRANGER,
    ),
    (
        "a stranger who replies to the owner",
        message(STRANGER, reply_to_message=message(OWNER)["message"]),
        STRANGER,
    ),
    ("a stranger with the owner's user name", message(STRANGER, contact={"user_id": OWNER}), STRANGER),
    ("an anonymous administrator", message(OWNER, sender_chat=CHAT), None),
    ("the bot that stands for anonymous administrators", message(1087968824) | {"x": 1}, 1087968824),
    ("a post of a channel", {"channel_post": message(OWNER)["message"]}, None),
    ("a bot", {"message": message(OWNER)["message"] | {"from": user(OWNER, is_bot=True)}}, None),
    (
        "who does not say whether it is a bot",
        {"message": message(OWNER)["message"] | {"from": {"id": OWNER}}},
        None,
    ),
    (
        "a tap on a message of inline mode",
        {"callback_query": {"id": "1", "from": user(OWNER), "data": "x"}},
        None,
    ),
    ("a message without sender", {"message": {"message_id": 1, "chat": CHAT}}, None),
    ("a number in words", message(OWNER, **{"from": user(OWNER) | {"id": str(OWNER)}}), None),
    ("a number that is true", message(OWNER, **{"from": user(OWNER) | {"id": True}}), None),
    ("nothing", {}, None),
    ("a tap that hides behind a message", {**message(OWNER), **tap(STRANGER)}, STRANGER),
]


@pytest.mark.parametrize(("update", "who"), [row[1:] for row in HEARD], ids=[row[0] for row in HEARD])
def test_r28_the_acting_user_is_the_one_that_is_checked(update: dict[str, Any], who: int | None) -> None:
    assert access.sender(update) == who
    assert access.is_allowed(update, (OWNER,)) is (who == OWNER)


def test_r28_an_empty_list_allows_nobody() -> None:
    assert not access.is_allowed(message(OWNER), ())


def test_the_chat_is_that_of_the_message_or_of_the_card() -> None:
    edited = {"edited_message": message(OWNER)["message"]}
    assert [access.chat_id(each) for each in (message(OWNER), tap(OWNER), edited, {})] == [
        -100,
        -100,
        -100,
        None,
    ]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["message", "callback_query", "from", "chat", "id", "is_bot", "edited_message"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["message", "callback_query", "edited_message"]), anything))
def test_any_update_is_accepted_or_ignored_without_an_error(update: dict[str, Any]) -> None:
    assert access.sender(update) is None or isinstance(access.sender(update), int)


ME = access.Me(1, "our_bot")
OURS = {"message_id": 5, "date": 1, "chat": CHAT, "from": user(ME.id, is_bot=True), "text": "Deploy?"}


@pytest.mark.parametrize(
    ("update", "meant"),
    [
        (tap(OWNER), True),
        (message(OWNER, text="Lunch?"), False),
        (message(OWNER, text="Lunch?", chat={"id": OWNER, "type": "private"}), True),
        (message(OWNER, text="/status"), True),
        (message(OWNER, text="/status@Our_Bot now"), True),
        (message(OWNER, text="/status@another_bot"), False),
        (message(OWNER, text="hey @OUR_BOT, go on"), True),
        (message(OWNER, text="yes", reply_to_message=OURS), True),
        (message(OWNER, text="yes", reply_to_message=message(STRANGER)["message"]), False),
        (message(OWNER, text="yes", reply_to_message=OURS | {"forum_topic_created": {"name": "x"}}), False),
        (message(OWNER, text=None, photo=[], caption="@our_bot look"), True),
        (message(OWNER, text=["no", "text"]), False),
    ],
)
def test_in_a_group_only_messages_to_the_bot_are_accepted(update: dict[str, Any], meant: bool) -> None:
    assert access.is_addressed(update, ME) is meant
