"""Errors of Bot API calls, and the classification of failed answers.

    TelegramError                 method, code (None without an answer), description
      Refused                     Telegram answered, and did not do it
        NotModified               400: the message already has this content
        EditImpossible            400: the message is gone, or cannot be edited
        CantParseEntities         400: the bridge's entities are wrong
        ButtonRefused             400: a button, or the keyboard as a whole
        FileRefused               400: the file; a text may still be accepted
        TooLong                   400: more text than a message or a caption takes
        Migrated                  400: the group now has another id, `chat_id`
        ThreadNotFound            400: the topic is gone or closed
        ChatUnavailable           400: there is no such chat, or the bot may not write to it
        TooOld                    400: the tap was too long ago to be answered
        Rejected                  any other 4xx: never accepted in this form
        Unauthorized              401, 404: the token is wrong or revoked
        Forbidden                 403: blocked, kicked
        Conflict                  409: another poller, or `webhook`
        TooLarge                  413: the upload is too large
        RetryAfter                429: wait all of `seconds`
        ServerFault               an intermediary answered and forwarded nothing: retry
          Doubtful                5xx: unknown where it failed; the request may have been accepted
      NoAnswer                    no readable answer came back
        NotSent                   the request did not leave: safe to repeat
        Unclear                   the request left; unknown whether it was accepted

No error holds the token: none has the address of its request, and none has a cause that has it.
"""

from __future__ import annotations

import math
import re
from typing import Any

import orjson

# For a 429 without a waiting time. One second is the rate limit of one chat, the shortest wait that can
# help; if it is too short, the next answer is a 429 again.
DEFAULT_WAIT_SECONDS = 1.0


class TelegramError(Exception):
    """A call that failed.

    Args:
        method: the Bot API method.
        code: error code of the answer, None if there was none.
        description: Telegram's words, or the bridge's for a failure on the way.
    """

    def __init__(self, method: str, code: int | None, description: str) -> None:
        self.method = method
        self.code = code
        self.description = description
        super().__init__(f"{method}: {description}" if code is None else f"{method}: {code} {description}")


class Refused(TelegramError):
    """Telegram answered, and did not do it."""


class NotModified(Refused):
    """The message already has the requested content: a success."""


class EditImpossible(Refused):
    """The message to edit is gone, or cannot be edited."""


class CantParseEntities(Refused):
    """The bridge's entities do not fit the text."""


class ButtonRefused(Refused):
    """A button of the bridge is not accepted, or there are too many of them."""


class FileRefused(Refused):
    """The file is not accepted, in this chat or at all; a text may be."""


class TooLong(Refused):
    """The text is longer than a message or a caption takes."""


class Migrated(Refused):
    """The group became a supergroup; `chat_id` is its new id."""

    def __init__(self, method: str, code: int | None, description: str, chat_id: int) -> None:
        super().__init__(method, code, description)
        self.chat_id = chat_id


class ThreadNotFound(Refused):
    """The topic is gone, or closed."""


class ChatUnavailable(Refused):
    """There is no such chat, the bot does not know it yet, or the bot may not write to it."""


class TooOld(Refused):
    """The tap was too long ago to be answered."""


class Rejected(Refused):
    """Telegram never accepts this request in this form."""


class Unauthorized(Refused):
    """The token is wrong or revoked."""


class Forbidden(Refused):
    """The bot cannot write to the chat: blocked, kicked, never started."""


class Conflict(Refused):
    """Another consumer reads the updates: a webhook if `webhook`, else another poller."""

    @property
    def webhook(self) -> bool:
        """Whether a webhook is set, rather than another poller."""
        return "webhook" in self.description.lower()


class TooLarge(Refused):
    """The request is larger than Telegram accepts."""


class RetryAfter(Refused):
    """Too many requests; the next one may follow after `seconds`, never earlier."""

    def __init__(self, method: str, code: int | None, description: str, seconds: float) -> None:
        super().__init__(method, code, description)
        self.seconds = seconds


class ServerFault(Refused):
    """Telegram has a problem, or an intermediary answered in its place."""


class Doubtful(ServerFault):
    """A 5xx that came after the whole request had left: unknown whether it was accepted.

    A gateway answers 502, 503 or 504 whether it passed the request on or not. The Bot API's own 500 does not
    say at which step it failed either, so it counts as one of these.
    """


class NoAnswer(TelegramError):
    """No readable answer came back."""


class NotSent(NoAnswer):
    """No part of the request left this machine: it is safe to repeat."""


class Unclear(NoAnswer):
    """The request left, at least in part; unknown whether it was accepted."""


