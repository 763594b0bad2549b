"""What a button carries."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from cctelegram.decisions import codes

KEY = codes.new_key()
CHATS = st.integers(-(2**52), 2**52)


@given(st.integers(0, 9), CHATS)
def test_r24_a_button_never_carries_more_than_64_bytes_and_reads_back(option: int, chat_id: int) -> None:
    code = codes.new_code()
    data = codes.callback_data(KEY, code, option, chat_id)
    assert 1 <= len(data.encode()) <= 64
    assert codes.read(KEY, data, chat_id) == codes.Tapped(code, option)


@given(st.integers(0, 9), CHATS, CHATS)
def test_a_button_counts_in_its_own_chat_only(option: int, chat_id: int, other: int) -> None:
    assume(chat_id != other)
    assert codes.read(KEY, codes.callback_data(KEY, "abc", option, chat_id), other) is None


@given(st.integers(0, 9), st.integers(0, 9))
def test_a_button_cannot_be_made_into_another_option(option: int, other: int) -> None:
    assume(option != other)
    kind, code, _, mac = codes.callback_data(KEY, "abc", option, 5).split(".")
    assert codes.read(KEY, f"{kind}.{code}.{other}.{mac}", 5) is None


def test_a_button_of_another_store_does_not_count() -> None:
    assert codes.read(codes.new_key(), codes.callback_data(KEY, "abc", 0, 5), 5) is None


@given(st.text(max_size=80))
def test_what_strangers_write_is_never_a_button(data: str) -> None:
    assert codes.read(KEY, data, 5) is None
