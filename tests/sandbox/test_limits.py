"""The rate limits: what is accepted, what waits, and for how long. Time is an argument."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cctelegram.sandbox.limits import Limits, Rates

CHAT, GROUP = 1001, -5


def test_an_idle_chat_accepts_a_burst_and_then_one_a_second() -> None:
    limits = Limits(Rates(chat_per_second=1, chat_burst=3))
    assert [limits.admit(CHAT, 0.0, group=False) for _ in range(4)] == [0, 0, 0, 1]
    assert limits.admit(CHAT, 1.0, group=False) == 0
    assert limits.admit(CHAT, 1.1, group=False) == 1


def test_a_wait_lasts_until_it_is_over_and_further_calls_do_not_extend_it() -> None:
    limits = Limits(Rates(chat_per_second=0.25, chat_burst=1, total_per_second=0))
    assert limits.admit(CHAT, 0.0, group=False) == 0
    assert limits.admit(CHAT, 0.5, group=False) == 4  # 3.5 s, in whole seconds: until 4.5
    assert limits.admit(CHAT, 4.2, group=False) == 1
    assert limits.admit(CHAT, 4.5, group=False) == 0


def test_a_group_accepts_twenty_a_minute_including_edits() -> None:
    limits = Limits(Rates(chat_per_second=0, total_per_second=0))
    answers = [limits.admit(GROUP, float(second), group=True, edit=second % 2 == 1) for second in range(20)]
    assert answers == [0] * 20
    assert limits.admit(GROUP, 20.0, group=True, edit=True) == 40
    assert limits.admit(GROUP, 60.0, group=True) == 0


def test_edits_in_a_private_chat_are_free() -> None:
    limits = Limits(Rates(chat_burst=1))
    assert limits.admit(CHAT, 0.0, group=False) == 0
    assert [limits.admit(CHAT, 0.0, group=False, edit=True) for _ in range(100)] == [0] * 100


def test_the_whole_bot_accepts_thirty_a_second_and_then_every_chat_waits() -> None:
    limits = Limits()
    assert [limits.admit(chat, 0.0, group=False) for chat in range(31)] == [0] * 30 + [1]
    assert limits.admit(500, 0.5, group=False) == 1
    assert limits.admit(500, 1.0, group=False) == 0


def test_a_rate_of_zero_is_no_limit() -> None:
    limits = Limits(Rates(chat_per_second=0, group_per_minute=0, total_per_second=0))
    assert {limits.admit(GROUP, 0.0, group=True) for _ in range(5000)} == {0}


steps = st.lists(
    st.tuples(st.floats(0, 5), st.sampled_from([1, 2, -3]), st.booleans()), min_size=1, max_size=120
)
rates = st.builds(
    Rates,
    chat_per_second=st.sampled_from([0, 0.5, 1, 20]),
    chat_burst=st.integers(1, 6),
    group_per_minute=st.sampled_from([0, 3, 20]),
    total_per_second=st.sampled_from([0, 2, 30]),
)


@given(rates, steps)
def test_a_call_after_retry_after_is_accepted(rates: Rates, steps: list[tuple[float, int, bool]]) -> None:
    limits = Limits(rates)
    now = 0.0
    for pause, chat, edit in steps:
        now += pause
        waits = limits.admit(chat, now, group=chat < 0, edit=edit)
        if waits:
            now += waits
            assert limits.admit(chat, now, group=chat < 0, edit=edit) == 0


@given(rates, steps)
def test_no_chat_gets_more_than_the_rate_and_the_burst(
    rates: Rates, steps: list[tuple[float, int, bool]]
) -> None:
    limits = Limits(rates)
    now, passed = 0.0, []
    for pause, chat, edit in steps:
        now += pause / 10
        if limits.admit(chat, now, group=chat < 0, edit=edit) == 0 and (chat < 0 or not edit):
            passed.append((now, chat, edit))
    for index, (start, chat, _) in enumerate(passed):
        later = passed[index:]
        if rates.chat_per_second:
            mine = [at for at, other, edit in later if other == chat and not edit]
            for count, at in enumerate(mine, 1):
                assert count <= rates.chat_burst + (at - start) * rates.chat_per_second + 1e-6
        if rates.group_per_minute and chat < 0:
            assert sum(other == chat and at < start + 60 for at, other, _ in later) <= rates.group_per_minute
        if rates.total_per_second:
            assert sum(at < start + 1 for at, _, _ in later) <= rates.total_per_second
