"""A reply in words to a card."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.decisions.ledger import Decision
from cctelegram.decisions.question import is_denial
from cctelegram.decisions.reply import Meant, meant

ASKED = Decision(
    id=1,
    event=1,
    code="c",
    prompt="Go?",
    options=("Approve", "Deny"),
    default_pair=True,
    allow_text=False,
    awaited_by=None,
    opened_at=0,
    expires_at=None,
    default_option=None,
    state="open",
)


@pytest.mark.parametrize(
    ("options", "allow_text", "said", "wanted"),
    [
        (("Approve", "Deny"), False, "approve ", Meant(0, None)),
        (("Approve", "Deny"), False, "Deny", Meant(1, None)),
        (("Approve", "Deny"), False, "not before lunch", Meant(1, "not before lunch")),
        (("Approve", "Deny"), False, "approve it tomorrow", Meant(1, "approve it tomorrow")),
        (("Yes", "No"), True, "later", Meant(None, "later")),
        (("Yes", "No"), True, "no", Meant(1, None)),
        (("red", "blue"), False, "green", None),
        (("red", "blue"), False, "Blue", Meant(1, None)),
    ],
)
def test_words_are_a_label_an_answer_or_the_comment_of_a_denial(
    options: tuple[str, ...], allow_text: bool, said: str, wanted: Meant | None
) -> None:
    asked = msgspec.structs.replace(ASKED, options=options, allow_text=allow_text)
    assert meant(asked, said) == wanted


@given(st.text(min_size=1), st.lists(st.text(min_size=1), min_size=1, max_size=10))
def test_nothing_but_an_option_written_out_can_approve(said: str, options: list[str]) -> None:
    found = meant(msgspec.structs.replace(ASKED, options=tuple(options)), said)
    if found is not None and found.option is not None and not is_denial(options[found.option]):
        assert said.strip().casefold() == options[found.option].strip().casefold()
