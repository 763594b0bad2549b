"""Pacing: never over a limit, never idle without need."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cctelegram.config.settings import Pacing as Rates
from cctelegram.delivery.pacing import Bucket, Pacing, Window
from cctelegram.sandbox import limits as sandbox

STEPS = st.lists(st.floats(0.001, 3.0), min_size=1, max_size=200)


def keeps_to(taken: list[float], rate: float, burst: int) -> None:
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            stretch = taken[last] - taken[first]
            assert last - first + 1 <= burst + rate * stretch + 1e-6


@given(STEPS, st.floats(0.2, 20), st.integers(1, 5))
def test_a_bucket_never_admits_more_than_burst_and_rate(steps: list[float], rate: float, burst: int) -> None:
    bucket, now, taken = Bucket(rate, burst, 0.0), 0.0, []
    for step in steps:
        now += step
        if bucket.wait(now) == 0:
            bucket.take(now)
            taken.append(now)
    keeps_to(taken, rate, burst)


@given(st.floats(0.2, 20), st.integers(1, 5), st.integers(1, 2000))
def test_r7_a_bucket_fills_however_often_it_is_read(rate: float, burst: int, looks: int) -> None:
    bucket = Bucket(rate, burst, 0.0)
    for _ in range(burst):
        bucket.take(0.0)
    wait = bucket.wait(0.0)
    for look in range(looks):
        bucket.wait(wait * look / looks)
    assert bucket.wait(wait + 1e-6) == 0


def test_a_clock_that_steps_back_adds_no_tokens() -> None:
    bucket = Bucket(1, 1, 100.0)
    bucket.take(100.0)
    assert bucket.wait(50.0) == 1.0
    assert bucket.wait(100.5) == 0.5


@given(STEPS, st.integers(1, 20), st.floats(0.5, 60))
def test_a_window_never_admits_more_in_any_period(steps: list[float], count: int, seconds: float) -> None:
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


CHATS = (1, 2, 3, -1, -2)


@given(
    st.lists(st.tuples(st.floats(0.0, 2.0), st.sampled_from(CHATS)), min_size=1, max_size=150),
    st.floats(0.5, 5.0),
    st.integers(1, 4),
    st.integers(1, 6),
    st.integers(1, 8),
)
def test_pacing_is_never_over_a_limit_and_never_idle_while_telegram_would_accept_work(
    arrivals: list[tuple[float, int]], rate: float, burst: int, group: int, total: int
) -> None:
    """The reference is the sandbox's arithmetic of the limits, which shares no code with the product."""
    pacing = Pacing(
        Rates(chat_per_second=rate, chat_burst=burst, group_per_minute=group, total_per_second=total)
    )
    buckets = {chat: sandbox.Bucket() for chat in CHATS}
    groups = {chat: sandbox.Window() for chat in CHATS if chat < 0}
    whole = sandbox.Window()

    def allowed_in(chat: int, now: float) -> float:
        waits = [buckets[chat].wait(now, rate, burst), whole.wait(now, 1.0, total)]
        return max(waits + ([groups[chat].wait(now, 60.0, group)] if chat < 0 else []))

    queues = dict.fromkeys(CHATS, 0)
    now = 0.0
    pending = [
        (sum(step for step, _ in arrivals[: place + 1]), chat) for place, (_, chat) in enumerate(arrivals)
    ]
    while pending or any(queues.values()):
        while pending and pending[0][0] <= now:
            queues[pending.pop(0)[1]] += 1
        for chat in [chat for chat, count in queues.items() if count]:
            wanted = allowed_in(chat, now)
            if pacing.try_take(chat, now):
                assert wanted <= 1e-6, "sent though Telegram would refuse it"
                buckets[chat].take(now, rate)
                whole.take(now)
                if chat < 0:
                    groups[chat].take(now)
                queues[chat] -= 1
            else:
                assert wanted > 0, "idle though Telegram would take it"
        waits = [pacing.wait(chat, now) for chat, count in queues.items() if count]
        steps = ([min(waits)] if waits else []) + ([pending[0][0] - now] if pending else [])
        if steps:
            now += max(0.0, min(steps)) + 1e-7


