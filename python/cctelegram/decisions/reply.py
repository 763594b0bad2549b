"""Interpret a text reply to a card."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cctelegram.decisions import consent
from cctelegram.decisions.question import is_denial

if TYPE_CHECKING:
    from cctelegram.decisions.ledger import Decision


class Meant(NamedTuple):
    """The index of the chosen option, and the text of the answer; at least one is not None."""

    option: int | None
    text: str | None


def meant(decision: Decision, text: str, *, numbered: bool = False) -> Meant | None:
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
        return Meant(chosen, None)
    if decision.allow_text:
        return Meant(None, text)
    split = consent.commented(text)
    head = None if split is None else _labelled(decision.options, split[0])
    if consent.is_yes_or_no(decision.options):
        said = consent.spoken(text)
        if said is not None:
            option = next(i for i, label in enumerate(decision.options) if is_denial(label) != said.approves)
            return Meant(option, text if said.commented else None)
    elif head is not None and is_denial(decision.options[head]):
        return Meant(head, text)
    return None


def help_with(decision: Decision, *, numbered: bool = False) -> str:
    """Return the sentence that lists the accepted replies."""
    if numbered:
        return "Reply with the number of an option, or with its label, letter for letter."
    if consent.is_yes_or_no(decision.options):
        return 'Tap a button, or reply yes or no. To deny with a comment, reply "no, " and the comment.'
    return "Tap a button, or reply with the label of one, letter for letter."


def _labelled(options: tuple[str, ...], text: str) -> int | None:
    """Return the index of the option that a text names; None for none, or several that differ in case."""
    said = text.strip()
    exact = [index for index, label in enumerate(options) if label.strip() == said]
    said = said.casefold()
    found = exact or [index for index, label in enumerate(options) if label.strip().casefold() == said]
    return found[0] if len(found) == 1 else None


def _numbered(options: tuple[str, ...], text: str) -> int | None:
    """Return the index of the option whose number, from 1, is the whole text; None when there is none."""
    said = text.strip()
    return int(said) - 1 if said.isdecimal() and 1 <= int(said[:9]) <= len(options) else None
