"""Events that are too large for messages: part of them on the phone, all of them in a file."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram import render
from cctelegram.delivery.compose import file_name
from cctelegram.render.whole import MAX_READABLE, NOTE
from render.spelling import event, rules_broken

values = st.recursive(
    st.text(max_size=30) | st.integers(-(10**9), 10**9) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=40) | st.dictionaries(st.text(max_size=200), inner, max_size=40),
    max_leaves=200,
)


def test_an_event_that_fits_into_messages_is_unchanged() -> None:
    assert render.is_readable(event(description="d" * 15_000, data={"a": "b"}))
    assert not render.is_readable(event(description="d" * (MAX_READABLE + 1)))
    assert not render.is_readable(event(data={"log": "x" * MAX_READABLE}))


def test_a_megabyte_is_shown_on_a_few_screens_that_refer_to_the_file() -> None:
    large = event(description="word " * 200_000, data={"log": "y" * 500_000, "exit_code": 3})
    (shown,) = render.message(render.excerpt(large), zone=UTC)
    assert NOTE in shown.text
    assert "Exit code: 3" in shown.text
    whole = render.document(large).read().decode()
    assert "word " * 200_000 in whole
    assert "y" * 500_000 in whole


@pytest.mark.slow
@given(st.dictionaries(st.text(max_size=300), values, max_size=300), st.integers(0, 30_000))
def test_a_part_is_small_whatever_the_event(data: dict[str, Any], length: int) -> None:
    part = render.excerpt(event(description="d" * length, data=data))
    texts = render.message(part, zone=UTC)
    assert len(texts) <= 4
    assert not any(rules_broken(text) for text in texts)


@given(st.text(min_size=1, max_size=2000).filter(str.strip))
def test_a_caption_is_valid_for_telegram(title: str) -> None:
    caption = render.caption(event(title=title))
    assert 0 < len(caption.text.encode("utf-16-le")) // 2 <= 1024
    marked = render.repeated(caption)
    assert len(marked.text.encode("utf-16-le")) // 2 <= 1024


@given(st.text(min_size=1, max_size=100))
def test_a_file_is_named_after_its_event_in_plain_characters(event_id: str) -> None:
    name = file_name(event(event_id=event_id))
    assert name.endswith(".txt")
    assert name.isascii()
    assert not set(name) & set('/\\:*?"<>| ')
