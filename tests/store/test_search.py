"""Search: complete in any state of the index, and without a syntax."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.delivery import digest
from cctelegram.store import answers, deliveries, intake, search
from cctelegram.store.search import Query
from cctelegram.store.search_terms import Wanted
from store.rows import NOW, memory, row, to

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

CHAT = 1001


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    opened = memory(bot=False)
    yield opened
    opened.close()


def put(store: sqlite3.Connection, *events: dict[str, Any], first: int = 1, chat: int = CHAT) -> None:
    rows = [row(number, fields=fields) for number, fields in enumerate(events, start=first)]
    for number, one in enumerate(rows, start=first):
        intake.accept(store, [one], to(intake.Recipient(chat)), NOW + number)


def event(title: str, description: str = "", **data: Any) -> dict[str, Any]:
    return {"type": "info_notification", "title": title, "description": description, "data": data}


def found(store: sqlite3.Connection, text: str, **more: Any) -> list[str]:
    return [str(hit["event_id"]) for hit in search.search(store, Query(text, **more))]


def both(store: sqlite3.Connection, text: str, **more: Any) -> list[str]:
    """Search without the index and with it; both must find the same."""
    read = found(store, text, **more)
    while search.catch_up(store, 2):
        pass
    assert found(store, text, **more) == read
    store.execute("INSERT INTO search_text (search_text) VALUES ('integrity-check')")
    return read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("migration", [3, 1]),
        ("MIGRA", [3, 1]),
        ("gration", []),
        ("migration done", [1]),
        ("done migration", [1]),
        ("deja", [2]),
        ("DÉJÀ", [2]),
        ("feature/log", [2]),
        ("feature-log", [2]),
        ("linker", [3]),
        ("✅", [2]),
        ("✅ deja", [2]),
        ("部署", [3]),
        ("", [3, 2, 1]),
        ("nothing", []),
    ],
)
def test_words_are_found_by_their_beginning_with_and_without_the_index(
    store: sqlite3.Connection, text: str, expected: list[int]
) -> None:
    put(
        store,
        event("Migration done", "All *tables*"),
        event("Déjà vu ✅", branch_name="feature/login"),
        event("数据库部署完成", error_message="the linker broke", next="migrations"),
    )
    assert both(store, text) == [f"event-{number}" for number in expected]


@pytest.mark.parametrize(
    "text",
    [
        '"',
        '""',
        "*",
        "a AND",
        "NOT a",
        "title:x",
        "(",
        "a OR b)",
        "^a",
        "a*b",
        '"a" NEAR(',
        "{a}",
        "-a",
        "+",
        "'",
    ],
)
def test_fts_syntax_in_a_search_is_plain_text(store: sqlite3.Connection, text: str) -> None:
    put(store, event(f"here is {text} as written"), event("zzz"))
    assert both(store, text) == ["event-1"]


@pytest.mark.parametrize("text", ["\0", "a\0b", "\udcff", " \n ", "x " * 500])
def test_no_text_is_an_error(store: sqlite3.Connection, text: str) -> None:
    put(store, event("a b"))
    assert set(both(store, text)) <= {"event-1"}


WORDS = st.text("aAbBéÉöøß1 -_.,/\"*'()", max_size=12)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=6), WORDS, st.integers(0, 6))
def test_reading_and_the_index_find_the_same_events(
    events: list[tuple[str, str]], text: str, indexed: int
) -> None:
    store = memory(bot=False)
    put(store, *(event(f"T {title}", body) for title, body in events))
    search.catch_up(store, indexed)
    both(store, text)
    store.close()


def test_events_newer_than_the_index_are_found_too(store: sqlite3.Connection) -> None:
    put(store, *(event(f"deploy {number}") for number in range(1, 6)))
    assert search.catch_up(store, 3) == 3
    put(store, event("deploy 6"), first=6)
    assert found(store, "deploy") == [f"event-{number}" for number in (6, 5, 4, 3, 2, 1)]
    assert found(store, "deploy", limit=4) == [f"event-{number}" for number in (6, 5, 4, 3)]
    assert [search.catch_up(store, 2) for _ in range(3)] == [2, 1, 0]


def test_hits_can_be_limited_to_a_type_a_time_and_a_chat(store: sqlite3.Connection) -> None:
    put(store, event("one deploy"), {**event("two deploy"), "type": "build_failed"})
    put(store, event("three deploy"), first=3, chat=-7)
    assert both(store, "deploy", type="build_failed") == ["event-2"]
    assert both(store, "deploy", since=NOW + 2) == ["event-3", "event-2"]
    assert both(store, "deploy", chat_id=-7) == ["event-3"]
    assert both(store, "", type="build_failed") == ["event-2"]


def answer(store: sqlite3.Connection, event_row: int | None, name: str, **content: Any) -> None:
    kind = "message" if event_row is None else "decision"
    body = json.dumps({"kind": kind, "chat_id": CHAT, "message_id": 9, "first_name": "Ada", **content})
    answers.add(store, kind, event_row, name, body, NOW + 1000)


def test_an_event_is_found_by_its_answer_and_the_hit_has_it(store: sqlite3.Connection) -> None:
    put(store, event("Deploy?"), event("Other"))
    answer(store, 1, "a", action="answered", option="Later", text="after Friday")
    for text in ("fri", "later"):
        (hit,) = search.search(store, Query(text))
        assert hit["event_id"] == "event-1"
        assert (hit["answer"]["option"], hit["answer"]["text"]) == ("Later", "after Friday")


def test_text_that_a_person_wrote_unasked_is_found_as_a_message(store: sqlite3.Connection) -> None:
    answer(store, None, "a", text="please look at the logs")
    (hit,) = search.search(store, Query("logs"))
    assert (hit["event_id"], hit["type"], hit["title"]) == (None, "message", "Message from Ada")
    assert (hit["chat_id"], hit["message_id"], hit["snippet"]) == (CHAT, 9, "please look at the logs")
    assert len(search.search(store, Query("", type="message"))) == 1
    assert search.search(store, Query("logs", chat_id=-7)) == []


def test_an_event_in_a_digest_has_the_digests_message_id(store: sqlite3.Connection) -> None:
    put(store, event("One of many"))
    into = deliveries.enqueue(store, CHAT, ["digest"], NOW)
    digest.merge(store, digest.waiting(store, CHAT, None, 2), into)
    store.execute("INSERT INTO bots (api_base, bot_id) VALUES ('x', 5)")
    deliveries.start(store, into, 1, NOW)
    deliveries.part_sent(store, deliveries.parts(store, into)[0].part, 77, NOW)
    (hit,) = search.search(store, Query("many"))
    assert (hit["state"], hit["message_id"], hit["digest"]["delivery"]) == ("digested", 77, into)


def test_the_index_follows_events_that_change_or_are_removed(store: sqlite3.Connection) -> None:
    put(store, event("first apple"), event("second pear"), event("third plum"))
    search.catch_up(store, 2)
    store.execute("UPDATE events SET title = 'first cherry', body = '{}' WHERE id = 1")
    assert both(store, "apple") == []
    assert both(store, "cherry") == ["event-1"]
    for table in ("deliveries", "events"):
        store.execute(f"DELETE FROM {table}")
    assert both(store, "pear") == []
    put(store, event("again apple"))  # the row's number is used again
    assert both(store, "apple") == ["event-1"]


def test_a_body_that_is_not_json_is_searched_as_text(store: sqlite3.Connection) -> None:
    intake.accept(store, [row(1, body='{"half": "of someth', title="Odd")], to(intake.Recipient(CHAT)), NOW)
    assert both(store, "someth") == ["event-1"]


def test_a_snippet_has_the_words_around_the_hit() -> None:
    text = " ".join(f"w{number}" for number in range(100))
    cut = Wanted("w50").snippet(text)
    assert cut.startswith("… w42 ")
    assert "w50" in cut
    assert cut.endswith(" …")
    assert Wanted("absent").snippet("short\nlines") == "short lines"
