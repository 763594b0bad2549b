from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.telegram import errors

# Code, Telegram's own words, what it means.
WORDS: list[tuple[int, str, type[errors.TelegramError]]] = [
    (
        400,
        "Bad Request: message is not modified: specified new message content and reply markup are the same",
        errors.NotModified,
    ),
    (400, "Bad Request: message to edit not found", errors.EditImpossible),
    (400, "Bad Request: message can't be edited", errors.EditImpossible),
    (400, "Bad Request: MESSAGE_ID_INVALID", errors.EditImpossible),
    (
        400,
        "Bad Request: can't parse entities: Can't find end of the entity starting at 5",
        errors.CantParseEntities,
    ),
    (400, "Bad Request: ENTITY_BOUNDS_INVALID", errors.CantParseEntities),
    (
        400,
        "Bad Request: entity beginning at UTF-16 offset 2 ends after the end of the text at UTF-16 offset 9",
        errors.CantParseEntities,
    ),
    (400, "Bad Request: message thread not found", errors.ThreadNotFound),
    (400, "Bad Request: TOPIC_CLOSED", errors.ThreadNotFound),
    (400, "Bad Request: TOPIC_DELETED", errors.ThreadNotFound),
    (
        400,
        "Bad Request: query is too old and response timeout expired or query ID is invalid",
        errors.TooOld,
    ),
    (400, "Bad Request: group chat was upgraded to a supergroup chat", errors.Rejected),
    (400, "Bad Request: chat not found", errors.ChatUnavailable),
    (400, "Bad Request: message is too long", errors.TooLong),
    (400, "Bad Request: MESSAGE_TOO_LONG", errors.TooLong),
    (400, "Bad Request: message caption is too long", errors.TooLong),
    (400, "Bad Request: MEDIA_CAPTION_TOO_LONG", errors.TooLong),
    (400, "Bad Request: message text is empty", errors.Rejected),
    (400, "Bad Request: BUTTON_DATA_INVALID", errors.ButtonRefused),
    (400, "Bad Request: BUTTON_URL_INVALID", errors.ButtonRefused),
    (400, "Bad Request: REPLY_MARKUP_TOO_LONG", errors.ButtonRefused),
    (400, "Bad Request: reply markup is too long", errors.ButtonRefused),
    (
        400,
        "Bad Request: inline keyboard button URL 'http://host' is invalid: Wrong HTTP URL",
        errors.ButtonRefused,
    ),
    (
        400,
        "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        errors.ButtonRefused,
    ),
    (400, "Bad Request: ENTITY_TEXTURL_INVALID", errors.CantParseEntities),
    (400, 'Bad Request: can\'t parse MessageEntity: Field "offset" is wrong', errors.CantParseEntities),
    (400, "Bad Request: not enough rights to send documents to the chat", errors.FileRefused),
    (400, "Bad Request: CHAT_SEND_DOCS_FORBIDDEN", errors.FileRefused),
    (400, "Bad Request: SOMETHING_NEW_INVALID", errors.Rejected),
    (400, "Bad Request: not enough rights to send text messages to the chat", errors.ChatUnavailable),
    (401, "Unauthorized", errors.Unauthorized),
    (404, "Not Found", errors.Unauthorized),
    (404, "Not Found: method not found", errors.Rejected),
    (403, "Forbidden: bot was blocked by the user", errors.Forbidden),
    (403, "Forbidden: bot was kicked from the supergroup chat", errors.Forbidden),
    (403, "Forbidden: bot can't initiate conversation with a user", errors.Forbidden),
    (403, "Forbidden: user is deactivated", errors.Forbidden),
    (
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
        errors.Conflict,
    ),
    (
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete it",
        errors.Conflict,
    ),
    (413, "Request Entity Too Large", errors.TooLarge),
    (429, "Too Many Requests: retry after 14", errors.RetryAfter),
    (406, "Not Acceptable", errors.Rejected),
    (420, "FLOOD_WAIT_3", errors.Rejected),
    (500, "Internal Server Error", errors.Doubtful),
    (502, "Bad Gateway", errors.Doubtful),
    (504, "Gateway Timeout", errors.Doubtful),
    (302, "Found", errors.ServerFault),
]


def body(code: int, description: object, **parameters: Any) -> bytes:
    return json.dumps(
        {"ok": False, "error_code": code, "description": description, "parameters": parameters}
    ).encode()


@pytest.mark.parametrize(("code", "words", "kind"), WORDS)
def test_each_response_has_one_classification(
    code: int, words: str, kind: type[errors.TelegramError]
) -> None:
    error = errors.classify("sendMessage", code, body(code, words))
    assert type(error) is kind
    assert (error.method, error.code, error.description) == ("sendMessage", code, words)
    assert str(error) == f"sendMessage: {code} {words}"


