"""Retry classification: what a failed send means, as one pure table that the sender reads."""

from __future__ import annotations

import random

import msgspec

from cctelegram.delivery import plainer
from cctelegram.retry import REQUEST
from cctelegram.telegram import errors


class Retry(msgspec.Struct, frozen=True):
    """The message certainly did not arrive: retry it after `seconds`."""

    seconds: float
    reason: str


class Repeat(msgspec.Struct, frozen=True):
    """The delivery status is unknown: repeat the message after `seconds`, with a mark.

    Once, when the response was lost; `until_clear`, when Telegram responded with an error: otherwise, in an
    hour of 502s, every message would be given up after two tries.
    """

    seconds: float
    reason: str
    until_clear: bool = False


class Pause(msgspec.Struct, frozen=True):
    """Telegram asks to wait: pause this chat for all of `seconds`."""

    seconds: float
    reason: str


class Dead(msgspec.Struct, frozen=True):
    """Telegram will never accept this message."""

    reason: str


class DeadChat(msgspec.Struct, frozen=True):
    """The chat cannot be written to; its queue is kept."""

    reason: str


class DeadToken(msgspec.Struct, frozen=True):
    """The token is wrong or revoked; all deliveries are kept until it is changed."""

    reason: str


class Moved(msgspec.Struct, frozen=True):
    """The group became a supergroup with another id."""

    chat_id: int


class WithoutThread(msgspec.Struct, frozen=True):
    """The topic is gone: send the message outside of a topic."""

    error: errors.Refused


class Plainer(msgspec.Struct, frozen=True):
    """The message was refused in this form: send the next plainer form, if there is one."""

    error: errors.Refused


Verdict = Retry | Repeat | Pause | Dead | DeadChat | DeadToken | Moved | WithoutThread | Plainer


def classify(error: errors.TelegramError, attempts: int) -> Verdict:  # noqa: PLR0911 - a table, row by row
    """Return the verdict on `error` after `attempts` failed tries."""
    reason = str(error)
    wait = REQUEST.seconds(attempts, random.random())  # noqa: S311 - spreads load, guards nothing
    match error:
        case errors.RetryAfter():
            return Pause(float(error.seconds), reason)
        case errors.Migrated():
            return Moved(error.chat_id)
        case errors.Unauthorized():
            return DeadToken(reason)
        case errors.Forbidden() | errors.ChatUnavailable():
            return DeadChat(reason)
        case errors.ThreadNotFound():
            return WithoutThread(error)
        case errors.Refused() if plainer.may_help(error):
            return Plainer(error)
        case errors.Unclear():
            return Repeat(wait, reason)
        case errors.Doubtful():
            return Repeat(wait, reason, until_clear=True)
        case errors.NotSent() | errors.ServerFault() | errors.Conflict():
            return Retry(wait, reason)
        case _:
            return Dead(reason)
