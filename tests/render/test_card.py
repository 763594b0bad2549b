# ruff: noqa: RUF001  texts of many scripts are what is tested
"""Approval cards: the verbatim question, and its outcome."""

from __future__ import annotations

from datetime import UTC

import pytest

from cctelegram import render
from cctelegram.render import Entity, Text
from render.spelling import AT, event, rules_broken, shows, spelled

HALF_AN_HOUR = 1_800_000_000


def test_r22_r51_the_prompt_is_shown_verbatim() -> None:
    prompt = (
        "Run `rm -rf *_old`?\nfn x() -> Option<String> { __init__ } **&amp;** \\* <b> [a](b)\n    indented"
    )
    (part,) = render.card(event(type="approval_request", data={"approval_prompt": prompt}), prompt, zone=UTC)
    assert prompt in part.text
    assert {one.type for one in part.entities} == {"bold", "italic"}


def test_r22_a_card_shows_the_given_values_and_nothing_else() -> None:
    made = event(
        type="approval_request",
        title="Deploy to production?",
        data={
            "approval_prompt": "Deploy 1.2.0?",
            "command": "kubectl apply -f x.yaml",
            "file_path": "x.yaml",
            "options": ["Approve", "Deny"],
            "timeout_minutes": 30,
            "default_on_timeout": "Deny",
        },
        source="agent",
        task_id="t-1",
    )
    (part,) = render.card(made, "Deploy 1.2.0?", zone=UTC, expires_at=AT + HALF_AN_HOUR)
    assert spelled(part) == (
        "❓ ⟨bold|Deploy to production?⟩\n\n"
        "Deploy 1.2.0?\n\n"
        "Command: ⟨code|kubectl apply -f x.yaml⟩\n"
        "File: ⟨code|x.yaml⟩\n\n"
        "If unanswered: Deny\n"
        "Expires: 23 Nov 14:32 UTC\n\n"
        "⟨expandable_blockquote|Time to answer: 30 min⟩\n\n"
        "⟨italic|Approval request · agent · t-1 · 23 Nov 14:02 UTC⟩"
    )


def test_hidden_characters_in_a_prompt_are_shown() -> None:
    (part,) = render.card(event(type="approval_request"), "rm \u202excod.txt\u200b", zone=UTC)
    assert "rm ‹U+202E›xcod.txt‹U+200B›" in part.text


def test_a_prompt_that_is_the_title_is_shown_once() -> None:
    (part,) = render.card(event(type="approval_request", title="Go?"), "Go?", zone=UTC)
    assert part.text.count("Go?") == 1


def test_a_prompt_that_is_the_description_is_not_read_as_markdown() -> None:
    (part,) = render.card(event(type="approval_request", description="**x**"), "**x**", zone=UTC)
    assert part.text.count("**x**") == 1


def test_a_description_beside_the_prompt_is_markdown() -> None:
    (part,) = render.card(event(type="approval_request", description="**why**"), "Go?", zone=UTC)
    assert "Go?\n\n⟨bold|why⟩" in spelled(part)


@pytest.mark.parametrize(
    ("options", "listed"),
    [
        (["Yes", "No"], False),
        (["a" * 41, "No"], True),
        ([str(number) for number in range(11)], True),
        (["x", 5], True),
    ],
)
def test_options_that_the_buttons_do_not_show_are_listed(options: list[str], listed: bool) -> None:
    parts = render.card(event(type="approval_request", data={"options": options}), "Which?", zone=UTC)
    assert all(str(label) in parts[0].text for label in options) is listed


def test_a_long_prompt_is_shown_whole_over_several_parts() -> None:
    prompt = "\n".join(f"line {number} of `__init__` Option<{number}>" for number in range(2000))
    parts = render.card(event(type="approval_request"), prompt, zone=UTC)
    assert len(parts) > 10
    assert not [broken for part in parts for broken in rules_broken(part)]
    assert prompt in "".join(part.text for part in parts)
    assert parts[-1].text.endswith("Approval request · external · 23 Nov 14:02 UTC")


def test_the_outcome_is_a_line_under_the_card() -> None:
    card = Text("Go?", (Entity("bold", 0, 3),))
    shown = render.outcome(card, "Approved by Ann (@ann) at 14:02")
    assert spelled(shown) == "⟨bold|Go?⟩\n\n⟨bold|Approved by Ann (@ann) at 14:02⟩"


@pytest.mark.parametrize("letter", ["a", "👍", "नमस्ते "])
def test_a_full_card_is_shortened_in_its_middle_and_says_so(letter: str) -> None:
    (card, *_) = render.card(event(type="approval_request"), letter * 5000, zone=UTC)
    shown = render.outcome(card, "Denied by Ann (@ann), 23 Nov 14:05 UTC: not today, Ann\u202e")
    assert not rules_broken(shown)
    assert shown.text.startswith("❓ Title")
    assert shown.text.endswith("not today, Ann‹U+202E›")
    assert "characters of this card are omitted here" in shown.text


def test_an_outcome_of_a_thousand_words_is_cut_and_a_card_with_a_hundred_entities_is_complete() -> None:
    card = Text("a " * 100, tuple(Entity("bold", place * 2, 1) for place in range(100)))
    shown = render.outcome(card, "word " * 1000)
    assert not rules_broken(shown)
    assert shown.text.endswith("…")


def test_every_value_of_a_card_is_on_the_phone() -> None:
    data = {
        "tool_name": "Bash",
        "tool_input": {"command": "ls *", "why": ["a_b", "c"]},
        "odd": "<x>",
        "allow_text": True,
    }
    parts = render.card(event(type="approval_request", data=data), "Go?", zone=UTC)
    for word in ("Bash", "ls *", "a_b", "c", "<x>", "odd"):
        assert shows(parts, word)


def test_a_card_says_that_text_is_accepted_and_does_not_name_the_waiting_session() -> None:
    data = {"allow_text": True, "awaited_by": "session-1"}
    (words,) = render.card(event(type="approval_request", data=data), "Go?", zone=UTC)
    assert "Reply to this message to answer in words." in words.text
    assert "session-1" not in words.text
    (buttons,) = render.card(event(type="approval_request", data={"allow_text": False}), "Go?", zone=UTC)
    assert "Reply to" not in buttons.text
    assert "allow_text" not in buttons.text
