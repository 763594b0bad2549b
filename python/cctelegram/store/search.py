"""Search over events and answers.

The index has the events up to a mark; those after it are read one by one, newest first, so that a search is
complete however far the index is. `catch_up` moves the mark, a bounded step at a time: a search calls for it,
never the intake. Answers are few and are read one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cctelegram.store import lookup
from cctelegram.store.search_terms import LETTERS, Wanted

if TYPE_CHECKING:
    import sqlite3

# The type under which a search finds a person's message that answers no event.
MESSAGE: Final = "message"

EVENTS: Final = """
SELECT events.id, events.event_id, events.type, events.title, events.taken_at FROM {table}
WHERE {where} AND (:type IS NULL OR events.type = :type) AND events.taken_at >= :since
AND (:chat IS NULL OR EXISTS (SELECT 1 FROM deliveries WHERE event = events.id AND chat_id = :chat))
ORDER BY events.id DESC LIMIT :limit
"""
INDEXED: Final = EVENTS.format(
    table="search_text CROSS JOIN events ON events.id = search_text.rowid", where="search_text MATCH :match"
).replace("ORDER BY events.id", "ORDER BY search_text.rowid")
WORDS: Final = " AND ".join(f"(title LIKE :word{n} OR body LIKE :word{n})" for n in range(LETTERS))
# Plain ASCII text without the letters of the longest words is skipped without being read.
READ: Final = EVENTS.format(
    table="events",
    where=f"events.id > :after AND (:all OR (({WORDS} OR "  # noqa: S608 - constants
    "length(CAST(title AS BLOB)) != length(title) "
    "OR length(CAST(body AS BLOB)) != length(body) OR instr(body, '\\u')) "
    "AND found((SELECT title || char(10) || body FROM search_source WHERE id = events.id))))",
)
ANSWERS: Final = """
SELECT answers.event, answers.body, answers.created_at, events.event_id, events.type, events.title,
       events.taken_at
FROM answers LEFT JOIN events ON events.id = answers.event
WHERE found(coalesce(json_extract(answers.body, '$.option'), '') || char(10) ||
            coalesce(json_extract(answers.body, '$.text'), ''))
AND (:type IS NULL OR coalesce(events.type, 'message') = :type)
AND coalesce(events.taken_at, answers.created_at) >= :since
AND (:chat IS NULL OR json_extract(answers.body, '$.chat_id') = :chat)
ORDER BY answers.id DESC LIMIT :limit
"""
ANSWER_KEYS: Final = ("kind", "action", "option", "text", "first_name", "username", "user_id", "timestamp")


class Query(NamedTuple):
    """A search; `since` in us since the epoch, `chat_id` None for all chats."""

    text: str = ""
    type: str | None = None
    since: int = 0
    limit: int = 20
    chat_id: int | None = None


def search(connection: sqlite3.Connection, query: Query) -> list[dict[str, Any]]:
    """Return the hits, newest first; read only.

    Each hit has `event_id` (None for a message that answers no event), `at` (us: when it was taken),
    `type`, `title`, `snippet`, `state`, `reason`, `answer`, `chat_id`, `message_id`; of a member of a digest
    these are the digest's.
    """
    wanted = Wanted(query.text)
    connection.create_function("found", 1, wanted.found, deterministic=True)
    values = {
        "type": query.type,
        "since": query.since,
        "limit": query.limit,
        "chat": query.chat_id,
        "match": wanted.match,
        "all": not wanted,
        **{f"word{n}": f"%{wanted.letters[n]}%" if n < len(wanted.letters) else "%" for n in range(LETTERS)},
        "after": _mark(connection) if wanted.indexed else 0,
    }
    rows = connection.execute(READ, values).fetchall()
    if wanted.indexed and len(rows) < query.limit:
        rows += connection.execute(INDEXED, values).fetchall()
    found = {
        event: (taken_at, event, event_id, kind, title) for event, event_id, kind, title, taken_at in rows
    }
    messages: list[tuple[int, str]] = []
    for event, body, created_at, event_id, kind, title, taken_at in connection.execute(ANSWERS, values):
        if event is None:
            messages.append((created_at, body))
        else:
            found.setdefault(event, (taken_at, event, event_id, kind, title))
    hits = sorted([*found.values(), *messages], key=lambda hit: hit[0], reverse=True)[: query.limit]
    return [
        {
            "at": hit[0],
            **(
                _message(connection, wanted, hit[1])
                if len(hit) == 2
                else _event(connection, wanted, query, hit)
            ),
        }
        for hit in hits
    ]


def catch_up(connection: sqlite3.Connection, most: int) -> int:
    """Index at most `most` further events; return how many, 0 when all are indexed."""
    mark = _mark(connection)
    connection.execute(
        "INSERT INTO search_text (rowid, title, body) SELECT id, title, body FROM search_source "
        "WHERE id > ? ORDER BY id LIMIT ?",
        (mark, most),
    )
    (last, count) = connection.execute(
        "SELECT max(id), count(*) FROM (SELECT id FROM events WHERE id > ? ORDER BY id LIMIT ?)", (mark, most)
    ).fetchone()
    if count:
        connection.execute("UPDATE search_mark SET upto = ?", (last,))
    return int(count)


def _mark(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT upto FROM search_mark").fetchone()[0])


def _event(
    connection: sqlite3.Connection,
    wanted: Wanted,
    query: Query,
    hit: tuple[int, int, str, str, str],
) -> dict[str, Any]:
    _, event, event_id, kind, title = hit
    (body,) = connection.execute("SELECT body FROM search_source WHERE id = ?", (event,)).fetchone()
    found = lookup.delivery(connection, event_id) or {"state": "queued", "deliveries": []}
    deliveries = [one for one in found["deliveries"] if query.chat_id in (None, one["chat_id"])]
    shown = next((one for one in deliveries if one["message_ids"]), deliveries[0] if deliveries else {})
    answer = connection.execute(
        "SELECT body FROM answers WHERE event = ? ORDER BY id DESC LIMIT 1", (event,)
    ).fetchone()
    return {
        "event_id": event_id,
        "type": kind,
        "title": title,
        "snippet": wanted.snippet(body),
        "state": found["state"],
        "reason": shown.get("reason"),
        "answer": None if answer is None else _answer(connection, answer[0]),
        "chat_id": shown.get("chat_id"),
        "message_id": next(iter(shown.get("message_ids", ())), None),
        "digest": shown.get("digest"),
    }


def _message(connection: sqlite3.Connection, wanted: Wanted, body: str) -> dict[str, Any]:
    answer = _answer(connection, body)
    chat_id, message_id = connection.execute(
        "SELECT json_extract(?1, '$.chat_id'), json_extract(?1, '$.message_id')", (body,)
    ).fetchone()
    return {
        "event_id": None,
        "type": MESSAGE,
        "title": f"Message from {answer.get('first_name') or answer.get('user_id') or 'an unknown user'}",
        "snippet": wanted.snippet(str(answer.get("text") or "")),
        "state": "received",
        "reason": None,
        "answer": answer,
        "chat_id": chat_id,
        "message_id": message_id,
        "digest": None,
    }


def _answer(connection: sqlite3.Connection, body: str) -> dict[str, Any]:
    columns = ", ".join(f"json_extract(?1, '$.{key}')" for key in ANSWER_KEYS)
    row = connection.execute(f"SELECT {columns}", (body,)).fetchone()
    return {key: value for key, value in zip(ANSWER_KEYS, row, strict=True) if value is not None}