def test_every_kind_of_error_has_a_row() -> None:
    kinds = {*errors.Refused.__subclasses__(), errors.Doubtful}
    assert kinds - {kind for _, _, kind in WORDS} == {errors.Migrated}, "which has a test of its own"


def test_a_conflict_says_whether_it_is_a_webhook() -> None:
    conflicts = [
        errors.classify("getUpdates", code, body(code, words)) for code, words, _ in WORDS if code == 409
    ]
    assert [isinstance(each, errors.Conflict) and each.webhook for each in conflicts] == [False, True]


def test_an_error_of_a_migrated_group_has_its_new_id() -> None:
    error = errors.classify(
        "sendMessage",
        400,
        body(
            400,
            "Bad Request: group chat was upgraded to a supergroup chat",
            migrate_to_chat_id=-1001234567890,
        ),
    )
    assert isinstance(error, errors.Migrated)
    assert error.chat_id == -1001234567890


FOREIGN: list[tuple[int, type[errors.TelegramError]]] = [
    (200, errors.Unclear),
    (301, errors.ServerFault),
    (401, errors.ServerFault),
    (403, errors.ServerFault),
    (404, errors.ServerFault),
    (413, errors.TooLarge),
    (429, errors.RetryAfter),
    (502, errors.Doubtful),
    (500, errors.Doubtful),
    (503, errors.Doubtful),
    (504, errors.Doubtful),
]


@pytest.mark.parametrize(("status", "kind"), FOREIGN)
@pytest.mark.parametrize("content", [b"<html>Bad Gateway</html>", b"", b"[]", b'{"error": 1}', b"\xff"])
def test_a_response_that_is_not_from_the_bot_api_does_not_condemn_chat_or_token(
    status: int, kind: type[errors.TelegramError], content: bytes
) -> None:
    assert type(errors.classify("sendMessage", status, content)) is kind


@pytest.mark.parametrize(
    ("parameters", "words", "header", "seconds"),
    [
        ({"retry_after": 14}, "Too Many Requests: retry after 5", "3", 14),
        ({"retry_after": 6775}, "", None, 6775),
        ({"retry_after": 86400 * 365}, "", None, 86400 * 365),
        ({"retry_after": 0.5}, "", None, 0.5),
        ({"retry_after": "14"}, "", None, 14),
        ({}, "Too Many Requests: retry after 5", "3", 5),
        ({}, "Too Many Requests", "3", 3),
        ({}, "Too Many Requests", None, errors.DEFAULT_WAIT_SECONDS),
        ({"retry_after": 0}, "", None, errors.DEFAULT_WAIT_SECONDS),
        ({"retry_after": -4}, "", None, errors.DEFAULT_WAIT_SECONDS),
        ({"retry_after": True}, "", "Wed, 21 Oct 2026 07:28:00 GMT", errors.DEFAULT_WAIT_SECONDS),
        ({"retry_after": None}, "", "", errors.DEFAULT_WAIT_SECONDS),
    ],
)
def test_r8_a_429_waits_for_the_whole_retry_after(
    parameters: dict[str, Any], words: str, header: str | None, seconds: float
) -> None:
    error = errors.classify("sendMessage", 429, body(429, words, **parameters), header)
    assert isinstance(error, errors.RetryAfter)
    assert error.seconds == seconds


@given(st.integers(1, 2**63 - 1))
def test_r8_a_retry_after_of_any_length_is_obeyed(seconds: int) -> None:
    error = errors.classify("sendMessage", 429, body(429, "", retry_after=seconds))
    assert isinstance(error, errors.RetryAfter)
    assert error.seconds == float(seconds)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    status=st.integers(100, 599),
    answer=st.fixed_dictionaries(
        {"ok": json_values},
        optional={"error_code": json_values, "description": json_values, "parameters": json_values},
    )
    | json_values,
    header=st.none() | st.text(),
)
def test_any_response_is_an_error_with_a_bounded_wait(status: int, answer: Any, header: str | None) -> None:
    error = errors.classify("sendMessage", status, json.dumps(answer).encode(), header)
    assert isinstance(error, errors.TelegramError)
    if isinstance(error, errors.RetryAfter):
        assert 0 < error.seconds < float("inf")


@given(status=st.integers(100, 599), content=st.binary())
def test_any_bytes_are_an_error(status: int, content: bytes) -> None:
    assert isinstance(errors.classify("sendMessage", status, content), errors.TelegramError)


def test_a_long_description_is_cut() -> None:
    assert len(errors.classify("x", 400, body(400, "y" * 10_000)).description) == 500
