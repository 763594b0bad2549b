"""Interpret a text reply to a card."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cctelegram.decisions import consent
from cctelegram.decisions.question import is_denial

if TYPE_CHECKING:
    from cctelegram.decisions.ledger import Decision


class Meaning(NamedTuple):
    """The index of the chosen option, and the text of the answer; at least one is not None."""

    option: int | None
    text: str | None


def interpret(decision: Decision, text: str, *, numbered: bool = False) -> Meaning | None:
    """Return the meaning of a reply, or None when it decides nothing and the person must be asked again.

    The label of an option chooses it, and so does its number on a card that is `numbered` because Telegram
    refused its buttons; a comment may follow the label of a denial. If the question allows text, any other
    text is the answer. If the options mean yes and no, known words of both kinds choose one; any other text
    decides nothing.
    """
    chosen = _labelled(decision.options, text)
    if chosen is None and numbered:
        chosen = _numbered(decision.options, text)
    if chosen is not None:
        return Meaning(chosen, None)
    if decision.allow_text:
        return Meaning(None, text)
    split = consent.commented(text)
    head = None if split is None else _labelled(decision.options, split[0])
    if consent.is_yes_or_no(decision.options):
        answer = consent.yes_or_no(text)
        if answer is not None:
            option = next(
                i for i, label in enumerate(decision.options) if is_denial(label) != answer.approves
            )
            return Meaning(option, text if answer.commented else None)
    elif head is not None and is_denial(decision.options[head]):
        return Meaning(head, text)
    return None


def accepted_replies(decision: Decision, *, numbered: bool = False) -> str:
    """Return the sentence that lists the accepted replies."""
    if numbered:
        return "Reply with the number or the exact label of an option."
    if consent.is_yes_or_no(decision.options):
        return 'Tap a button, or reply yes or no. To deny with a comment, reply "no, " and the comment.'
    return "Tap a button, or reply with the exact label of one."


def _labelled(options: tuple[str, ...], text: str) -> int | None:
    """Return the index of the option that a text names; None for none, or several that differ in case."""
    reply = text.strip()
    exact = [index for index, label in enumerate(options) if label.strip() == reply]
    reply = reply.casefold()
    found = exact or [index for index, label in enumerate(options) if label.strip().casefold() == reply]
    return found[0] if len(found) == 1 else None


def _numbered(options: tuple[str, ...], text: str) -> int | None:
    """Return the index of the option whose number, from 1, is the whole text; None when there is none."""
    reply = text.strip()
    return int(reply) - 1 if reply.isdecimal() and 1 <= int(reply[:9]) <= len(options) else None