# Parts of Telegram's descriptions of a 400, in lower case; the first match counts. The description of an
# edit that changes nothing contains "reply markup" too.
_WORDS: tuple[tuple[str, type[Refused]], ...] = (
    ("message is not modified", NotModified),
    ("message to edit not found", EditImpossible),
    ("message can't be edited", EditImpossible),
    ("message_id_invalid", EditImpossible),
    ("inline keyboard", ButtonRefused),
    ("reply markup", ButtonRefused),
    ("reply_markup", ButtonRefused),
    ("button_", ButtonRefused),
    ("can't parse entities", CantParseEntities),
    ("entity_bounds_invalid", CantParseEntities),
    ("entity beginning at utf-16 offset", CantParseEntities),
    ("can't parse messageentity", CantParseEntities),
    ("entity_", CantParseEntities),
    ("entities_", CantParseEntities),
    ("message is too long", TooLong),
    ("message_too_long", TooLong),
    ("caption is too long", TooLong),
    ("caption_too_long", TooLong),
    ("rights to send documents", FileRefused),
    ("rights to send media", FileRefused),
    ("chat_send_docs_forbidden", FileRefused),
    ("chat_send_media_forbidden", FileRefused),
    ("file must be non-empty", FileRefused),
    ("file is too big", FileRefused),
    ("wrong file identifier", FileRefused),
    ("file_part", FileRefused),
    ("document_invalid", FileRefused),
    ("message thread not found", ThreadNotFound),
    ("topic_id_invalid", ThreadNotFound),
    ("topic_closed", ThreadNotFound),
    ("topic_deleted", ThreadNotFound),
    ("chat not found", ChatUnavailable),
    ("peer_id_invalid", ChatUnavailable),
    ("chat_write_forbidden", ChatUnavailable),
    ("have no rights to send a message", ChatUnavailable),
    ("not enough rights to send", ChatUnavailable),
    ("query is too old", TooOld),
)
_CODES: dict[int, type[Refused]] = {401: Unauthorized, 403: Forbidden, 409: Conflict, 413: TooLarge}
_RETRY_AFTER = re.compile(r"retry after (\d+)", re.IGNORECASE)
_SHOWN = 500  # characters of a description, at most


def classify(method: str, status: int, body: bytes, retry_after: str | None = None) -> Refused | NoAnswer:
    """Return the error for an answer that is not a success.

    Args:
        method: the method that was called.
        status: the HTTP status.
        body: the body, JSON if it comes from Telegram.
        retry_after: the header `Retry-After`, which some 429 from intermediaries have.
    """
    answer = _object(body)
    if answer is None:
        return _foreign(method, status, retry_after)
    code = answer.get("error_code")
    code = code if type(code) is int else status
    words = answer.get("description")
    description = words[:_SHOWN] if isinstance(words, str) else f"no description, HTTP status {status}"
    parameters = answer.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    if code == 429:
        return RetryAfter(method, code, description, _seconds(parameters, description, retry_after))
    migrated = parameters.get("migrate_to_chat_id")
    if code == 400 and type(migrated) is int:
        return Migrated(method, code, description, migrated)
    return _kind(code, description.lower())(method, code, description)


def _kind(code: int, words: str) -> type[Refused]:
    if code == 400:
        return next((kind for part, kind in _WORDS if part in words), Rejected)
    if code == 404:
        # A self-hosted Bot API server also answers 404 for an unknown method.
        return Rejected if "method not found" in words else Unauthorized
    if code in _CODES:
        return _CODES[code]
    if 400 <= code < 500:
        return Rejected
    return Doubtful if code >= 500 else ServerFault


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        answer = orjson.loads(body)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and answer.get("ok") is False else None


def _foreign(method: str, status: int, retry_after: str | None) -> Refused | NoAnswer:
    """Return the error for an answer that is not the Bot API's JSON: from a web server, proxy or login page.

    Its 403 says nothing about the chat and its 404 nothing about the token. A 2xx may hide that the request
    was accepted.
    """
    if 200 <= status < 300:
        return Unclear(method, status, f"HTTP status {status}, and the answer is not the Bot API's")
    description = f"HTTP status {status} from something that is not the Bot API"
    if status == 429:
        return RetryAfter(method, status, description, _seconds({}, "", retry_after))
    if status == 413:
        return TooLarge(method, status, description)
    kind = Doubtful if status >= 500 else ServerFault
    return kind(method, status, description)


def _seconds(parameters: dict[str, Any], description: str, header: str | None) -> float:
    """Return the waiting time of the parameters, else the description, else the header; never shorten it."""
    wait: Any = parameters.get("retry_after")
    if isinstance(wait, int | float) and not isinstance(wait, bool) and math.isfinite(wait) and wait > 0:
        return float(wait)
    words = _RETRY_AFTER.search(description)
    for text in (wait, words[1] if words else None, header):
        if isinstance(text, str) and re.fullmatch(r"[0-9]{1,15}", text.strip()) and int(text) > 0:
            return float(text)
    return DEFAULT_WAIT_SECONDS
