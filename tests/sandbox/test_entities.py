"""Entities by UTF-16 units; parse modes as strict as Telegram's (R11, R12)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.sandbox.entities import TYPES, formatted, units
from cctelegram.sandbox.refused import Refused


def bold(offset: int, length: int) -> dict[str, Any]:
    return {"type": "bold", "offset": offset, "length": length}


def italic(offset: int, length: int) -> dict[str, Any]:
    return {"type": "italic", "offset": offset, "length": length}


REFUSED = [
    ("aba caba", [bold(3, 6)],
     "entity beginning at UTF-16 offset 3 ends after the end of the text at UTF-16 offset 9"),
    ("aba caba", [bold(9, 1)], "entity begins after the end of the text at UTF-16 offset 9"),
    ("aba caba", [bold(-1, 1)], "receive an entity with incorrect offset -1"),
    ("aba caba", [bold(0, -1)], "receive an entity with incorrect length -1"),
    ("\U0001f449 x", [bold(1, 1)], "entity begins in a middle of a UTF-16 symbol at byte offset 4"),
    ("\U0001f449 x", [bold(0, 1)],
     "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol at byte offset 4"),
    ("abcdef", [bold(0, 4), italic(2, 4)], "SANDBOX: entities bold and italic overlap at UTF-16 offset 2"),
    ("abcdef", [bold(0, 4), bold(1, 2)], "SANDBOX: entity bold in bold"),
    ("abcdef", [{"type": "pre", "offset": 0, "length": 6}, bold(1, 2)], "SANDBOX: entity bold in pre"),
    ("abcdef", [{"type": "shout", "offset": 0, "length": 6}], 'SANDBOX: an entity of type "shout"'),
    ("x", [{"type": "text_link", "offset": 0, "length": 1, "url": "localhost"}],
     "entity URL 'localhost' is invalid"),
    ("x" * 101, [bold(at, 1) for at in range(101)], "SANDBOX: 101 entities"),
    ("  \n ", [], "message text is empty"),
    ("x" * 4097, [], "message is too long"),
    ("\U0001f449" * 2049, [], "message is too long"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "entities", "words"), REFUSED)
def test_r11_invalid_entities_and_texts_are_refused_with_telegrams_message(
    text: str, entities: list[dict[str, Any]], words: str
) -> None:
    with pytest.raises(Refused, match=re.escape("Bad Request: " + words)):
        formatted(text, entities, None)


def test_surrounding_white_space_is_removed_and_entities_move_with_it() -> None:
    assert formatted("  \U0001f449 bold \n", [bold(5, 4), italic(0, 10)], None) == (
        "\U0001f449 bold",
        [italic(0, 7), bold(3, 4)],
    )


def test_links_commands_and_mentions_are_detected_outside_of_given_entities() -> None:
    text, found = formatted("/start@bot_x see https://example.com/a. code https://b.example", [], None)
    assert [(one["type"], text[one["offset"] : one["offset"] + one["length"]]) for one in found] == [
        ("bot_command", "/start@bot_x"),
        ("url", "https://example.com/a"),
        ("url", "https://b.example"),
    ]
    _, inside = formatted("/start", [{"type": "code", "offset": 0, "length": 6}], None)
    assert [one["type"] for one in inside] == ["code"]


@given(st.text(min_size=1, max_size=60), st.data())
def test_r11_any_range_between_characters_is_accepted_and_covers_the_same_text(
    text: str, data: st.DataObject
) -> None:
    text = "." + text.replace("\x00", "") + "."
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    entity = bold(units(text[:start]), units(text[start:end]))
    shown, entities = formatted(text, [entity], None)
    raw = shown.encode("utf-16-le")
    taken = next(one for one in entities if one["type"] == "bold")
    cut = raw[taken["offset"] * 2 : (taken["offset"] + taken["length"]) * 2].decode("utf-16-le")
    assert cut == text[start:end]


MARKDOWN_REFUSED = [
    *[(f"a {char} b", f"Character '{char}' is reserved and must be escaped") for char in "#+-=|{}.!()]>"],
    ("*a", "Can't find end of Bold entity at byte offset 0"),
    ("\u00e9_a", "Can't find end of Italic entity at byte offset 2"),
    ("`a", "Can't find end of Code entity at byte offset 0"),
    ("```a", "Can't find end of Pre entity at byte offset 0"),
    ("[a](b", "Can't find end of a URL at byte offset 3"),
]


@pytest.mark.parametrize(("text", "words"), MARKDOWN_REFUSED)
def test_r12_markdown_that_telegram_refuses_is_refused(text: str, words: str) -> None:
    with pytest.raises(Refused, match=re.escape("Bad Request: can't parse entities: " + words)):
        formatted(text, None, "MarkdownV2")


def test_markdown_becomes_text_and_entities() -> None:
    text, found = formatted(
        "*b _i_* __u__ ~s~ ||p|| `c\\`` [l](https://e.example/) 1\\.\n```rust\nfn\n```\n>q\n>r\nend",
        None,
        "MarkdownV2",
    )
    assert text == "b i u s p c` l 1.\nfn\n\nq\nr\nend"
    named = [(one["type"], text[one["offset"] : one["offset"] + one["length"]].strip()) for one in found]
    assert named == [
        ("bold", "b i"), ("italic", "i"), ("underline", "u"), ("strikethrough", "s"), ("spoiler", "p"),
        ("code", "c`"), ("text_link", "l"), ("pre", "fn"), ("blockquote", "q\nr"),
    ]  # fmt: skip
    assert next(one["language"] for one in found if one["type"] == "pre") == "rust"


HTML_REFUSED = [
    ("a < b", "Unclosed start tag at byte offset 2"),
    ("<x>a</x>", 'Unsupported start tag "x" at byte offset 0'),
    ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
    ("a</b>", "Unexpected end tag at byte offset 1"),
    ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
]


@pytest.mark.parametrize(("text", "words"), HTML_REFUSED)
def test_r12_html_that_telegram_refuses_is_refused(text: str, words: str) -> None:
    with pytest.raises(Refused, match=re.escape("Bad Request: can't parse entities: " + words)):
        formatted(text, None, "HTML")


def test_html_becomes_text_and_entities() -> None:
    text, found = formatted(
        '<b>b &lt; <i>i</i></b> <a href="https://e.example/?a=1&amp;b">l</a> '
        '<pre><code class="language-rust">fn</code></pre> <blockquote expandable>q</blockquote>',
        None,
        "html",
    )
    assert text == "b < i l fn q"
    assert found == [
        {"type": "bold", "offset": 0, "length": 5},
        {"type": "italic", "offset": 4, "length": 1},
        {"type": "text_link", "offset": 6, "length": 1, "url": "https://e.example/?a=1&b"},
        {"type": "pre", "offset": 8, "length": 2, "language": "rust"},
        {"type": "expandable_blockquote", "offset": 11, "length": 1},
    ]


def test_every_type_of_the_api_is_known() -> None:
    assert len(TYPES) == 20
