"""The states of a delivery."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from cctelegram.daemon import status
from cctelegram.decisions import ledger
from cctelegram.decisions.question import question
from cctelegram.delivery import classification, digest, failure
from cctelegram.events.event import from_row
from cctelegram.store import chats, deliveries, intake, reassign
from cctelegram.store import operator_actions as orders
from store.rows import NOW, memory, row, to

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

CHAT = 1001


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    with closing(memory()) as opened:
        yield opened


def put(store: sqlite3.Connection, *lanes: int) -> None:
    rows = [row(number, lane=lane) for number, lane in enumerate(lanes, start=1)]
    intake.accept(store, rows, to(intake.Recipient(CHAT)), NOW)


def next_event(store: sqlite3.Connection, now: int = NOW) -> int | None:
    waiting = deliveries.following(store, CHAT, now)
    return None if waiting is None else waiting.event


def send(store: sqlite3.Connection, delivery: int, message_id: int = 7) -> bool:
    if not deliveries.is_rendered(store, delivery):
        deliveries.add_parts(store, delivery, ["{}"])
    deliveries.start(store, delivery, 1, NOW)
    return deliveries.part_sent(store, deliveries.parts(store, delivery)[0].part, message_id, NOW)


def state(store: sqlite3.Connection, delivery: int) -> tuple[str, str | None]:
    found: tuple[str, str | None] = store.execute(
        "SELECT state, reason FROM deliveries WHERE id = ?", (delivery,)
    ).fetchone()
    return found


def test_decisions_go_before_alerts_before_the_rest_before_progress(store: sqlite3.Connection) -> None:
    put(store, 3, 2, 1, 0, 2)
    order = []
    while (waiting := deliveries.following(store, CHAT, NOW)) is not None:
        order.append(waiting.event)
        send(store, waiting.delivery)
    assert order == [4, 3, 2, 5, 1]


def test_a_long_message_continues_after_the_last_sent_part(store: sqlite3.Connection) -> None:
    put(store, 2)
    deliveries.add_parts(store, 1, ["a", "b", "c"])
    assert send(store, 1, 11) is False
    assert [part.payload for part in deliveries.parts(store, 1)] == ["b", "c"]
    assert send(store, 1, 12) is False
    assert send(store, 1, 13) is True
    assert state(store, 1) == ("sent", None)
    assert store.execute("SELECT message_id, payload FROM parts").fetchall() == [
        (11, None),
        (12, None),
        (13, None),
    ]


def test_r13_a_pause_in_the_middle_of_a_long_message_repeats_no_part(store: sqlite3.Connection) -> None:
    put(store, 2)
    deliveries.add_parts(store, 1, ["a", "b", "c"])
    send(store, 1, 11)
    send(store, 1, 12)
    deliveries.start(store, 1, 1, NOW)
    deliveries.back(store, 1, NOW + 5, "429")
    assert next_event(store) is None
    assert deliveries.next_time(store, CHAT) == NOW + 5
    assert next_event(store, NOW + 5) == 1
    assert [part.payload for part in deliveries.parts(store, 1)] == ["c"]


def test_a_dead_message_does_not_block_those_behind_it(store: sqlite3.Connection) -> None:
    put(store, 2, 2)
    deliveries.dead(store, 1, "message is too long")
    assert next_event(store) == 2
    assert state(store, 1) == ("dead", "message is too long")
    assert deliveries.count_states(store) == {"dead": 1, "queued": 1}


def test_an_unclear_message_is_repeated_once_and_then_ambiguous(store: sqlite3.Connection) -> None:
    put(store, 2)
    assert deliveries.unclear(store, 1, NOW, "timed out") == "queued"
    waiting = deliveries.following(store, CHAT, NOW)
    assert waiting is not None
    assert waiting.unclear == 1
    assert deliveries.unclear(store, 1, NOW, "timed out") == "ambiguous"
    assert next_event(store) is None


def test_an_unclear_decision_is_repeated_until_it_is_clear(store: sqlite3.Connection) -> None:
    put(store, 0)
    assert {deliveries.unclear(store, 1, NOW, "timed out") for _ in range(5)} == {"queued"}


def test_a_crash_in_flight_always_leads_to_a_marked_repeat(store: sqlite3.Connection) -> None:
    put(store, 2)
    for crash in range(1, 4):
        deliveries.start(store, 1, 1, NOW)
        assert deliveries.recover(store) == 1
        waiting = deliveries.following(store, CHAT, NOW)
        assert waiting is not None
        assert waiting.unclear == crash
    # The lost answer that comes after the crashes is still repeated once.
    assert deliveries.unclear(store, 1, NOW, "timed out") == "queued"
    assert deliveries.unclear(store, 1, NOW, "timed out") == "ambiguous"
    assert deliveries.recover(store) == 0


def test_a_crash_between_two_parts_repeats_nothing(store: sqlite3.Connection) -> None:
    put(store, 2)
    deliveries.add_parts(store, 1, ["a", "b"])
    send(store, 1, 11)
    assert deliveries.recover(store) == 0
    waiting = deliveries.following(store, CHAT, NOW)
    assert waiting is not None
    assert waiting.unclear == 0


def test_a_topic_that_is_gone_is_left_out(store: sqlite3.Connection) -> None:
    intake.accept(store, [row(1)], to(intake.Recipient(CHAT, 9)), NOW)
    deliveries.without_thread(store, 1)
    waiting = deliveries.following(store, CHAT, NOW)
    assert waiting is not None
    assert waiting.thread_id is None


def test_a_part_that_stays_unclear_does_not_block_the_rest_of_a_long_message(
    store: sqlite3.Connection,
) -> None:
    put(store, 2)
    deliveries.add_parts(store, 1, ["a", "b", "c"])
    send(store, 1, 11)
    for state_after in ("queued", "queued"):  # repeated once with a mark, then gone past
        deliveries.start(store, 1, 1, NOW)
        assert deliveries.unclear(store, 1, NOW, "reset") == state_after
    waiting = deliveries.following(store, CHAT, NOW)
    assert waiting is not None
    assert waiting.unclear == 0  # the next part is no repeat
    assert [part.payload for part in deliveries.parts(store, 1)] == ["c"]
    assert send(store, 1, 12) is True
    assert state(store, 1) == ("ambiguous", "unknown delivery status of part 2 of 3")


def test_the_last_part_that_stays_unclear_is_ambiguous(store: sqlite3.Connection) -> None:
    put(store, 2)
    deliveries.add_parts(store, 1, ["a", "b"])
    send(store, 1, 11)
    assert [deliveries.unclear(store, 1, NOW, "reset") for _ in range(2)] == ["queued", "ambiguous"]
    assert state(store, 1) == ("ambiguous", "reset")


def test_a_message_that_stays_unclear_is_retried_with_backoff(store: sqlite3.Connection) -> None:
    put(store, 0)
    for attempts in range(5):
        waiting = deliveries.following(store, CHAT, NOW)
        assert waiting is not None
        assert waiting.attempts == attempts
        assert deliveries.unclear(store, 1, 0, "reset") == "queued"


def test_messages_sent_to_a_group_before_it_moved_stay_in_the_old_one(store: sqlite3.Connection) -> None:
    rows = [row(number, lane=0) for number in (1, 2)]
    intake.accept(store, rows, to(intake.Recipient(-7)), NOW)
    for event in (1, 2):
        question_of = from_row(intake.event_row(store, event))
        ledger.open_decision(store, event, question(question_of), NOW, NOW)
        deliveries.add_parts(store, event, ['"signed for -7"'])
    send(store, 1, 5)
    card = ledger.add_card(store, 1, 1, 1, -7, "{}")
    ledger.card_sent(store, card, 5, "open", NOW)
    chats.migrate(store, 1, -7, -100_7)
    # In the new chat number 5 is another message: neither an edit nor a reply may find the card there.
    assert ledger.card_of_message(store, 1, -100_7, 5) is None
    assert deliveries.event_of_message(store, 1, -100_7, 5) is None
    assert deliveries.event_of_message(store, 1, -7, 5) is not None
    # The waiting question is rendered again: its buttons are signed for the old chat.
    assert deliveries.following(store, -7, NOW) is None
    assert deliveries.following(store, -100_7, NOW) is not None
    assert not deliveries.is_rendered(store, 2)


def test_a_message_in_flight_to_a_group_that_moves_waits_for_its_response(store: sqlite3.Connection) -> None:
    intake.accept(store, [row(1, lane=0)], to(intake.Recipient(-7)), NOW)
    ledger.open_decision(store, 1, question(from_row(intake.event_row(store, 1))), NOW, NOW)
    (part,) = deliveries.add_parts(store, 1, ['"signed for -7"'])
    deliveries.start(store, 1, 1, NOW)
    chats.migrate(store, 1, -7, -100_7)
    # The sender of the new chat begins, and takes nothing that another sender has in flight.
    assert deliveries.recover(store, -100_7) == 0
    assert deliveries.part_sent(store, part.part, 5, NOW), "it arrived before the move"


def test_a_refusal_that_names_the_new_chat_moves_the_message_in_flight_too(store: sqlite3.Connection) -> None:
    intake.accept(store, [row(1)], to(intake.Recipient(-7)), NOW)
    waiting = deliveries.following(store, -7, NOW)
    assert waiting is not None
    deliveries.start(store, 1, 1, NOW)
    chats.migrate(store, 1, -7, -100_7)
    failure.record(store, waiting, 1, None, classification.Moved(-100_7), NOW)
    found = deliveries.following(store, -100_7, NOW)
    assert found is not None
    assert (found.delivery, found.unclear) == (1, 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda store: deliveries.hold(store, 1, "muted"),
        lambda store: orders.drop(store, 1),
        lambda store: chats.migrate(store, 1, CHAT, -100_7),
        lambda store: reassign.reassign(store, {7}, {7}, 7),
        lambda store: digest.merge(
            store, digest.waiting(store, CHAT, None, 2), deliveries.enqueue(store, CHAT, ["both"], NOW)
        ),
        lambda store: store.execute("UPDATE deliveries SET times = 2 WHERE id = 1"),
    ],
    ids=["held", "dropped", "moved", "reassigned", "digested", "repeated"],
)
def test_a_delivery_that_changed_since_it_was_read_is_recognized(
    store: sqlite3.Connection, change: Callable[[sqlite3.Connection], object]
) -> None:
    put(store, 2)
    waiting = deliveries.following(store, CHAT, NOW)
    assert waiting is not None
    assert deliveries.is_unchanged(store, waiting)
    change(store)
    assert not deliveries.is_unchanged(store, waiting)


def test_the_queue_of_a_group_moves_with_it(store: sqlite3.Connection) -> None:
    intake.accept(store, [row(1)], to(intake.Recipient(-7)), NOW)
    chats.pause(store, 1, -7, NOW, 5_000_000)
    chats.migrate(store, 1, -7, -100_7)
    assert deliveries.waiting_chats(store) == [-100_7]
    assert chats.pauses(store, 1) == ((0, 0), {})


def test_the_event_behind_a_message_is_found(store: sqlite3.Connection) -> None:
    put(store, 2)
    send(store, 1, 77)
    assert deliveries.event_of_message(store, 1, CHAT, 77) == (1, "event-1", "event-1")
    assert deliveries.event_of_message(store, 1, CHAT, 78) is None
    assert deliveries.event_of_message(store, 1, CHAT + 1, 77) is None


def test_a_notice_can_be_changed_until_its_first_try(store: sqlite3.Connection) -> None:
    delivery = deliveries.enqueue(store, CHAT, ["one"], NOW, lane=1)
    assert deliveries.is_untouched(store, delivery)
    deliveries.replace_part(store, deliveries.parts(store, delivery)[0].part, "two")
    assert deliveries.parts(store, delivery)[0].payload == "two"
    deliveries.start(store, delivery, 1, NOW)
    assert not deliveries.is_untouched(store, delivery)
    assert deliveries.queue_by_lane(store) == {1: 1}


def test_the_queries_of_the_status_and_the_sender_scan_no_table(store: sqlite3.Connection) -> None:
    asked: list[str] = []
    store.set_trace_callback(asked.append)
    status.from_store(store)
    deliveries.count_pending(store, [5])
    deliveries.recover(store)
    deliveries.following(store, CHAT, NOW)
    deliveries.next_time(store, CHAT)
    deliveries.waiting_chats(store)
    ledger.stale_cards(store, 1, NOW, [5])
    ledger.has_stale_cards(store, 1, [5])
    store.set_trace_callback(None)
    for statement in asked:
        plan = [step for *_, step in store.execute(f"EXPLAIN QUERY PLAN {statement}")]
        scans = [step for step in plan if step.startswith("SCAN") and "INDEX" not in step]
        assert all("subquery" in step for step in scans), (statement, plan)


def test_what_waits_is_counted_by_lane_over_all_chats_with_the_oldest(store: sqlite3.Connection) -> None:
    assert deliveries.waiting_by_lane(store) == {}
    waiting = [(-5, 1, 30), (-5, 3, 10), (7, 1, 20), (7, 1, 40), (7, 2, 50), (9, 0, 60)]
    for chat_id, lane, at in waiting:
        deliveries.enqueue(store, chat_id, ["{}"], at, lane=lane)
    deliveries.enqueue(store, 7, ["{}"], 5, lane=1, held="muted")
    assert deliveries.waiting_by_lane(store) == {0: (1, 60), 1: (3, 20), 2: (1, 50), 3: (1, 10)}
