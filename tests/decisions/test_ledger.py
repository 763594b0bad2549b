"""The ledger: the first answer wins, and expiry is reported truthfully."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.decisions import ledger, outcomes
from cctelegram.decisions.question import MAX_LABEL, MAX_OPTIONS, question
from cctelegram.events.event import from_row
from cctelegram.store import intake
from store.rows import NOW, memory, row, to

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

SECOND = 1_000_000
ANN = ledger.Responder(1001, "ann", "Ann", 1001, 70)
ALLOWED = (1001, 1002)
BOB = ledger.Responder(1002, None, "Bob", 1002, 71)


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    with closing(memory()) as opened:
        yield opened


def event(number: int = 1, **data: Any) -> tuple[Any, ...]:
    fields = {"type": "approval_request", "title": "Deploy?", "description": "To production", "data": data}
    return row(number, lane=0, fields=fields)


def ask(store: sqlite3.Connection, now: int = NOW + 1, **data: Any) -> ledger.Decision:
    number = store.execute("SELECT count(*) + 1 FROM events").fetchone()[0]
    (accepted,) = intake.accept(store, [event(number, **data)], to(intake.Recipient(1001)), now)
    asked = from_row(accepted.row)
    return ledger.open_decision(store, accepted.event, question(asked), asked.occurred_at, now)


def show(store: sqlite3.Connection, decision: ledger.Decision, at: int, message_id: int = 70) -> int:
    card = ledger.add_card(store, decision.id, decision.event, 1, 1001, "{}")
    ledger.card_sent(store, card, message_id, "open", at)
    return card


def test_r23_the_first_answer_wins_and_a_second_changes_nothing(store: sqlite3.Connection) -> None:
    decision = ask(store)
    first = ledger.answer(store, decision.id, ANN, NOW + SECOND, option=0)
    assert first is not None
    assert outcomes.action(first) == "approved"
    assert ledger.answer(store, decision.id, BOB, NOW + 2 * SECOND, option=1) is None
    assert ledger.cancel(store, decision.id, NOW) is None
    assert ledger.expire(store, decision, NOW) is None
    assert ledger.by_id(store, decision.id) == first


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, ("To production", ("Approve", "Deny"), None, None)),
        ({"approval_prompt": "rm -rf `x`"}, ("rm -rf `x`", ("Approve", "Deny"), None, None)),
        (
            {"options": ["A", "B", "C"], "default_on_timeout": "b"},
            ("To production", ("A", "B", "C"), None, 1),
        ),
        ({"options": "yes"}, ("To production", ("Approve", "Deny"), None, None)),
        ({"options": []}, ("To production", ("Approve", "Deny"), None, None)),
        ({"options": [1, {"a": 2}, " "]}, ("To production", ("1", '{"a":2}'), None, None)),
        ({"timeout_seconds": 90}, ("To production", ("Approve", "Deny"), 90, None)),
        ({"timeout_minutes": 2}, ("To production", ("Approve", "Deny"), 120, None)),
        ({"timeout_minutes": -2}, ("To production", ("Approve", "Deny"), None, None)),
        ({"timeout_minutes": "soon"}, ("To production", ("Approve", "Deny"), None, None)),
        ({"timeout_minutes": True}, ("To production", ("Approve", "Deny"), None, None)),
        ({"default_on_timeout": "denied"}, ("To production", ("Approve", "Deny"), None, 1)),
        ({"default_on_timeout": "maybe"}, ("To production", ("Approve", "Deny"), None, None)),
        ({"default_on_timeout": 1}, ("To production", ("Approve", "Deny"), None, None)),
    ],
)
def test_the_question_is_read_from_the_event(data: dict[str, Any], expected: tuple[Any, ...]) -> None:
    asked = question(from_row(event(**data)))
    seconds = None if asked.expires_at is None else (asked.expires_at - NOW - 1) / SECOND
    assert (asked.prompt, asked.options, seconds, asked.default_option) == expected


KEYS = [
    "options",
    "timeout_seconds",
    "timeout_minutes",
    "default_on_timeout",
    "approval_prompt",
    "allow_text",
]
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=12), max_leaves=20)


@given(st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_every_event_can_be_asked(data: dict[str, Any]) -> None:
    asked = question(from_row(event(**data)))
    assert 1 <= len(asked.options) <= MAX_OPTIONS
    assert all(1 <= len(label) <= MAX_LABEL for label in asked.options)
    assert asked.default_option is None or asked.default_option < len(asked.options)


@pytest.mark.parametrize(
    ("default", "shown_after", "applies"),
    [
        ("Deny", None, "Deny"),
        ("Deny", 50, "Deny"),
        ("Approve", None, None),
        ("Approve", 50, "Approve"),
        ("Approve", 51, None),
        (None, 1, None),
    ],
)
def test_a_default_that_approves_needs_half_of_the_time_on_the_phone(
    store: sqlite3.Connection, default: str | None, shown_after: int | None, applies: str | None
) -> None:
    decision = ask(store, timeout_seconds=100, default_on_timeout=default)
    if shown_after is not None:
        show(store, decision, decision.opened_at + shown_after * SECOND)
    assert decision.expires_at is not None
    assert ledger.due(store, decision.expires_at - 1) == []
    assert ledger.next_expiry(store) == decision.expires_at
    assert ledger.due(store, decision.expires_at) == [decision]
    gone = ledger.expire(store, decision, decision.expires_at)
    assert gone is not None
    delivered = ledger.delivered_at(store, decision.id) is not None
    answer = outcomes.answer(gone, "event-1", "task", answer_id="x", delivered=delivered)
    assert (answer["action"], answer.get("option"), answer["delivered"]) == (
        "expired",
        applies,
        shown_after is not None,
    )


def test_a_question_that_arrives_after_its_time_is_stored_as_expired(store: sqlite3.Connection) -> None:
    decision = ask(store, now=NOW + 11 * SECOND, timeout_seconds=10)
    assert decision.state == "expired"
    assert ledger.counts(store) == {"expired": 1}


@pytest.mark.parametrize(
    ("default", "applies"), [("Deny", 1), ("denied", 1), ("Approve", None), (None, None)]
)
def test_only_a_default_that_denies_applies_to_a_question_that_nobody_saw(
    store: sqlite3.Connection, default: str | None, applies: int | None
) -> None:
    decision = ask(store, NOW + 60 * SECOND, timeout_seconds=30, default_on_timeout=default)
    assert (decision.state, decision.option) == ("expired", applies)


def test_r28_a_tap_counts_only_in_a_message_that_is_a_card_of_the_decision(store: sqlite3.Connection) -> None:
    decision, other = ask(store), ask(store)
    show(store, decision, NOW, 70)
    assert ledger.card_at(store, 1, decision.id, 1001, 70, NOW) is not None
    assert ledger.card_at(store, 1, decision.id, 1001, 71, NOW) is None
    assert ledger.card_at(store, 1, decision.id, 1002, 70, NOW) is None
    assert ledger.card_at(store, 1, other.id, 1001, 70, NOW) is None


def test_a_tap_confirms_a_card_that_may_have_arrived(store: sqlite3.Connection) -> None:
    decision = ask(store)
    ledger.add_card(store, decision.id, decision.event, 1, 1001, "{}")
    assert ledger.delivered_at(store, decision.id) is None
    card = ledger.card_at(store, 1, decision.id, 1001, 70, NOW)
    assert card is not None
    assert card.message_id == 70
    assert ledger.delivered_at(store, decision.id) == NOW
    assert ledger.card_at(store, 1, decision.id, 1001, 71, NOW) is None


def test_cards_are_stale_until_they_show_the_outcome(store: sqlite3.Connection) -> None:
    decision = ask(store)
    card = show(store, decision, NOW)
    assert ledger.stale_cards(store, 1, NOW, ALLOWED) == []
    ledger.answer(store, decision.id, ANN, NOW, option=1)
    assert [item.card for item in ledger.stale_cards(store, 1, NOW, ALLOWED)] == [card]
    ledger.delay_card(store, card, NOW + 5)
    assert ledger.stale_cards(store, 1, NOW, ALLOWED) == []
    assert ledger.has_stale_cards(store, 1, ALLOWED)
    ledger.mark_card(store, card, "answered")
    assert ledger.stale_cards(store, 1, NOW + 5, ALLOWED) == []
    assert not ledger.has_stale_cards(store, 1, ALLOWED)


def test_a_card_of_a_person_who_was_removed_from_the_list_is_stale(store: sqlite3.Connection) -> None:
    decision = ask(store)
    card = show(store, decision, NOW)
    in_a_group = ledger.add_card(store, decision.id, decision.event, 1, -100, "{}")
    ledger.card_sent(store, in_a_group, 80, "open", NOW)
    for allowed in ((), (1002,)):
        assert [item.card for item in ledger.stale_cards(store, 1, NOW, allowed)] == [card]
        assert ledger.has_stale_cards(store, 1, allowed)
    assert ledger.stale_cards(store, 1, NOW, ALLOWED) == []
    ledger.mark_card(store, card, "withdrawn")
    assert ledger.stale_cards(store, 1, NOW, ()) == []


def test_the_answer_file_has_the_decision_the_person_and_the_time(store: sqlite3.Connection) -> None:
    decision = ask(store, awaited_by="session-1")
    closed = ledger.answer(store, decision.id, ANN, decision.opened_at + 1_500_000, option=1)
    assert closed is not None
    assert outcomes.answer(closed, "event-1", "task-1", answer_id="x", delivered=True) == {
        "id": "x",
        "kind": "decision",
        "event_id": "event-1",
        "task_id": "task-1",
        "action": "denied",
        "option": "Deny",
        "option_index": 1,
        "options": ["Approve", "Deny"],
        "awaited_by": "session-1",
        "user_id": 1001,
        "username": "ann",
        "first_name": "Ann",
        "chat_id": 1001,
        "message_id": 70,
        "timestamp": "2027-01-15T08:00:01.500001Z",
        "response_time_seconds": 1.5,
        "callback_data": "deny_task-1",
    }


def test_a_reply_in_words_has_the_outcome_answered_and_its_text(store: sqlite3.Connection) -> None:
    decision = ask(store, allow_text=True)
    closed = ledger.answer(store, decision.id, BOB, NOW, text="not today")
    assert closed is not None
    answer = outcomes.answer(closed, "e", "t", answer_id="x", delivered=True)
    assert (answer["action"], answer["text"], "option" in answer) == ("answered", "not today", False)


def test_the_card_shows_decision_person_and_time_in_the_persons_zone(store: sqlite3.Connection) -> None:
    zone = ZoneInfo("Europe/Berlin")
    closed = ledger.answer(store, ask(store).id, ANN, NOW, option=0)
    assert closed is not None
    assert outcomes.line(closed, zone) == "Approve\nAnn (@ann), 15 Jan 09:00 CET"
    words = ledger.answer(store, ask(store).id, BOB, NOW, text="later")
    assert words is not None
    assert outcomes.line(words, zone) == "later\nBob (1002), 15 Jan 09:00 CET"
    cancelled = ledger.cancel(store, ask(store).id, NOW)
    assert cancelled is not None
    assert outcomes.line(cancelled, zone) == "Cancelled by the requester\n15 Jan 09:00 CET"
    expiring = ask(store, timeout_seconds=5, default_on_timeout="Deny")
    gone = ledger.expire(store, expiring, NOW)
    assert gone is not None
    assert outcomes.line(gone, zone) == "Expired, the default applies: Deny\n15 Jan 09:00 CET"


def test_a_decision_is_found_by_the_code_of_its_buttons(store: sqlite3.Connection) -> None:
    decision = ask(store)
    assert ledger.by_code(store, decision.code) == decision
    assert ledger.by_code(store, "nothing") is None
    assert ledger.of_event(store, 99) is None


def test_a_card_that_did_not_arrive_is_deleted_and_one_that_did_is_kept(store: sqlite3.Connection) -> None:
    decision = ask(store)
    card = ledger.add_card(store, decision.id, decision.event, 1, 1001, "{}")
    ledger.drop_card(store, card)
    assert ledger.card_at(store, 1, decision.id, 1001, 70, NOW) is None
    kept = show(store, decision, NOW)
    ledger.drop_card(store, kept)
    found = ledger.card_of_message(store, 1, 1001, 70)
    assert found is not None
    assert found.card == kept
    assert ledger.card_of_message(store, 1, 1001, 71) is None
