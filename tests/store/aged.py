"""A store with some history, and the pages of each of its rows, for tests of damage."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from cctelegram.decisions import ledger
from cctelegram.decisions.question import question
from cctelegram.events.event import from_row
from cctelegram.store import answers, chats, deliveries, facts, intake, updates
from owned import Store
from store.rows import NOW, row, to

if TYPE_CHECKING:
    from pathlib import Path

CHAT = 7_000_001
EVENTS = 400
Rows = dict[str, dict[int, tuple[Any, ...]]]


def make(path: Path) -> Rows:
    """Make a store of some hundred events in every state; return all of its rows."""
    store = Store(path)
    store.submit(_fill).result()
    store.close()
    return rows(path)


def _fill(connection: sqlite3.Connection) -> None:
    bot = chats.bot(connection, "https://api.telegram.org", 42)
    facts.put(connection, "card_key", b"k" * 32)
    facts.put(connection, "mode", b"local")
    chats.pause(connection, bot, CHAT, NOW, 5_000_000)
    for number in range(EVENTS):
        asks = number % 20 == 7
        fields: dict[str, Any] = {
            "type": "approval_request" if asks else "task_failed",
            "title": f"Event {number} é",
            # Every fiftieth is larger than a page.
            "description": "long " * (3000 if number % 50 == 3 else number % 40),
        }
        (taken,) = intake.accept(
            connection,
            [row(number, fields=fields, lane=0 if asks else 2)],
            to(intake.Recipient(CHAT)),
            NOW + number,
        )
        if asks:
            event = from_row(taken.row)
            ledger.open_decision(connection, taken.event, question(event), event.occurred_at, NOW)
        waiting = deliveries.following(connection, CHAT, NOW + EVENTS)
        assert waiting is not None
        if number < EVENTS - 20:
            _send(connection, waiting, bot, number)
        if number % 5 == 0:
            answers.add(connection, "message", taken.event, f"answer-{number}.json", '{"id": "a"}', NOW)
            body = json.dumps({"update_id": number, "message": {"text": f"Words {number}"}})
            updates.store(connection, bot, [(number, body)], NOW + number)
        if number % 10 == 0 and number < EVENTS - 50:
            for update in updates.unhandled(connection, bot):
                updates.handled(connection, update.row, NOW + number)
        updates.stranger(connection, number, NOW)
        intake.keep_positions(connection, [(b"%d.jsonl" % number, 1, number, 5, number)], [])


def _send(connection: sqlite3.Connection, waiting: deliveries.Waiting, bot: int, number: int) -> None:
    text = json.dumps({"text": f"Event {number}"})
    deliveries.add_parts(connection, waiting.delivery, [text, text])
    deliveries.start(connection, waiting.delivery, bot, NOW)
    assert waiting.event is not None
    decision = ledger.of_event(connection, waiting.event)
    if decision is not None:
        card = ledger.add_card(connection, decision.id, waiting.delivery, bot, CHAT, text)
        ledger.card_sent(connection, card, number, "open", NOW)
    for part in deliveries.parts(connection, waiting.delivery):
        deliveries.part_sent(connection, part.part, number * 2 + part.position + 1, NOW + number)


def rows(path: Path) -> Rows:
    """Return all rows of a store, by table and rowid."""
    connection = sqlite3.connect(path)
    names = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' "
        "AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'search%'"
    ).fetchall()
    found = {
        name: {found[0]: found[1:] for found in connection.execute(f"SELECT rowid, * FROM {name}")}
        for (name,) in names
    }
    connection.close()
    return found


def places(path: Path) -> dict[str, dict[int, set[int]]]:
    """Return the pages that contain each row and those that lead to it, from SQLite's `dbstat`.

    By table and rowid.

    The leaves of a tree, in the order of their paths, hold the rows in the order of their rowids.
    """
    connection = sqlite3.connect(path)
    found: dict[str, dict[int, set[int]]] = {}
    for name, there in rows(path).items():
        over: dict[tuple[str, int], set[int]] = defaultdict(set)
        leaves = []
        above = []
        for at, kind, page, count in connection.execute(
            "SELECT path, pagetype, pageno, ncell FROM dbstat WHERE name = ?", (name,)
        ):
            if kind == "overflow":
                leaf, _, cell = at.rpartition("/")
                over[leaf + "/", int(cell.partition("+")[0], 16)].add(page)
            elif kind == "leaf":
                leaves.append((at, page, count))
            else:
                above.append((at, page))
        numbers = iter(sorted(there))
        found[name] = {
            next(numbers): {page}
            | over[at if at.endswith("/") else at + "/", cell]
            | {page for higher, page in above if at.startswith(higher)}
            for at, page, count in sorted(leaves)
            for cell in range(count)
        }
        assert len(found[name]) == len(there)
    connection.close()
    return found
