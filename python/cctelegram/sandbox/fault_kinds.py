"""The named faults: what each answers, and the method it applies to by default."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from cctelegram.sandbox.refused import OTHER_POLL, OTHER_WEBHOOK


class Kind(NamedTuple):
    """A named fault."""

    about: str
    fields: dict[str, Any]
    """The fields that it sets by default."""
    value: str = ""
    """The field that `KIND=VALUE` sets; empty if the kind takes no value."""


def _refused(about: str, code: int, description: str, method: str = "*", value: str = "") -> Kind:
    return Kind(about, {"error_code": code, "description": description, "method": method}, value)


SEND: Final = "sendMessage"
EDIT: Final = "editMessageText"

KINDS: Final[dict[str, Kind]] = {
    "flood": Kind(
        "429; until the wait ends, further calls of its method and chat get the remaining seconds",
        {"error_code": 429, "method": SEND},
        "retry_after",
    ),
    "server-error": Kind("500, or another 5xx", {"error_code": 500}, "error_code"),
    "reset-before": Kind("the connection is reset before the method acts", {"drop": "before"}),
    "reset-after": Kind("the connection is reset after the method acted", {"drop": "after"}),
    "slow": Kind("the answer is delayed, by default five seconds", {"delay_seconds": 5.0}, "delay_seconds"),
    "other-poller": _refused("409: another program polls", 409, OTHER_POLL, "getUpdates"),
    "webhook": _refused("409: a webhook is set", 409, OTHER_WEBHOOK, "getUpdates"),
    "unauthorized": _refused("401: the token is revoked", 401, "Unauthorized"),
    "not-found": _refused("404: the token is wrong", 404, "Not Found"),
    "blocked": _refused(
        "403: the person stopped the bot", 403, "Forbidden: bot was blocked by the user", SEND
    ),
    "kicked": _refused(
        "403: the bot was removed from the group", 403, "Forbidden: bot was kicked from the group chat", SEND
    ),
    "no-thread": _refused("400: the topic is gone", 400, "Bad Request: message thread not found", SEND),
    "topic-closed": _refused("400: the topic is closed", 400, "Bad Request: TOPIC_CLOSED", SEND),
    "bad-entities": _refused(
        "400: the entities are wrong", 400, "Bad Request: can't parse entities: unsupported entity", SEND
    ),
    "button-url": _refused("400: a link on a button is wrong", 400, "Bad Request: BUTTON_URL_INVALID", SEND),
    "button-data": _refused("400: a button's data is wrong", 400, "Bad Request: BUTTON_DATA_INVALID", SEND),
    "markup-too-long": _refused(
        "400: there are too many buttons", 400, "Bad Request: REPLY_MARKUP_TOO_LONG", SEND
    ),
    "text-too-long": _refused("400: the text is too long", 400, "Bad Request: message is too long", SEND),
    "caption-too-long": _refused(
        "400: the caption is too long", 400, "Bad Request: message caption is too long", "sendDocument"
    ),
    "no-documents": _refused(
        "400: the group accepts texts but no files",
        400,
        "Bad Request: not enough rights to send documents to the chat",
        "sendDocument",
    ),
    "unknown-refusal": _refused(
        "400 with an unknown description", 400, "Bad Request: SOMETHING_NEW_INVALID", SEND
    ),
    "too-large": _refused("413: the request is too large", 413, "Request Entity Too Large", SEND),
    "uneditable": _refused(
        "400: the message cannot be edited", 400, "Bad Request: message can't be edited", EDIT
    ),
    "edit-gone": _refused("400: the message is gone", 400, "Bad Request: message to edit not found", EDIT),
    "not-modified": _refused(
        "400: the message already has this content",
        400,
        "Bad Request: message is not modified: specified new message content and reply markup are exactly "
        "the same as a current content and reply markup of the message",
        EDIT,
    ),
    "query-too-old": _refused(
        "400: the tap is too old to be answered",
        400,
        "Bad Request: query is too old and response timeout expired or query ID is invalid",
        "answerCallbackQuery",
    ),
    "migrate": Kind(
        "the group becomes a supergroup with another id: further calls with the old id are refused with "
        "`migrate_to_chat_id`",
        {"method": SEND},
        "new_chat_id",
    ),
    "duplicate": Kind("confirmed updates are returned again", {"method": "getUpdates"}),
}
