"""What a reply in words to a card means."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cctelegram.decisions.question import is_denial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cctelegram.decisions.ledger import Decision


class Meant(NamedTuple):
    """The option that is chosen by number, and the words that go with it; one of them is not None."""

    option: int | None
    text: str | None


def meant(decision: Decision, text: str) -> Meant | None:
    """Read a reply; None when the question takes no words.

    Words that are an option's label choose it. Other words are the answer where the question takes words,
    else the comment of a denial: whoever does not tap lets nothing happen, and says why.
    """
    said = text.strip().casefold()
    chosen = next((i for i, label in enumerate(decision.options) if label.strip().casefold() == said), None)
    if chosen is not None:
        return Meant(chosen, None)
    if decision.allow_text:
        return Meant(None, text)
    refused = denial(decision.options)
    return None if refused is None else Meant(refused, text)


def denial(options: Sequence[str]) -> int | None:
    """Give the first option that lets nothing happen, by number; None when there is none."""
    return next((index for index, label in enumerate(options) if is_denial(label)), None)
