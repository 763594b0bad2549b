"""Waiting deliveries when recipients change: never lost, never sent to a removed recipient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from cctelegram.delivery import digest
from cctelegram.store import deliveries, intake
from cctelegram.store.reassign import REASSIGNED, ask_the_owner, reassign
from store.rows import NOW, memory, row, to

if TYPE_CHECKING:
    import sqlite3

OWNER, OTHER, GROUP = 1001, 2002, -3003


def rows(store: sqlite3.Connection) -> list[tuple[int, int | None, str, int | None]]:
    return store.execute("SELECT event, chat_id, state, merged_into FROM deliveries ORDER BY id").fetchall()


def take(store: sqlite3.Connection, *chats: int, number: int = 1) -> None:
    intake.accept(store, [row(number)], to(*(intake.Recipient(chat) for chat in chats)), NOW)


def test_the_owners_message_covers_what_the_owner_has_and_the_rest_is_reassigned_to_the_owner() -> None:
    store = memory()
    take(store, OWNER, GROUP)
    take(store, OTHER, number=2)
    assert reassign(store, {OWNER}, {OWNER}, OWNER) == 2
    assert rows(store) == [(1, OWNER, "queued", None), (1, GROUP, "digested", 1), (2, OWNER, "queued", None)]
    assert store.execute("SELECT reason FROM deliveries WHERE id = 2").fetchone() == (REASSIGNED,)
    assert reassign(store, {OWNER}, {OWNER}, OWNER) == 0
    store.close()


def test_a_digest_for_a_removed_recipient_is_split_into_its_events() -> None:
    store = memory()
    take(store, GROUP)
    take(store, OWNER, GROUP, number=2)
    into = deliveries.enqueue(store, GROUP, ["both"], NOW)
    digest.merge(store, digest.waiting(store, GROUP, None, 2), into)
    assert reassign(store, {OWNER}, {OWNER}, OWNER) == 2
    assert rows(store) == [(1, OWNER, "queued", None), (2, OWNER, "queued", None), (2, GROUP, "digested", 2)]
    store.close()


def test_notices_to_a_group_are_still_sent_and_those_to_a_removed_person_are_dead() -> None:
    store = memory()
    for chat in (GROUP, OTHER, 666):
        deliveries.enqueue(store, chat, ["words"], NOW)
    reassign(store, {OWNER}, {OWNER, OTHER}, OWNER)
    assert [(chat, state) for _, chat, state, _ in rows(store)] == [
        (GROUP, "queued"),
        (OTHER, "queued"),
        (666, "dead"),
    ]
    store.close()


def test_an_open_question_that_the_owner_was_never_asked_is_asked_once() -> None:
    store = memory()
    intake.accept(store, [row(1, lane=0, type="approval_request")], to(intake.Recipient(OTHER)), NOW)
    store.execute(
        "INSERT INTO decisions (event, code, prompt, options, default_pair, allow_text, opened_at, state) "
        "VALUES (1, 'c', 'p', '[]', 1, 0, 0, 'open')"
    )
    store.execute("UPDATE deliveries SET state = 'sent'")
    assert ask_the_owner(store, OWNER, NOW, None) == 1
    assert rows(store) == [(1, OTHER, "sent", None), (1, OWNER, "queued", None)]
    assert ask_the_owner(store, OWNER, NOW, None) == 0
    store.close()


chats = st.sampled_from([OWNER, OTHER, GROUP, 666, -777])
states = st.sampled_from(["queued", "held", "sent", "dead", "ambiguous", "sending"])


@settings(deadline=None)  # each example has a new store
@given(
    events=st.lists(st.dictionaries(chats, states, min_size=1), max_size=8),
    served=st.sets(chats),
)
def test_after_reassignment_every_waiting_event_has_a_current_recipient(
    events: list[dict[int, str]], served: set[int]
) -> None:
    store = memory()
    for number, places in enumerate(events, start=1):
        take(store, *places, number=number)
        for chat, state in places.items():
            store.execute(
                "UPDATE deliveries SET state = ? WHERE event = ? AND chat_id = ?", (state, number, chat)
            )
    reassign(store, served, {OWNER}, OWNER)
    after = rows(store)
    places_now = {chat for _, chat, state, _ in after if state in ("queued", "held")}
    assert places_now <= {*served, OWNER}
    for number, places in enumerate(events, start=1):
        if any(state in ("queued", "held") for state in places.values()):
            mine = [(chat, state) for event, chat, state, _ in after if event == number]
            assert any(chat in {*served, OWNER} and state != "dead" for chat, state in mine)
    store.close()
