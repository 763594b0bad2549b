"""The states of deliveries against a model of the phone, with crashes between any two steps.

The store is a real file; a crash closes it without its open transaction, as a killed process does. The phone
is a list of what arrived, which the bridge does not see.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cctelegram.store import chats, deliveries, intake, schema
from owned import connect
from store.rows import NOW, row, to

if TYPE_CHECKING:
    import sqlite3

CHATS = (1001, -7)
# The most parts of a message here; a part is known on the phone by its text.
MOST_PARTS = 3


class Arrived(NamedTuple):
    """A message on the phone."""

    chat: int
    payload: str
    marked: bool


class Flight(NamedTuple):
    """A request that left."""

    delivery: int
    part: int
    chat: int
    payload: str
    marked: bool


class Deliveries(RuleBasedStateMachine):
    """The steps of the bridge on the store, in every possible order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store: sqlite3.Connection
        self.accepted = 0
        self.phone: list[Arrived] = []
        self.flights: dict[int, Flight] = {}
        self.crashes = 0
        self.unclear = 0
        self.cursors: dict[int, int] = {}

    @initialize()
    def begin(self) -> None:
        self._open()
        self._commit()
        self.store.execute("BEGIN IMMEDIATE")
        chats.bot(self.store, "http://127.0.0.1:1", 5)
        self._commit()

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self._check_the_end()
            self.store.close()
        shutil.rmtree(self.folder)

    # What the bridge does.

    @rule(count=st.integers(1, 3), lane=st.integers(0, 3), durable=st.booleans())
    def events_are_taken(self, count: int, lane: int, durable: bool) -> None:
        rows = [row(self.accepted + number, lane=lane) for number in range(1, count + 1)]
        recipients = to(*(intake.Recipient(chat) for chat in CHATS))
        self.store.execute("BEGIN IMMEDIATE")
        intake.accept(self.store, rows, recipients, NOW)
        if not durable:
            self.crash()
            self.store.execute("BEGIN IMMEDIATE")
            # The files are there still: they are read again.
            intake.accept(self.store, rows, recipients, NOW)
        self._commit()
        self.accepted += count

    @rule(number=st.integers(1, 50))
    def files_are_read_again_after_a_crash(self, number: int) -> None:
        if number <= self.accepted:
            self.store.execute("BEGIN IMMEDIATE")
            assert intake.accept(self.store, [row(number)], to(intake.Recipient(CHATS[0])), NOW) == []
            self._commit()

    @rule(chat=st.sampled_from(CHATS), parts=st.integers(1, MOST_PARTS), durable=st.booleans())
    def a_message_leaves(self, chat: int, parts: int, durable: bool) -> None:
        if chat in self.flights:
            return  # one in flight a chat
        waiting = deliveries.following(self.store, chat, NOW)
        if waiting is None:
            return
        self.store.execute("BEGIN IMMEDIATE")
        if not deliveries.is_rendered(self.store, waiting.delivery):
            texts = [f"{chat} event {waiting.event} part {part}" for part in range(parts)]
            deliveries.add_parts(self.store, waiting.delivery, texts)
        part = deliveries.parts(self.store, waiting.delivery)[0]
        deliveries.start(self.store, waiting.delivery, 1, NOW)
        if not durable:
            self.crash()
            return
        self._commit()
        marked = waiting.unclear > 0
        self.flights[chat] = Flight(waiting.delivery, part.part, chat, part.payload, marked)

    @precondition(lambda self: self.flights)
    @rule(chat=st.sampled_from(CHATS), durable=st.booleans())
    def it_arrives_and_is_noted(self, chat: int, durable: bool) -> None:
        flight = self._land(chat, arrives=True)
        if flight is None:
            return
        self.store.execute("BEGIN IMMEDIATE")
        deliveries.part_sent(self.store, flight.part, len(self.phone), NOW)
        if durable:
            self._commit()
        else:
            self.crash()

    @precondition(lambda self: self.flights)
    @rule(chat=st.sampled_from(CHATS), durable=st.booleans())
    def it_is_refused_for_now(self, chat: int, durable: bool) -> None:
        flight = self._land(chat, arrives=False)
        if flight is None:
            return
        self.store.execute("BEGIN IMMEDIATE")
        deliveries.back(self.store, flight.delivery, 0, "500")
        if durable:
            self._commit()
        else:
            self.crash()

    @precondition(lambda self: self.flights)
    @rule(
        chat=st.sampled_from(CHATS),
        arrives=st.booleans(),
        durable=st.booleans(),
        until_clear=st.booleans(),
    )
    def its_answer_is_lost(self, chat: int, arrives: bool, durable: bool, until_clear: bool) -> None:
        flight = self._land(chat, arrives=arrives)
        if flight is None:
            return
        self.store.execute("BEGIN IMMEDIATE")
        state = deliveries.unclear(self.store, flight.delivery, 0, "reset", until_clear=until_clear)
        assert state == "queued" or not until_clear
        if durable:
            self._commit()
            self.unclear += 1
        else:
            self.crash()

    @precondition(lambda self: self.flights)
    @rule(chat=st.sampled_from(CHATS), durable=st.booleans())
    def it_is_refused_for_good(self, chat: int, durable: bool) -> None:
        flight = self._land(chat, arrives=False)
        if flight is None:
            return
        self.store.execute("BEGIN IMMEDIATE")
        deliveries.dead(self.store, flight.delivery, "400")
        if durable:
            self._commit()
        else:
            self.crash()

    @rule(arrive=st.lists(st.sampled_from(CHATS), max_size=2))
    def the_bridge_is_killed(self, arrive: list[int]) -> None:
        for chat in arrive:
            self._land(chat, arrives=True)  # it was accepted, and the response is lost
        self.crash()

    @rule(chat=st.sampled_from(CHATS))
    def the_sender_of_a_chat_begins_again_after_a_fault(self, chat: int) -> None:
        left = chat in self.flights
        self.flights.pop(chat, None)
        self.store.execute("BEGIN IMMEDIATE")
        assert deliveries.recover(self.store, chat) == left
        self._commit()
        self.crashes += left

    # What must hold.

    @invariant()
    def the_cursor_never_goes_back(self) -> None:
        if not hasattr(self, "store"):
            return
        found = self.store.execute(
            "SELECT delivery, count(message_id) FROM parts GROUP BY delivery"
        ).fetchall()
        for delivery, sent in found:
            assert sent >= self.cursors.get(delivery, 0)
            self.cursors[delivery] = sent

    @invariant()
    def nothing_is_lost_and_what_is_sent_is_on_the_phone(self) -> None:
        if not hasattr(self, "store"):
            return
        count = "SELECT count(*), count(DISTINCT event) FROM deliveries"
        assert self.store.execute(count).fetchone() == (self.accepted * len(CHATS), self.accepted)
        on_the_phone = {arrived.payload for arrived in self.phone}
        rows = self.store.execute(
            "SELECT chat_id, event, position FROM parts JOIN deliveries ON deliveries.id = parts.delivery "
            "WHERE message_id IS NOT NULL"
        ).fetchall()
        for chat, event, position in rows:
            assert f"{chat} event {event} part {position}" in on_the_phone
        unfinished = "SELECT count(*) FROM deliveries JOIN parts ON parts.delivery = deliveries.id WHERE "
        unfinished += "state = 'sent' AND message_id IS NULL"
        assert self.store.execute(unfinished).fetchone() == (0,)

    @invariant()
    def what_is_sending_is_in_flight(self) -> None:
        if hasattr(self, "store"):
            sending = self.store.execute("SELECT id FROM deliveries WHERE state = 'sending'").fetchall()
            assert {delivery for (delivery,) in sending} == {one.delivery for one in self.flights.values()}

    @invariant()
    def every_repeat_carries_its_mark_and_has_a_cause(self) -> None:
        repeats = 0
        for chat in CHATS:
            seen: set[str] = set()
            for arrived in self.phone:
                if arrived.chat == chat:
                    assert arrived.marked or arrived.payload not in seen
                    repeats += arrived.payload in seen
                    seen.add(arrived.payload)
        assert repeats <= self.crashes * len(CHATS) + self.unclear

    def _check_the_end(self) -> None:
        """Send everything that is left: it is on the phone, or visibly dead or ambiguous."""
        self.crash()
        for chat in CHATS:
            while deliveries.following(self.store, chat, NOW):
                self.a_message_leaves(chat, 1, durable=True)
                self.it_arrives_and_is_noted(chat, durable=True)
        self.every_repeat_carries_its_mark_and_has_a_cause()
        on_the_phone = {arrived.payload for arrived in self.phone}
        for event in range(1, self.accepted + 1):
            for chat in CHATS:
                state, reason = self.store.execute(
                    "SELECT state, reason FROM deliveries WHERE event = ? AND chat_id = ?", (event, chat)
                ).fetchone()
                assert state in ("sent", "dead", "ambiguous")
                assert state == "sent" or reason
                assert state != "sent" or f"{chat} event {event} part 0" in on_the_phone

    def crash(self) -> None:
        """Lose the open transaction and every request in flight; start again."""
        self.crashes += 1
        self.flights.clear()
        self.store.close()
        self._open()

    def _open(self) -> None:
        self.store = connect(self.folder / "store.db")
        # The disk's own promise is SQLite's; here the order of the steps is tried, thousands of times.
        self.store.execute("PRAGMA synchronous = OFF")
        schema.migrate(self.store, self.folder / "store.db")
        self.store.execute("BEGIN IMMEDIATE")
        deliveries.recover(self.store)
        self._commit()

    def _commit(self) -> None:
        if self.store.in_transaction:
            self.store.execute("COMMIT")

    def _land(self, chat: int, *, arrives: bool) -> Flight | None:
        flight = self.flights.pop(chat, None)
        if flight is not None and arrives:
            self.phone.append(Arrived(chat, flight.payload, flight.marked))
        return flight


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