@given(st.lists(st.floats(0.0, 0.4), min_size=30, max_size=80), st.integers(2, 8))
def test_messages_with_slow_requests_do_not_exceed_telegrams_rate(delays: list[float], total: int) -> None:
    pacing = Pacing(Rates(chat_per_second=2, chat_burst=2, group_per_minute=20, total_per_second=total))
    bucket, whole = sandbox.Bucket(), sandbox.Window()
    now = 0.0
    for delay in delays:
        now += pacing.wait(1, now) + 1e-6
        assert pacing.try_take(1, now)
        arrived, answered = now + delay, now + delay + 0.01
        assert bucket.wait(arrived, 2, 2) <= 1e-6
        assert whole.wait(arrived, 1.0, total) <= 1e-6
        bucket.take(arrived, 2)
        whole.take(arrived)
        pacing.answered(1, now, answered)
        now = answered


def test_the_bots_last_token_goes_to_one_of_the_waiting_chats() -> None:
    pacing = Pacing(Rates(chat_per_second=1, chat_burst=3, group_per_minute=20, total_per_second=30))
    waits = [pacing.wait(chat, 0.0) for chat in range(1, 41)]
    assert set(waits) == {0.0}
    assert sum(pacing.try_take(chat, 0.0) for chat in range(1, 41)) == 30


def test_chats_do_not_delay_each_other_and_groups_have_their_own_limit() -> None:
    pacing = Pacing(Rates(chat_per_second=1, chat_burst=3, group_per_minute=20, total_per_second=30))
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
    pacing = Pacing(Rates(chat_per_second=1, chat_burst=3, group_per_minute=20, total_per_second=30))
    for chat in range(30):
        assert pacing.wait(chat, 0.0) == 0
        pacing.take(chat, 0.0)
    assert pacing.wait(99, 0.0) == 1.0


def test_a_total_of_less_than_one_a_second_uses_a_longer_window() -> None:
    pacing = Pacing(Rates(chat_per_second=10, chat_burst=3, group_per_minute=20, total_per_second=0.25))
    pacing.take(1, 0.0)
    assert pacing.wait(1, 0.0) == 4.0


@given(STEPS, STEPS, st.floats(0.2, 20), st.integers(1, 5), st.floats(0.2, 20), st.integers(1, 5))
def test_r42_a_changed_bucket_uses_the_new_rate_from_then_on(
    before: list[float], after: list[float], rate: float, burst: int, then_rate: float, then_burst: int
) -> None:
    bucket, now, taken = Bucket(rate, burst, 0.0), 0.0, []
    for step in before:
        now += step
        if bucket.wait(now) == 0:
            bucket.take(now)
    bucket.change(then_rate, then_burst, now)
    for step in after:
        now += step
        if bucket.wait(now) == 0:
            bucket.take(now)
            taken.append(now)
    keeps_to(taken, then_rate, then_burst)


@given(STEPS, STEPS, st.integers(1, 20), st.floats(0.5, 60), st.integers(1, 20), st.floats(0.5, 60))
def test_r42_a_changed_window_counts_earlier_messages(
    before: list[float], after: list[float], count: int, seconds: float, then_count: int, then_seconds: float
) -> None:
    window, now, taken = Window(count, seconds), 0.0, []
    for step in before:
        now += step
        if window.wait(now) == 0:
            window.take(now)
            taken.append(now)
    window.change(then_count, then_seconds)
    changed = len(taken)
    for step in after:
        now += step
        if window.wait(now) == 0:
            window.take(now)
            taken.append(now)
    # A window that remembered fewer than the new one allows knows no more of what went before.
    known = max(0, changed - min(count, then_count))
    for first in range(known, len(taken) - then_count):
        if first + then_count >= changed:
            assert taken[first + then_count] - taken[first] >= then_seconds - 1e-9


def test_r42_the_limits_of_chats_groups_and_the_bot_change_together() -> None:
    slow = Rates(chat_per_second=0.01, chat_burst=1, group_per_minute=1, total_per_second=0.1)
    quick = Rates(chat_per_second=100, chat_burst=100, group_per_minute=1000, total_per_second=100)
    pacing = Pacing(slow)
    for chat in (1, -1):
        pacing.take(chat, 0.0)
        assert pacing.wait(chat, 1.0) > 5
    pacing.change(quick, 1.0)
    assert (pacing.wait(1, 1.0), pacing.wait(-1, 1.0)) == (0, 0)
    assert pacing.wait(-2, 1.0) == 0, "a chat that is new by then as well"
    for _ in range(5):
        pacing.take(-1, 1.0)
    pacing.change(slow, 2.0)
    assert pacing.wait(-1, 2.0) > 50
    assert pacing.wait(1, 2.0) > 5, "what went to another chat counts for the whole bot"
