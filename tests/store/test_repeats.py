"""Equal events within five seconds are one message with a count."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cctelegram.delivery import digest
from cctelegram.store import deliveries, intake, lookup, repeats
from store.rows import NOW, memory, row
from store.rows import to as rows_to

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

CHAT, BOT, SECOND = 1001, 1, 1_000_000
OWNER = intake.Recipient(CHAT)


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    opened = memory()
    yield opened
    opened.close()


def take(
    store: sqlite3.Connection,
    seen: repeats.Repeats,
    *numbers: int,
    at: int = 0,
    to: Sequence[intake.Recipient] = (OWNER,),
    **changes: Any,
) -> int:
    """Take equal events, `at` us after NOW; return the number of merged deliveries."""
    body = {"type": "build_failed", "title": "It broke", "data": {"exit_code": 1}, **changes.pop("body", {})}
    rows = [
        row(
            number,
            **{"lane": 1, "fields": {**body, "event_id": f"e{number}"}, "occurred_at": NOW + at, **changes},
        )
        for number in numbers
    ]
    accepted = intake.accept(store, rows, rows_to(*to), NOW + at)
    return seen.fold(store, accepted, NOW + at)


def send(store: sqlite3.Connection, at: int, message_id: int = 70) -> deliveries.Waiting:
    """Send the next delivery, as one part."""
    waiting = deliveries.following(store, CHAT, NOW + at)
    assert waiting is not None
    deliveries.add_parts(store, waiting.delivery, ["{}"])
    deliveries.start(store, waiting.delivery, BOT, NOW + at)
    part = deliveries.parts(store, waiting.delivery)[0]
    deliveries.part_sent(store, part.part, message_id, NOW + at)
    return waiting


def states(store: sqlite3.Connection) -> list[tuple[Any, ...]]:
    return store.execute("SELECT state, merged_into, times, follows FROM deliveries ORDER BY id").fetchall()


def test_equal_waiting_events_are_one_message_with_a_count(store: sqlite3.Connection) -> None:
    seen = repeats.Repeats()
    assert take(store, seen, 1, 2) == 1
    assert take(store, seen, 3, at=4 * SECOND) == 1
    told = ("digested", 1, 1, None)
    assert states(store) == [("queued", None, 3, None), told, told]
    assert store.execute("SELECT count(*) FROM events").fetchone() == (3,)
    assert lookup.delivery(store, "event-2") is not None


def test_a_sent_message_is_edited_by_the_next_equal_event_only(store: sqlite3.Connection) -> None:
    seen = repeats.Repeats()
    take(store, seen, 1)
    assert send(store, 1000).times == 1
    assert take(store, seen, 2, at=SECOND) == 1
    assert take(store, seen, 3, at=2 * SECOND) == 1
    assert states(store)[1:] == [("queued", None, 2, 1), ("digested", 2, 1, None)]
    waiting = send(store, 2 * SECOND)
    assert repeats.shown(store, BOT, CHAT, 1) == 70
    assert repeats.total(store, waiting.delivery, 1) == 3
    take(store, seen, 4, at=3 * SECOND)
    assert states(store)[3] == ("queued", None, 1, 1)
    assert repeats.total(store, 4, 1) == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"body": {"title": "It broke again"}, "title": "It broke again"},
        {"body": {"data": {"exit_code": 2}}},
        {"body": {"description": "why"}},
        {"body": {"task_id": "other"}},
        {"source": "other"},
        {"at": 6 * SECOND},
        {"at": SECOND, "occurred_at": NOW - 6 * SECOND},
        {"to": (intake.Recipient(-5),)},
        {"to": (intake.Recipient(CHAT, 7),)},
    ],
    ids=str,
)
def test_an_event_that_differs_or_is_late_or_has_another_chat_is_a_message_of_its_own(
    store: sqlite3.Connection, changes: dict[str, Any]
) -> None:
    seen = repeats.Repeats()
    take(store, seen, 1)
    assert take(store, seen, 2, **changes) == 0


@pytest.mark.parametrize(
    "changes",
    [{"body": {"type": "approval_request"}, "lane": 0}, {"body": {"type": "task_progress"}, "lane": 3}],
)
def test_equal_questions_and_progress_are_not_merged(
    store: sqlite3.Connection, changes: dict[str, Any]
) -> None:
    assert take(store, repeats.Repeats(), 1, 2, **changes) == 0


def test_ids_times_and_correlation_make_no_difference(store: sqlite3.Connection) -> None:
    seen = repeats.Repeats()
    take(store, seen, 1, body={"correlation_id": "a", "timestamp": "2026-11-23T12:00:00Z"})
    assert take(store, seen, 2, body={"correlation_id": "b"}) == 1


def test_equal_events_are_counted_per_chat(store: sqlite3.Connection) -> None:
    seen, both = repeats.Repeats(), (OWNER, intake.Recipient(-5))
    take(store, seen, 1)
    assert take(store, seen, 2, to=both) == 1
    assert [state[0] for state in states(store)] == ["queued", "digested", "queued"]


def test_events_stored_before_a_restart_are_still_compared(store: sqlite3.Connection) -> None:
    take(store, repeats.Repeats(), 1)
    assert take(store, repeats.Repeats(), 2, at=SECOND) == 1


def test_events_are_not_merged_into_one_that_was_rolled_back(store: sqlite3.Connection) -> None:
    seen = repeats.Repeats()
    store.execute("BEGIN")
    take(store, seen, 1)
    store.execute("ROLLBACK")
    assert take(store, seen, 1) == 0
    assert take(store, seen, 2) == 1


def test_a_message_of_several_parts_is_not_edited(store: sqlite3.Connection) -> None:
    seen = repeats.Repeats()
    take(store, seen, 1)
    deliveries.add_parts(store, 1, ["{}", "{}"])
    assert take(store, seen, 2) == 0


def test_a_digest_counts_every_event(store: sqlite3.Connection) -> None:
    take(store, repeats.Repeats(), 1, 2, 3)
    (member,) = digest.waiting(store, CHAT, None, 1)
    assert member.times == 3


steps = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(0, 2), st.integers(1, 3)),
        st.tuples(st.just("send"), st.just(0), st.just(0)),
        st.tuples(st.just("hold"), st.just(0), st.just(0)),
        st.tuples(st.just("restart"), st.just(0), st.just(0)),
        st.tuples(st.just("wait"), st.integers(0, 3_000_000), st.just(0)),
    ),
    max_size=40,
)


@given(steps)
@example([("take", 2, 1), ("hold", 0, 0), ("take", 2, 1), ("restart", 0, 0), ("take", 2, 1)])
def test_every_event_is_counted_in_exactly_one_equal_message(
    done: list[tuple[str, int, int]],
) -> None:
    store, seen, at, number = memory(), repeats.Repeats(), 0, 0
    for what, kind, count in done:
        if what == "take":
            numbers = range(number + 1, number + count + 1)
            number += count
            take(store, seen, *numbers, at=at, body={"data": {"exit_code": kind}})
        elif what == "send" and deliveries.following(store, CHAT, NOW + at):
            send(store, at)
        elif what == "hold":
            digest.hold_queued(store, "muted")
        elif what == "restart":
            seen = repeats.Repeats()
        else:
            at += kind
    says = dict(store.execute("SELECT id, json_extract(body, '$.data.exit_code') FROM events"))
    told: dict[int, list[int]] = defaultdict(list)
    for event, delivery, merged in store.execute(
        "SELECT event, id, coalesce(merged_into, id) FROM deliveries ORDER BY id"
    ):
        told[merged].append(event)
        assert says[event] == says[merged], delivery
    # Each delivery counts itself and what was merged into it, and every event stands in exactly one.
    counted = store.execute("SELECT id, times FROM deliveries WHERE merged_into IS NULL").fetchall()
    assert {delivery: len(told[delivery]) for delivery, _ in counted} == dict(counted)
    assert sum(times for _, times in counted) == number
    # No two that wait say the same within the time.
    waiting = store.execute(
        "SELECT deliveries.id, json_extract(body, '$.data.exit_code'), taken_at, follows FROM deliveries "
        "JOIN events ON events.id = event WHERE state = 'queued' AND deliveries.id NOT IN "
        "(SELECT delivery FROM parts)"
    ).fetchall()
    for one in waiting:
        for other in waiting:
            if one < other and one[1] == other[1] and one[3] is None and other[3] is None:
                assert abs(one[2] - other[2]) > repeats.WITHIN, (one, other)
    store.close()
