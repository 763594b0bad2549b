# ruff: noqa: RUF001  texts of many scripts are what is tested
"""Every letter and digit of an event is on the phone, in order, whatever the event."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cctelegram import _native, render
from cctelegram.events import catalogue
from cctelegram.render.fields import FIELDS
from render.spelling import event, letters, rules_broken, shows, units

SIGNS = [
    "*",
    "_",
    "**",
    "`",
    "```",
    "```py a\n",
    "[",
    "](",
    ")",
    "]: ",
    "<",
    ">",
    "\n",
    "\n\n",
    "> ",
    "# ",
    "- ",
    "|",
    "\\",
    "&amp;",
]
WORDS = [
    "a",
    "b5",
    "é",
    "שלום",
    "नमस्ते",
    "مرحبا",
    "𝒳",
    "👨‍👩‍👧",
    "👍",
    "https://a.bc/d_e",
    "<b>",
    "Option<String>",
    "\u202e",
    "\u200b",
    " ",
]
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.lists(st.sampled_from(SIGNS + WORDS), max_size=30).map("".join),
    st.builds(lambda text, times: text * times, st.sampled_from(SIGNS + WORDS), st.integers(1, 3000)),
)
values = st.recursive(
    st.one_of(
        texts, st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none()
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
keys = st.one_of(st.sampled_from(sorted(FIELDS)), texts)
events = st.builds(
    event,
    type=st.sampled_from(sorted(catalogue.BY_NAME)) | texts,
    title=texts.filter(bool),
    description=texts,
    source=texts,
    data=st.dictionaries(keys, values, max_size=6),
    extra=st.dictionaries(texts, values, max_size=3),
    warnings=st.lists(texts, max_size=2).map(tuple),
)


def said(value: Any) -> list[str]:
    """Return each text and number in a JSON value, names and values separately."""
    if isinstance(value, dict):
        return [text for name, item in value.items() for text in (name, *said(item))]
    if isinstance(value, list):
        return [text for item in value for text in said(item)]
    return [value if isinstance(value, str) else json.dumps(value)]


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(events, st.sampled_from(["concise", "detailed"]))
def test_every_letter_and_digit_is_shown(made: Any, style: str) -> None:
    parts = render.message(made, zone=UTC, style=style)
    assert parts
    assert not [broken for part in parts for broken in rules_broken(part)]
    wanted = [made.title, made.description, made.source, *made.warnings, *said(made.extra)]
    for key, value in made.data.items():
        if key not in FIELDS:
            wanted.append(key)
        if key not in FIELDS or value is not None:
            wanted += said(value)
    for text in wanted:
        assert shows(parts, _native.visible(text)), text


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(events, texts)
def test_every_letter_of_a_card_is_shown_except_options_that_are_buttons(made: Any, prompt: str) -> None:
    parts = render.card(made, prompt, zone=UTC, expires_at=made.occurred_at)
    assert not [broken for part in parts for broken in rules_broken(part)]
    joined = "".join(part.text for part in parts)
    assert letters(_native.visible(prompt)) in letters(joined)
    for text in (
        made.title,
        made.description,
        *said({key: value for key, value in made.data.items() if key not in FIELDS}),
    ):
        assert shows(parts, _native.visible(text)), text
    shown = render.outcome(parts[-1], prompt or "Approved")
    assert not rules_broken(shown)


@settings(max_examples=300, deadline=None)
@given(texts)
def test_markdown_loses_no_letter(text: str) -> None:
    shown, rows = _native.markdown(text)
    assert all(length > 0 and offset + length <= units(shown) for _, offset, length, _ in rows)
    parts = [render.text.text_of(shown, rows)]
    assert shows(parts, text)


@settings(max_examples=300, deadline=None)
@given(texts, st.integers(2, 200), st.integers(1, 5))
def test_parts_joined_are_the_text(text: str, limit: int, marks: int) -> None:
    shown, rows = _native.markdown(text)
    parts = _native.split(shown, rows, limit, marks)
    assert letters("".join(part for part, _ in parts)) == letters(shown) or "\u3164" in shown
    assert all(units(part) <= limit and part.strip() and len(found) <= marks for part, found in parts)


@given(st.text())
def test_the_binding_accepts_any_python_text(text: str) -> None:
    for call in (_native.markdown, _native.visible, _native.utf16_len, _native.is_link):
        call(text)


def test_a_clean_text_is_returned_unchanged() -> None:
    text = "clean ✓ 👨‍👩‍👧 می‌خواهم"
    assert _native.visible(text) is text


def test_a_carriage_return_at_the_end_of_a_value_is_shown() -> None:
    made = event(description="\r", data={"x": ["a\r", ["b\r"]], "tags": ["c\r"]}, extra={"d\r": {"e\r": 1}})
    text = "".join(part.text for part in render.message(made, zone=UTC))
    assert text.count("‹U+000D›") == 6
