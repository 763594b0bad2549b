# ruff: noqa: RUF001  texts of many scripts are what is tested
"""Events as messages: what is shown, where, and that nothing is left out."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cctelegram import render
from cctelegram.events import catalogue
from cctelegram.render import families
from render.cases import EVERYTHING, case, everything, path
from render.spelling import event, read, rules_broken, shows, spelled


def first(style: str = "concise", **fields: Any) -> str:
    """Render an event of one part."""
    (part,) = render.message(event(**fields), zone=UTC, style=style)
    assert not rules_broken(part)
    return spelled(part)


@pytest.mark.parametrize("category", catalogue.CATEGORIES)
def test_every_type_looks_as_its_file_shows(category: str) -> None:
    assert case(category) == path(category).read_text(encoding="utf-8"), (
        "python tests/render/cases.py writes them"
    )


@pytest.mark.parametrize("kind", catalogue.EVENT_TYPES, ids=lambda kind: kind.type)
@pytest.mark.parametrize("style", ["concise", "detailed"])
def test_every_example_shows_all_its_values(kind: Any, style: str) -> None:
    written = json.loads(kind.example)
    made = event(type=kind.type, title=written["title"], data=written.get("data", {}))
    parts = render.message(made, zone=UTC, style=style)
    assert not [broken for part in parts for broken in rules_broken(part)]
    assert shows(parts, written["title"])
    for value in written.get("data", {}).values():
        for item in value if isinstance(value, list) else [value]:
            assert shows(parts, item if isinstance(item, str) else json.dumps(item))


def test_an_unknown_type_is_shown_as_it_was_written() -> None:
    shown = first(type="My-Odd Type", data={"anything": "goes"})
    assert shown == (
        "🔹 ⟨bold|Title⟩\n\n⟨expandable_blockquote|anything: goes⟩\n\n"
        "⟨italic|My-Odd Type · external · 23 Nov 14:02 UTC⟩"
    )


def test_the_footer_has_source_task_and_time_in_the_zone() -> None:
    (part,) = render.message(event(source="ci", task_id="t-7"), zone=ZoneInfo("Asia/Kolkata"))
    assert part.text.endswith("Info notification · ci · t-7 · 23 Nov 19:32 IST")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({"percentage": 40}, "▓▓▓▓░░░░░░ 40 %"),
        ({"percentage": 12.5, "current": 1, "total": 8}, "▓░░░░░░░░░ 12.5 %, 1 of 8"),
        ({"current": 120, "total": 400}, "▓▓▓░░░░░░░ 30 %, 120 of 400"),
        ({"metadata": {"current": 1, "total": 2}}, "▓▓▓▓▓░░░░░ 50 %, 1 of 2"),
        ({"percentage": 100}, "▓▓▓▓▓▓▓▓▓▓ 100 %"),
    ],
)
def test_progress_is_a_bar(data: dict[str, Any], line: str) -> None:
    assert first(type="progress_update", data=data).split("\n")[1] == line


@pytest.mark.parametrize(
    "data", [{"percentage": 140}, {"percentage": "40"}, {"current": 3, "total": 0}, {"current": True}]
)
def test_progress_that_makes_no_sense_is_text(data: dict[str, Any]) -> None:
    shown = first(type="progress_update", data=data)
    assert "▓" not in shown
    assert all(f"{json.dumps(value).strip(chr(34))}" in shown for value in data.values())


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (65000, "1 min 5 s (65000 ms)"),
        (3_600_000, "1 h (3600000 ms)"),
        (1500.5, "1 s (1500.5 ms)"),
        ("long", "long"),
        (-5, "-5 ms"),
        (10**400, f"\n{10**400} ms"),
    ],
)
def test_a_duration_is_shown_in_words_and_as_given(milliseconds: Any, shown: str) -> None:
    assert f"Duration: {shown}".replace(": \n", ":\n") in first(
        type="task_completion", data={"duration_ms": milliseconds}
    )


def test_errors_are_shown_verbatim_and_stack_traces_folded() -> None:
    error = "expected `Option<String>`, found *const _ in __init__"
    shown = first(type="build_failed", data={"error_message": error, "stack_trace": "a.py:1\nb.py:2"})
    assert f"Error: ⟨code|{error}⟩" in shown
    assert "⟨expandable_blockquote|Stack trace:\n⟨code|a.py:1\nb.py:2⟩⟩" in shown


def test_a_long_error_is_folded_by_itself() -> None:
    error = "line of an error\n" * 60
    shown = first(data={"error_message": error, "error_code": "E1", "note": "n"})
    assert (
        f"Error code: ⟨code|E1⟩\n⟨expandable_blockquote|Error:\n⟨code|{error.strip()}⟩⟩\n\n⟨expand" in shown
    )
    assert "Error:\n⟨pre|line" in first("detailed", data={"error_message": error})


def test_every_category_has_its_family() -> None:
    assert set(families.OF_CATEGORY) == set(catalogue.CATEGORIES)
    assert set(families.OF_TYPE) <= set(catalogue.BY_NAME)


def test_an_event_with_every_field_looks_as_its_file_shows() -> None:
    assert everything() == EVERYTHING.read_text(encoding="utf-8"), "python tests/render/cases.py writes it"


def test_files_are_folded_and_counted() -> None:
    shown = first(type="task_completion", data={"files_affected": ["src/a.rs", "src/b.rs"]})
    assert "⟨expandable_blockquote|Files affected (2):\n⟨code|src/a.rs\nsrc/b.rs⟩⟩" in shown


def test_detailed_folds_nothing_and_shows_the_ids() -> None:
    shown = first(
        "detailed", data={"stack_trace": "a\nb", "x": {"y": [1, {"z": None}]}}, correlation_id="c-9"
    )
    assert "expandable" not in shown
    assert "Stack trace:\n⟨pre|a\nb⟩" in shown
    assert "x:\n  y:\n    - 1\n    - z: null" in shown
    assert "Correlation: ⟨code|c-9⟩" in shown


def test_the_description_is_markdown_and_the_title_is_not() -> None:
    shown = first(title="**not** `bold`", description="**bold** and Vec<u8>")
    assert "⟨bold|**not** `bold`⟩\n\n⟨bold|bold⟩ and Vec<u8>" in shown


def test_a_long_description_is_folded_whole() -> None:
    shown = first(description="> quote\n\n" + "word **bold** " * 80)
    assert shown.count("blockquote") == 1
    assert "⟨expandable_blockquote|quote\n\nword ⟨bold|bold⟩" in shown


def test_a_long_title_is_cut_in_the_first_line_and_whole_in_the_details() -> None:
    title = " ".join(f"word{number}" for number in range(900))
    parts = render.message(event(title=title), zone=UTC)
    assert parts[0].text.split("\n")[0].endswith("…")
    assert len(parts[0].text.split("\n")[0]) <= 204
    assert shows(parts, title)
    assert title in "".join(part.text for part in parts)


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://example.org/a", True),
        ("javascript:alert(1)", False),
        ("http://localhost:3000", False),
        ("https://bank.com@evil.net", False),
        (17, False),
    ],
)
def test_only_http_addresses_become_links(url: Any, linked: bool) -> None:
    shown = first(data={"url": url})
    assert ("⟨text_link" in shown) is linked
    assert f"{url}" in shown


def test_values_of_the_wrong_type_are_text() -> None:
    data = {
        "files_affected": "one.rs",
        "exit_code": ["x", {"deep": True}],
        "stack_trace": {"at": 1},
        "code_snippet": 5,
        "tags": "t",
        "actions": "none",
        "metadata": [],
        "error_message": None,
    }
    parts = render.message(event(type="error_occurred", data=data), zone=UTC)
    for word in ("one.rs", "x", "deep: true", "at: 1", "5", "none", "[]"):
        assert word in parts[0].text


def test_unknown_keys_of_data_and_event_are_shown() -> None:
    shown = first(
        data={"build_no": 7, "ümlaut": "ß"}, extra={"data": [1, 2], "who": "Ann"}, warnings=("no time",)
    )
    assert "build_no: 7\nümlaut: ß\ndata: 1, 2\nwho: Ann\n⚠️ no time" in shown


def test_hidden_characters_are_shown_everywhere() -> None:
    made = event(
        title="a\u202eb",
        description="c\u200bd",
        source="e\u2066f",
        data={"g\u202eh": "i\u202ej", "file_path": "k\u202el"},
    )
    text = read(render.message(made, zone=UTC))
    assert not {"\u202e", "\u200b", "\u2066"} & set(text)
    assert text.count("‹U+202E›") == 4


@pytest.mark.parametrize("text", ["שלום עולם ", "مرحبا می‌خواهم ", "नमस्ते ", "👨‍👩‍👧 ", "𝒳", "word **b** `c` "])
def test_r11_a_long_text_in_any_script_becomes_whole_parts(text: str) -> None:
    description = text * (40_000 // len(text))
    parts = render.message(event(description=description, data={"results": description}), zone=UTC)
    assert len(parts) > 10
    assert not [broken for part in parts for broken in rules_broken(part)]
    joined = "".join(part.text for part in parts)
    assert description.strip() in joined  # the results, as they are
    assert "\N{REPLACEMENT CHARACTER}" not in joined


@pytest.mark.parametrize("sign", list("!.-#+=|{}()[]<>~`>*_\\&"))
def test_r12_no_sign_in_a_fixed_text_is_refused(sign: str) -> None:
    notice = render.notice(f"Paused{sign}", [f"1{sign} wait", f"{sign}*done*"])
    assert spelled(notice) == f"⟨bold|Paused{sign}⟩\n1{sign} wait\n{sign}*done*"


def test_r13_parts_are_deterministic() -> None:
    made = event(description="word " * 5000)
    assert render.message(made, zone=UTC) == render.message(made, zone=UTC)


def test_a_notice_that_is_too_long_says_so() -> None:
    notice = render.notice("Title", ["x" * 30 for _ in range(500)])
    assert not rules_broken(notice)
    assert notice.text.endswith("[truncated: too long for one message]")


def test_buttons_are_the_valid_actions() -> None:
    actions = [
        {"text": "Open", "url": "https://example.org"},
        {"text": "Retry", "action": "retry_build", "style": "primary"},
        {"text": "Say"},
        {"text": "Local", "url": "http://localhost:1"},
        {"url": "https://example.org"},
        "odd",
    ]
    assert [
        (one.label, one.url, one.action, one.style)
        for one in render.buttons(event(data={"actions": actions}))
    ] == [
        ("Open", "https://example.org", None, None),
        ("Retry", None, "retry_build", "primary"),
        ("Say", None, "Say", None),
    ]
    assert render.buttons(event(data={"actions": 5})) == ()
