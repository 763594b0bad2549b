"""Pacing: never over a limit, never idle without need."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cctelegram.outbox.pacing import Bucket, Pacing, Window

STEPS = st.lists(st.floats(0.001, 3.0), min_size=1, max_size=200)


@given(STEPS, st.floats(0.2, 20), st.integers(1, 5))
def test_a_bucket_never_lets_more_through_than_burst_and_rate(
    steps: list[float], rate: float, burst: int
) -> None:
    bucket, now, taken = Bucket(rate, burst, 0.0), 0.0, []
    for step in steps:
        now += step
        if bucket.wait(now) == 0:
            bucket.take(now)
            taken.append(now)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            stretch = taken[last] - taken[first]
            assert last - first + 1 <= burst + rate * stretch + 1e-6


@given(st.floats(0.2, 20), st.integers(1, 5), st.integers(1, 2000))
def test_r7_a_bucket_fills_however_often_it_is_looked_at(rate: float, burst: int, looks: int) -> None:
    bucket = Bucket(rate, burst, 0.0)
    for _ in range(burst):
        bucket.take(0.0)
    wait = bucket.wait(0.0)
    for look in range(looks):
        bucket.wait(wait * look / looks)
    assert bucket.wait(wait + 1e-6) == 0


def test_a_clock_that_steps_back_gives_no_tokens() -> None:
    bucket = Bucket(1, 1, 100.0)
    bucket.take(100.0)
    assert bucket.wait(50.0) == 1.0
    assert bucket.wait(100.5) == 0.5


@given(STEPS, st.integers(1, 20), st.floats(0.5, 60))
def test_a_window_never_lets_more_through_in_any_stretch(
    steps: list[float], count: int, seconds: float
) -> None:
    window, now, taken = Window(count, seconds), 0.0, []
    for step in steps:
        now += step
        if window.wait(now) == 0:
            window.take(now)
            taken.append(now)
    for first in range(len(taken) - count):
        assert taken[first + count] - taken[first] >= seconds - 1e-9


@given(STEPS, st.integers(1, 20), st.floats(0.5, 60))
def test_a_window_is_open_again_when_its_wait_is_over(steps: list[float], count: int, seconds: float) -> None:
    window, now = Window(count, seconds), 0.0
    for step in steps:
        now += step
        if wait := window.wait(now):
            now += wait + 1e-6
        assert window.wait(now) == 0
        window.take(now)


def test_chats_do_not_hold_up_each_other_and_groups_have_their_own_limit() -> None:
    pacing = Pacing(chat_per_second=1, chat_burst=3, group_per_minute=20, total_per_second=30)
    for _ in range(3):
        assert pacing.wait(1, 0.0) == 0
        pacing.take(1, 0.0)
    assert pacing.wait(1, 0.0) == 1.0
    assert pacing.wait(2, 0.0) == 0
    now, sent = 0.0, 0
    while now < 60:
        now += pacing.wait(-1, now)
        if now < 60:
            pacing.take(-1, now)
            sent += 1
    assert sent == 20


def test_all_chats_together_stay_under_the_bots_limit() -> None:
    pacing = Pacing(chat_per_second=1, chat_burst=3, group_per_minute=20, total_per_second=30)
    for chat in range(30):
        assert pacing.wait(chat, 0.0) == 0
        pacing.take(chat, 0.0)
    assert pacing.wait(99, 0.0) == 1.0


def test_less_than_one_a_second_over_all_is_a_longer_window() -> None:
    pacing = Pacing(chat_per_second=10, chat_burst=3, group_per_minute=20, total_per_second=0.25)
    pacing.take(1, 0.0)
    assert pacing.wait(1, 0.0) == 4.0
