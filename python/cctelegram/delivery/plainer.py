"""Plainer forms of a part that Telegram refuses: without the refused feature, with all its words.

Each form has less than the one before: no links, entities, file or buttons, or half the length. So there are
few, and the stored part itself records how far it went.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from cctelegram.delivery.payload import Payload
from cctelegram.render import plain
from cctelegram.render.text import Text
from cctelegram.telegram import errors

ANSWER_BY_REPLY: Final = (
    "Telegram refused the buttons. To answer, reply to this message with the number or the label:"
)


class Plainer(NamedTuple):
    """The payloads that replace a part, and how they differ from it, in words."""

    payloads: list[Payload]
    change: str


def plainer(content: Payload, error: errors.Refused) -> Plainer | None:
    """Return the next plainer form of a refused part, or None when it is the plainest."""
    first = next((steps for kind, steps in FIRST if isinstance(error, kind)), ())
    for step in (*first, *IN_ORDER):
        found = step(content, error.description)
        if found is not None and found.payloads != [content]:
            return found
    return None


def may_help(error: errors.TelegramError) -> bool:
    """Return whether Telegram may accept a plainer form of the same message."""
    if isinstance(error, errors.Rejected):
        return error.code in (400, None)
    return isinstance(error, (*(kind for kind, _ in FIRST), errors.ThreadNotFound))


def _without_links(content: Payload, description: str) -> Plainer | None:
    """Remove the link that the description names, or every link; write each into the text."""
    links = [button for row in content.buttons for button in row if "url" in button]
    refused = [button for button in links if f"'{button['url']}'" in description] or links
    if not refused:
        return None
    lines = [f"{button['text']}: {button['url']}" for button in refused]
    rest = tuple(tuple(button for button in row if button not in refused) for row in content.buttons)
    buttons = tuple(row for row in rest if row)
    return Plainer(
        _in_parts(content, plain.below(content.text, lines), buttons=buttons), "without the link button"
    )


def _without_buttons(content: Payload, _: str) -> Plainer | None:
    """Remove the answer buttons; the text numbers them and says how to answer without them."""
    labels = [str(button["text"]) for row in content.buttons for button in row]
    if not labels:
        return None
    lines = [ANSWER_BY_REPLY, *(f"{number}. {label}" for number, label in enumerate(labels, 1))]
    texts = plain.below(content.text, lines)
    return Plainer(_in_parts(content, texts, buttons=(), asks=True), "without buttons")


def _without_entities(content: Payload, _: str) -> Plainer | None:
    if not content.text.entities:
        return None
    return Plainer(_in_parts(content, plain.bare(content.text)), "without formatting")


def _without_file(content: Payload, _: str) -> Plainer | None:
    if content.document is None:
        return None
    line = f"Telegram refused the file {content.document}: the full event is stored on the computer."
    texts = plain.below(content.text, [line])
    return Plainer(_in_parts(content, texts, document=None), "without the file")


def _shorter(content: Payload, _: str) -> Plainer | None:
    if content.document is None:
        texts = plain.halves(content.text)
        return Plainer(_in_parts(content, texts), "in shorter messages") if texts[1:] else None
    if not content.text.text:
        return None
    parts = [msgspec.structs.replace(content, text=Text("")), Payload(text=content.text)]
    return Plainer(parts, "with the caption as its own message")


def _in_parts(content: Payload, texts: tuple[Text, ...], **changes: Any) -> list[Payload]:
    """Return a message for each text; the last keeps everything else of the content."""
    changed = msgspec.structs.replace(content, **changes)
    return [
        *(Payload(text=text) for text in texts[:-1]),
        msgspec.structs.replace(changed, text=texts[-1]),
    ]


_Step = Callable[[Payload, str], Plainer | None]
# What to remove first for each refusal that names its cause. A refused button can be a link, which costs
# nothing to remove, or an answer button.
FIRST: Final[tuple[tuple[type[errors.Refused], tuple[_Step, ...]], ...]] = (
    (errors.ButtonRefused, (_without_links, _without_buttons)),
    (errors.CantParseEntities, (_without_entities,)),
    (errors.TooLong, (_shorter,)),
    (errors.FileRefused, (_without_file,)),
    (errors.TooLarge, (_without_file,)),
)
# What to remove next, or after an unknown refusal: the least useful feature first.
IN_ORDER: Final[tuple[_Step, ...]] = (_without_links, _without_entities, _without_file, _without_buttons)
