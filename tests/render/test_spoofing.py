# ruff: noqa: RUF001  look-alike characters are what is tested
"""Text from outside cannot imitate lines of the bridge, hide, or look like something else."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cctelegram import _native, render
from cctelegram.chat.strangers import Stranger
from cctelegram.decisions import outcomes
from cctelegram.decisions.ledger import Decision
from cctelegram.delivery import compose
from cctelegram.intake import intake
from render.spelling import AT, event

if TYPE_CHECKING:
    from cctelegram.render import Text

BREAKS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]
FORGED = "FORGED"
WIDE = "\u3000" * 80
hostile = st.lists(
    st.sampled_from(BREAKS) | st.sampled_from([FORGED, "a", " ", "\u202e", WIDE]) | st.text(max_size=4),
    min_size=1,
    max_size=8,
).map("".join)


def lines(text: Text) -> list[str]:
    """The lines of a message outside code blocks."""
    units = text.text.encode("utf-16-le")
    for one in reversed(text.entities):
        if one.type in ("pre", "code"):
            start, end = one.offset * 2, (one.offset + one.length) * 2
            units = units[:start] + units[end:]
    return units.decode("utf-16-le").splitlines()


def forged(parts: tuple[Text, ...]) -> list[str]:
    return [line for part in parts for line in lines(part) if line.startswith(FORGED)]


def open_decision(**more: Any) -> Decision:
    fields: dict[str, Any] = dict.fromkeys(Decision.__struct_fields__)
    fields |= {"options": ("Yes", "No"), "opened_at": AT, "closed_at": AT, "state": "answered", "option": 0}
    return Decision(**(fields | more))


@pytest.mark.parametrize("line_break", BREAKS)
def test_a_strangers_name_cannot_add_lines_to_the_owners_notice(line_break: str) -> None:
    name = f"Eve{line_break}To allow: nothing to do"
    (title, said, how) = render.notice(
        "Somebody", [Stranger(1001, name, "wrote").line, "How to allow"]
    ).text.splitlines()
    assert (title, how) == ("Somebody", "How to allow")
    assert said.startswith("user id 1001, wrote: Eve")


@pytest.mark.parametrize("line_break", BREAKS)
def test_a_file_name_cannot_add_lines_to_the_notice_of_rejected_files(line_break: str) -> None:
    named = (intake.Rejection(f"a{line_break}FORGED.json", f"bad{line_break}FORGED"),)
    assert len(intake.REJECTED.text(named, 1).text.splitlines()) == 3


@settings(max_examples=300, deadline=None)
@given(hostile, hostile, hostile)
def test_no_field_of_one_line_begins_a_line(one: str, other: str, third: str) -> None:
    data = {f"k{one}": other, "tags": [third], "author": one, "nested": {one: [other, {third: one}]}}
    made = event(
        type=f"x{third}",
        title=one,
        source=other,
        task_id=third,
        data=data,
        extra={f"k{other}": one},
        warnings=(third,),
    )
    assert not forged(render.message(made, zone=UTC, style="detailed"))
    assert not forged(render.card(made, "Go?", zone=UTC))
    assert not forged(render.digest(f"x{one}", [Line(f"k{other}", third)], zone=UTC))
    assert not forged((render.notice(f"x{one}", [f"x{other}", f"y{third}"]),))
    said = outcomes.line(open_decision(first_name=f"A{one}", username=f"b{other}", text=f"c{third}"), UTC)
    assert len(said.splitlines()) == 2


class Line:
    """An event of a digest."""

    severity = "high"
    occurred_at = AT
    times = 1

    def __init__(self, kind: str, title: str) -> None:
        self.type = kind
        self.title = f"t{title}"


@given(hostile)
def test_a_field_of_one_line_has_no_line_break_of_any_kind(text: str) -> None:
    shown = render.one_line(text)
    assert len(shown.splitlines()) <= 1
    assert WIDE not in shown
    assert render.one_line(shown) == shown


@pytest.mark.parametrize(
    "options",
    [
        ("Yes", "Yеs"),  # Cyrillic
        ("Yes", "Yes\u200b"),
        ("Yes", "Yes "),
        ("Yes", "YES"),
        ("Yes", "Y\u202ees"),
        ("Νο", "No"),  # Greek
        ("a" * 40 + " to staging", "a" * 40 + " to production"),
    ],
)
def test_options_that_look_alike_are_numbered_and_listed(options: tuple[str, str]) -> None:
    shown = render.labels(options)
    assert [label[:3] for label in shown] == ["1. ", "2. "]
    made = event(type="approval_request", data={"options": list(options)})
    text = render.card(made, "Which?", zone=UTC)[0].text
    assert all(label in text.splitlines() for label in shown)
    assert outcomes.line(open_decision(options=options), UTC, shown).startswith("1. ")
    rows = compose.keyboard(open_decision(options=options, code="c" * 8), b"k" * 32, 1)
    assert [button["text"] for row in rows for button in row] == list(shown)


def test_options_that_differ_are_shown_as_they_are_with_hidden_characters_visible() -> None:
    assert render.labels(("Approve", "Deny")) == ("Approve", "Deny")
    assert render.labels(("是", "否", "👍", "👎", "1", "2")) == ("是", "否", "👍", "👎", "1", "2")
    assert render.labels(("Go\u200b", "a\nb", "\u3000")) == ("Go‹U+200B›", "a⏎b", "(blank)")
    assert render.labels(()) == ()


@pytest.mark.parametrize("blanks", [WIDE, " " * 80, "\t" * 80, "\xa0" * 80, " \t\u3000\u2003" * 20])
def test_no_text_to_be_approved_is_pushed_out_of_sight(blanks: str) -> None:
    hidden = f"ls{blanks}; rm -rf ~"
    data = {"command": hidden, "code_snippet": hidden, "tool_input": {"command": hidden}, "options": [hidden]}
    made = event(type="approval_request", title=f"T {hidden}", description=f"`{hidden}` x", data=data)
    text = "".join(part.text for part in render.card(made, hidden, zone=UTC))
    assert text.count("ls‹80 blanks›; rm -rf ~") == 7
    assert render.labels([hidden]) == ("ls‹80 blanks›; rm -rf ~",)


def test_many_line_breaks_in_text_to_be_approved_are_counted_and_code_stays_as_it_is() -> None:
    (part,) = render.card(event(type="approval_request"), "ls\n" + " \n" * 60 + "; rm -rf ~", zone=UTC)
    assert "ls\n‹61 line breaks›\n; rm -rf ~" in part.text
    code = "def f():\n" + " " * 32 + "return {\n\n\n\n\t\t'a': 1}"
    (part,) = render.card(event(type="approval_request", data={"command": code}), "Go?", zone=UTC)
    assert code in part.text


def test_a_message_that_asks_nothing_keeps_its_blanks() -> None:
    (part,) = render.message(event(data={"code_snippet": f"a{WIDE}b"}), zone=UTC)
    assert f"a{WIDE}b" in part.text


@settings(max_examples=100, deadline=None)
@given(st.lists(hostile, min_size=1, max_size=10))
def test_labels_are_distinct_lines(options: list[str]) -> None:
    shown = render.labels(options)
    assert len(set(shown)) == len(options)
    assert all(label and len(label.splitlines()) == 1 for label in shown)
    assert len(set(map(_native.skeleton, shown))) == len(options)
