"""What a reply in words to a card means."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cctelegram.decisions import words
from cctelegram.decisions.question import is_denial

if TYPE_CHECKING:
    from cctelegram.decisions.ledger import Decision


class Meant(NamedTuple):
    """The option that is chosen by number, and the words that go with it; one of them is not None."""

    option: int | None
    text: str | None


def meant(decision: Decision, text: str, *, numbered: bool = False) -> Meant | None:
    """Read a reply; None when it decides nothing and the person is to be asked again.

    An option's label chooses it, and so does its number on a card that is `numbered` because Telegram refused
    its buttons; a comment may follow the label of a denial. Other words are the answer where the question
    takes words. Where the options are yes and no by any name, known words of both kinds choose one, and
    nothing else does: whoever means something else is asked.
    """
    chosen = _labelled(decision.options, text)
    if chosen is None and numbered:
        chosen = _numbered(decision.options, text)
    if chosen is not None:
        return Meant(chosen, None)
    if decision.allow_text:
        return Meant(None, text)
    split = words.commented(text)
    head = None if split is None else _labelled(decision.options, split[0])
    if words.is_yes_or_no(decision.options):
        said = words.spoken(text)
        if said is not None:
            option = next(i for i, label in enumerate(decision.options) if is_denial(label) != said.approves)
            return Meant(option, text if said.commented else None)
    elif head is not None and is_denial(decision.options[head]):
        return Meant(head, text)
    return None


def help_with(decision: Decision, *, numbered: bool = False) -> str:
    """Give the sentence that says which replies are understood."""
    if numbered:
        return "Reply with the number of an option, or with its label, letter for letter."
    if words.is_yes_or_no(decision.options):
        return 'Tap a button, or reply yes or no. To deny with a comment, reply "no, " and the comment.'
    return "Tap a button, or reply with the label of one, letter for letter."


def _labelled(options: tuple[str, ...], text: str) -> int | None:
    """Give the option that a text names, by number; None when it names none, or several but for case."""
    said = text.strip()
    exact = [index for index, label in enumerate(options) if label.strip() == said]
    said = said.casefold()
    found = exact or [index for index, label in enumerate(options) if label.strip().casefold() == said]
    return found[0] if len(found) == 1 else None


def _numbered(options: tuple[str, ...], text: str) -> int | None:
    """Return the option whose number, counted from 1, is all of a text; None when it is none."""
    said = text.strip()
    return int(said) - 1 if said.isdecimal() and 1 <= int(said[:9]) <= len(options) else None
