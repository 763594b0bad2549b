"""The data of a button."""

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
def test_a_button_cannot_be_altered_to_another_option(option: int, other: int) -> None:
    assume(option != other)
    kind, code, _, mac = codes.callback_data(KEY, "abc", option, 5).split(".")
    assert codes.read(KEY, f"{kind}.{code}.{other}.{mac}", 5) is None


def test_a_button_of_another_store_does_not_count() -> None:
    assert codes.read(codes.new_key(), codes.callback_data(KEY, "abc", 0, 5), 5) is None


@given(st.text(max_size=80))
def test_text_from_strangers_is_never_a_button(data: str) -> None:
    assert codes.read(KEY, data, 5) is None


@given(
    st.integers(0, 2**62), st.integers(0, 10**6), st.text(max_size=100), CHATS, CHATS, st.text(max_size=100)
)
def test_the_button_of_an_action_counts_for_its_event_entry_and_chat_only(
    event: int, position: int, event_id: str, chat_id: int, other: int, other_id: str
) -> None:
    data = codes.action_data(KEY, event, event_id, position, chat_id)
    assert len(data.encode()) <= 64
    found = codes.read_action(data)
    assert found is not None
    assert codes.is_genuine(KEY, found, event_id, chat_id)
    assert codes.is_genuine(KEY, found, other_id, chat_id) == (event_id == other_id)
    assert codes.is_genuine(KEY, found, event_id, other) == (chat_id == other)
    assert not codes.is_genuine(KEY, found._replace(position=position + 1), event_id, chat_id)
    assert codes.read(KEY, data, chat_id) is None


@given(st.text(max_size=80))
def test_text_from_strangers_is_never_the_button_of_an_action(data: str) -> None:
    found = codes.read_action(data)
    assert found is None or not codes.is_genuine(KEY, found, "b", 5)


@given(CHATS, CHATS, st.text(max_size=80))
def test_the_button_of_a_cleanup_counts_in_its_own_chat_only(chat_id: int, other: int, text: str) -> None:
    plan = "0f" * 9
    data = codes.plan_data(KEY, plan, chat_id)
    assert len(data.encode()) <= 64
    assert codes.read_plan(KEY, data, chat_id) == plan
    assert (codes.read_plan(KEY, data, other) is None) == (chat_id != other)
    assert codes.read_plan(KEY, text, chat_id) is None


def test_buttons_that_are_on_phones_stay_genuine() -> None:
    key = bytes(range(32))
    assert codes.callback_data(key, "abcdefghijkl", 3, -1001) == "d.abcdefghijkl.3.JIHgZ4AY-ryxllDQ"
    assert codes.mode_data(key, "mute-1h", 7) == "m.mute-1h.cYb26QMAcVdTwlLa"
    assert codes.action_data(key, 12, "ev.1", 2, 7) == "a.12.2.ccH3qI--qlh_TksM"
    assert codes.plan_data(key, "00" * 9, 7) == "c.000000000000000000.fec77dd1f7456c7ff22a082b"
