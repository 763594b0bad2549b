"""The way of an event that was merged: it arrives with what it was merged into."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from cctelegram.otel import journeys
from cctelegram.store import intake
from store.rows import NOW, memory, row, to

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

CHAT = 42


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    """Three events whose deliveries have the numbers 1 to 3."""
    with closing(memory()) as opened:
        intake.accept(opened, [row(number) for number in (1, 2, 3)], to(intake.Recipient(CHAT)), NOW)
        yield opened


def merge(store: sqlite3.Connection, delivery: int, into: int) -> None:
    store.execute("UPDATE deliveries SET state = 'digested', merged_into = ? WHERE id = ?", (into, delivery))


def sent(store: sqlite3.Connection, delivery: int) -> None:
    store.execute(
        "UPDATE deliveries SET state = 'sent', sending_at = ?, sent_at = ? WHERE id = ?",
        (NOW + 5, NOW + 9, delivery),
    )
    store.execute(
        "INSERT INTO parts (delivery, position, message_id, sent_at) VALUES (?, 0, 777, ?)",
        (delivery, NOW + 9),
    )


def test_an_event_in_a_digest_arrives_with_the_digest(store: sqlite3.Connection) -> None:
    merge(store, 1, 2)
    merge(store, 2, 3)
    (journey,) = journeys.read(store, [1])
    assert not journey.finished
    sent(store, 3)
    (journey,) = journeys.read(store, [1])
    (delivery,) = journey.deliveries
    assert (delivery.number, delivery.message, delivery.state) == (1, 3, "sent")
    assert (delivery.sending_at, delivery.sent_at) == (NOW + 5, NOW + 9)
    assert delivery.parts == (journeys.Part(777, NOW + 9),)
    assert journey.finished
    assert not delivery.failed


def test_an_event_whose_digest_was_removed_is_finished_without_times(store: sqlite3.Connection) -> None:
    merge(store, 1, 999)
    (journey,) = journeys.read(store, [1])
    (delivery,) = journey.deliveries
    assert (delivery.state, delivery.sent_at, delivery.parts) == ("sent", None, ())
    assert journey.finished


def test_an_event_that_was_removed_has_no_journey(store: sqlite3.Connection) -> None:
    assert [each.event for each in journeys.read(store, [2, 999, 3])] == [2, 3]
