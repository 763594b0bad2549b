"""Operator actions: retry and drop; what is listed and shown of a delivery."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.delivery import digest
from cctelegram.store import chats, deliveries, intake, lookup, outbox, schema
from cctelegram.store import operator_actions as orders
from owned import connect
from store.rows import NOW, memory, row, to

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

CHAT = 1001


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    with closing(memory()) as opened:
        yield opened


def put(store: sqlite3.Connection, *lanes: int, **more: Any) -> None:
    rows = [row(number, lane=lane, **more) for number, lane in enumerate(lanes, start=1)]
    intake.accept(store, rows, to(intake.Recipient(CHAT)), NOW)


def state(store: sqlite3.Connection, delivery: int) -> tuple[str, str | None]:
    found: tuple[str, str | None] = store.execute(
        "SELECT state, reason FROM deliveries WHERE id = ?", (delivery,)
    ).fetchone()
    return found


def arrive(store: sqlite3.Connection, delivery: int, message_id: int) -> deliveries.Part:
    """Send the next part; return it as sent."""
    assert deliveries.start(store, delivery, 1, NOW)
    part = deliveries.parts(store, delivery, 1)[0]
    deliveries.part_sent(store, part.part, message_id, NOW)
    return part


def pass_over(store: sqlite3.Connection, delivery: int) -> None:
    """Make the outcome of the next part unknown twice, so that it is skipped."""
    for _ in range(2):
        assert deliveries.start(store, delivery, 1, NOW)
        deliveries.unclear(store, delivery, NOW, "reset")


def test_a_retried_dead_delivery_is_sent_in_its_old_place(store: sqlite3.Connection) -> None:
    put(store, 2, 2)
    deliveries.dead(store, 1, "message is too long")
    assert orders.retry(store, 1) == "dead"
    assert state(store, 1) == ("queued", orders.ORDERED)
    waiting = deliveries.following(store, CHAT, NOW)
    assert waiting is not None
    assert (waiting.delivery, waiting.attempts, waiting.unclear) == (1, 0, 0)


def test_a_retry_sends_only_the_missing_parts_each_with_its_mark(store: sqlite3.Connection) -> None:
    put(store, 2)
    deliveries.add_parts(store, 1, ["a", "b", "c", "d"])
    pass_over(store, 1)
    arrive(store, 1, 12)
    pass_over(store, 1)
    arrive(store, 1, 14)
    assert state(store, 1) == ("ambiguous", "unknown delivery status of part 1, 3 of 4")
    assert orders.retry(store, 1) == "ambiguous"
    first, second = arrive(store, 1, 15), arrive(store, 1, 16)
    assert [(one.payload, one.unclear) for one in (first, second)] == [("a", 1), ("c", 1)]
    assert state(store, 1) == ("sent", None)
    assert outbox.shown(store, 1)["cursor"] is None


def test_a_part_that_was_sent_before_the_delivery_died_is_not_sent_again(store: sqlite3.Connection) -> None:
    put(store, 2)
    deliveries.add_parts(store, 1, ["a", "b"])
    arrive(store, 1, 11)
    deliveries.start(store, 1, 1, NOW)
    deliveries.dead(store, 1, "refused")
    orders.retry(store, 1)
    part = arrive(store, 1, 12)
    assert (part.payload, part.unclear) == ("b", 0)
    assert state(store, 1) == ("sent", None)


def test_a_delivery_that_died_on_a_marked_repeat_keeps_its_mark(store: sqlite3.Connection) -> None:
    put(store, 2)
    deliveries.add_parts(store, 1, ["a"])
    deliveries.start(store, 1, 1, NOW)
    deliveries.unclear(store, 1, NOW, "reset")
    deliveries.start(store, 1, 1, NOW)
    deliveries.dead(store, 1, "refused")
    orders.retry(store, 1)
    assert deliveries.parts(store, 1)[0].unclear == 1


def test_a_lost_response_after_a_retry_is_repeated_once_more(store: sqlite3.Connection) -> None:
    put(store, 2)
    deliveries.add_parts(store, 1, ["a"])
    pass_over(store, 1)
    orders.retry(store, 1)
    deliveries.start(store, 1, 1, NOW)
    assert deliveries.unclear(store, 1, NOW, "reset") == "queued"
    deliveries.start(store, 1, 1, NOW)
    assert deliveries.unclear(store, 1, NOW, "reset") == "ambiguous"


def test_a_held_delivery_is_released_and_the_backoff_of_a_queued_one_ends(
    store: sqlite3.Connection,
) -> None:
    put(store, 2, 2)
    digest.hold_queued(store, "muted")
    assert orders.retry(store, 1) == "held"
    assert state(store, 1) == ("queued", orders.ORDERED)
    orders.retry(store, 2)
    deliveries.back(store, 2, NOW + 9, "502")
    assert orders.retry(store, 2) == "queued"
    assert deliveries.next_time(store, CHAT) == 0
    assert state(store, 2) == ("queued", "502")


def test_an_operator_action_remains_in_force_after_failed_attempts(
    store: sqlite3.Connection,
) -> None:
    put(store, 2, 2)
    digest.hold_queued(store, "muted")
    assert not orders.is_ordered(store, 1)
    orders.retry(store, 1)
    deliveries.start(store, 1, 1, NOW)
    deliveries.back(store, 1, NOW, "502")
    deliveries.add_parts(store, 1, ["a"])
    deliveries.start(store, 1, 1, NOW)
    assert deliveries.unclear(store, 1, NOW, "reset") == "queued"
    assert orders.is_ordered(store, 1)
    assert not orders.is_ordered(store, 2)
    assert not orders.is_ordered(store, 9)


def test_a_delivery_without_a_recipient_cannot_be_retried(store: sqlite3.Connection) -> None:
    intake.accept(store, [row(1)], to(intake.Recipient(None)), NOW)
    with pytest.raises(orders.Impossible, match=r"telegram\.allowed_users"):
        orders.retry(store, 1)
    assert orders.drop(store, 1) == "held"


@pytest.mark.parametrize("order", [orders.retry, orders.drop])
def test_deliveries_in_flight_sent_or_digested_accept_no_operator_action(
    store: sqlite3.Connection, order: Any
) -> None:
    put(store, 2, 2, 2)
    deliveries.add_parts(store, 1, ["a"])
    deliveries.start(store, 1, 1, NOW)
    deliveries.add_parts(store, 2, ["b"])
    arrive(store, 2, 7)
    into = deliveries.enqueue(store, CHAT, ["digest"], NOW)
    digest.merge(store, digest.waiting(store, CHAT, None, 2), into)
    for delivery, says in ((1, "try again in a few seconds"), (2, "on the phone"), (3, f"delivery {into}")):
        before = state(store, delivery)
        with pytest.raises(orders.Impossible, match=says):
            order(store, delivery)
        assert state(store, delivery) == before


def test_a_dropped_delivery_is_dead_keeps_its_previous_reason_and_is_not_retried_with_all_dead(
    store: sqlite3.Connection,
) -> None:
    put(store, 2, 2, 2)
    deliveries.dead(store, 2, "too long")
    deliveries.dead(store, 3, "too long")
    assert [orders.drop(store, number) for number in (1, 2, 2)] == ["queued", "dead", "dead"]
    assert state(store, 1) == ("dead", "dropped by the operator")
    assert state(store, 2) == ("dead", "dropped by the operator; before: too long")
    assert orders.dead(store) == [3]
    assert deliveries.following(store, CHAT, NOW) is None


def test_a_sender_that_read_before_the_drop_does_not_send(store: sqlite3.Connection) -> None:
    put(store, 2)
    waiting = deliveries.following(store, CHAT, NOW)
    assert waiting is not None
    orders.drop(store, waiting.delivery)
    assert deliveries.start(store, waiting.delivery, 1, NOW) is False
    assert state(store, 1)[0] == "dead"


def test_dead_and_dropped_deliveries_never_block_a_lane(store: sqlite3.Connection) -> None:
    put(store, *([0, 1, 2, 3] * 3))
    for number in range(1, 5):
        deliveries.dead(store, number, "refused")
    for number in range(5, 9):
        orders.drop(store, number)
    going = []
    while (waiting := deliveries.following(store, CHAT, NOW)) is not None:
        deliveries.add_parts(store, waiting.delivery, ["x"])
        going.append(waiting.delivery)
        arrive(store, waiting.delivery, waiting.delivery)
    assert going == [9, 10, 11, 12]


def test_a_question_is_abandoned_when_none_of_its_deliveries_can_be_answered(
    store: sqlite3.Connection,
) -> None:
    intake.accept(store, [row(1, lane=0)], to(intake.Recipient(CHAT), intake.Recipient(-7)), NOW)
    orders.drop(store, 1)
    assert orders.dead_event(store, 1) is None
    orders.drop(store, 2)
    assert orders.dead_event(store, 2) == 1
    notice = deliveries.enqueue(store, CHAT, ["n"], NOW)
    orders.drop(store, notice)
    assert orders.dead_event(store, notice) is None


def test_a_number_that_is_also_an_event_id_is_ambiguous(store: sqlite3.Connection) -> None:
    rows = [row(1, event_id="first"), row(2, event_id="1"), row(3, event_id="3"), row(4, event_id="event:x")]
    intake.accept(store, rows, to(intake.Recipient(CHAT)), NOW)
    with pytest.raises(orders.Impossible, match="delivery:1 or event:1"):
        orders.named(store, "1")
    assert orders.named(store, "delivery:1") == [1]
    assert orders.named(store, "event:1") == [2]
    assert orders.named(store, "3") == [3]  # both are the same
    assert orders.named(store, "2") == [2]
    assert orders.named(store, "event:x") == [4]
    for unknown in ("17", "nothing", "delivery:first", "²", "9" * 30, ""):
        with pytest.raises(orders.Impossible, match="no delivery"):
            orders.named(store, unknown)


def test_an_operator_action_that_a_crash_interrupts_has_no_effect(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    for order in (orders.retry, orders.drop):
        connection = connect(path)
        schema.migrate(connection, path)
        if not connection.execute("SELECT 1 FROM bots").fetchone():
            chats.bot(connection, "http://127.0.0.1:1", 5)
            put(connection, 2)
            deliveries.add_parts(connection, 1, ["a", "b"])
            pass_over(connection, 1)
            arrive(connection, 1, 7)
        before = list(connection.iterdump())
        connection.execute("BEGIN IMMEDIATE")
        assert order(connection, 1) == "ambiguous"
        connection.close()  # as a killed process leaves it
        again = connect(path)
        assert list(again.iterdump()) == before
        again.close()


def test_the_list_has_unfinished_deliveries_newest_first_and_counts_the_rest(
    store: sqlite3.Connection,
) -> None:
    put(store, 2, 2, 2, 2)
    deliveries.add_parts(store, 1, ["a"])
    arrive(store, 1, 7)
    deliveries.dead(store, 2, "refused")
    notice = deliveries.enqueue(store, -7, ['{"text":{"text":"A file\\ncould not"}}'], NOW)
    told = outbox.listed(store, [], None, 2)
    assert told["total"] == 4
    assert [(one["delivery"], one["title"]) for one in told["deliveries"]] == [
        (notice, "A file"),
        (4, "Event 4"),
    ]
    assert [one["delivery"] for one in outbox.listed(store, ["sent"], None, 9)["deliveries"]] == [1]
    assert [one["delivery"] for one in outbox.listed(store, [], -7, 9)["deliveries"]] == [notice]
    dead = outbox.listed(store, ["dead"], CHAT, 9)["deliveries"][0]
    assert (dead["reason"], dead["event_id"], dead["lane"]) == ("refused", "event-2", 2)


def test_a_delivery_is_shown_with_its_cursor_its_digest_and_its_history(store: sqlite3.Connection) -> None:
    put(store, 2, 2, 2)
    deliveries.add_parts(store, 1, ["a", "b", "c"])
    pass_over(store, 1)
    arrive(store, 1, 12)
    shown = outbox.shown(store, 1)
    assert [(part["state"], part["message_id"]) for part in shown["parts"]] == [
        ("unclear", None),
        ("sent", 12),
        ("to be sent", None),
    ]
    assert shown["cursor"] == 2
    into = deliveries.enqueue(store, CHAT, ["digest"], NOW + 50)
    digest.merge(store, digest.waiting(store, CHAT, None, 2), into)
    arrive(store, into, 40)
    whole = outbox.shown(store, into)
    assert whole["title"] == "digest of 2 events"
    assert [member["event_id"] for member in whole["members"]] == ["event-2", "event-3"]
    member = outbox.shown(store, 2)
    assert member["merged_into"] == into
    assert f"merged into delivery {into}" in [step["step"] for step in member["way"]]
    assert [step["at"] for step in member["way"]] == sorted(step["at"] for step in member["way"])
    with pytest.raises(KeyError):
        outbox.shown(store, 99)


def test_an_event_in_a_digest_is_followed_to_the_digests_message(store: sqlite3.Connection) -> None:
    put(store, 2, 2)
    into = deliveries.enqueue(store, CHAT, ["digest", "its end"], NOW)
    digest.merge(store, digest.waiting(store, CHAT, None, 2), into)
    found = lookup.delivery(store, "event-1")
    assert found is not None
    assert found["deliveries"][0]["message_ids"] == []
    arrive(store, into, 40)
    arrive(store, into, 41)
    found = lookup.delivery(store, "event-1")
    assert found is not None
    (one,) = found["deliveries"]
    assert (one["state"], one["message_ids"], one["sent_at"]) == ("digested", [40, 41], NOW)
    assert one["digest"] == {"delivery": into, "state": "sent", "reason": None, "message_ids": [40, 41]}


def test_a_chain_of_digested_deliveries_is_followed_to_the_end(
    store: sqlite3.Connection,
) -> None:
    put(store, 3, 3)
    store.execute("UPDATE deliveries SET state = 'digested', merged_into = 2 WHERE id = 1")
    into = deliveries.enqueue(store, CHAT, ["digest"], NOW, lane=3)
    digest.merge(store, digest.waiting(store, CHAT, None, 3), into)
    deliveries.dead(store, into, "refused")
    found = lookup.delivery(store, "event-1")
    assert found is not None
    told = found["deliveries"][0]["digest"]
    assert (told["delivery"], told["state"], told["reason"]) == (into, "dead", "refused")


def test_a_mute_does_not_hold_deliveries_that_an_operator_retried(store: sqlite3.Connection) -> None:
    put(store, 1, 2)
    digest.hold_queued(store, "muted")
    assert orders.retry(store, 1) == "held"
    digest.hold_queued(store, "muted")
    assert state(store, 1) == ("queued", orders.ORDERED)
    assert state(store, 2) == ("held", "muted")
