"""The reconciliation after crashes: every event by its id, every copy of every message, every answer."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cctelegram.decisions.verify import verify
from cctelegram.render.repeated import MARK
from cctelegram.store.connection import connect_reader
from crash.traffic import WORDS, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

WHOLE: Final = "Full event: "
TAG: Final = re.compile(r"\b[a-z]+\d{5}x")


@dataclass
class Account:
    """The result of the reconciliation. The lists must be empty."""

    events: int = 0
    delivered: int = 0
    digested: int = 0
    dead: int = 0
    ambiguous: int = 0
    messages: int = 0
    repeats: int = 0
    most_repeats_a_chat: int = 0
    answers: int = 0
    lost: list[str] = field(default_factory=list)
    unmarked: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    wrong_answers: list[str] = field(default_factory=list)
    stale_cards: list[str] = field(default_factory=list)
    audit: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Return every broken guarantee in words."""
        return [
            f"{name}: {what}"
            for name in ("lost", "unmarked", "cut", "wrong_answers", "stale_cards", "audit")
            for what in getattr(self, name)
        ]

    def table(self) -> dict[str, Any]:
        """Return it as figures: lists as their lengths."""
        return {
            name: len(value) if isinstance(value, list) else value for name, value in asdict(self).items()
        }


def account(
    home: Path,
    messages: Iterable[dict[str, Any]],
    written: Mapping[str, dict[str, Any]],
    taps: Mapping[str, list[str]],
    said: Iterable[str],
    chats: Iterable[int],
) -> Account:
    """Settle up.

    Args:
        home: of the bridge, which has stopped.
        messages: what is on the phones, oldest first.
        written: the events by id, as the producers wrote them.
        taps: by event id the labels that were tapped, in order.
        said: what the person wrote, each text once.
        chats: where every event is to arrive.
    """
    found = Account(events=len(written))
    messages = list(messages)
    copies: dict[tuple[int, str], list[bool]] = defaultdict(list)
    whole: dict[tuple[int, str], list[str]] = defaultdict(list)
    for message in messages:
        if not message["from"]["is_bot"]:
            continue
        text = first_text(message)
        marked = text.startswith(MARK)
        body = text.removeprefix(MARK).lstrip("\n")
        chat = message["chat"]["id"]
        tags = written.keys() & set(TAG.findall(body))
        for tag in tags:
            whole[chat, tag].append(body)
        if tags:
            copies[chat, body].append(marked)
            found.messages += 1
    _repeats(found, copies)
    states = _states(home)
    for event_id, event in written.items():
        for chat in chats:
            _arrival(
                found, event_id, event, whole.get((chat, event_id), []), states.get((chat, event_id), [])
            )
    _answers(found, home, written, taps, said)
    found.stale_cards = _stale(home, messages)
    with closing(connect_reader(home / "state" / "store.db")) as opened:
        found.audit = verify(
            opened, home / "state" / "audit", keep_days=30, now=time.time_ns() // 1000
        ).faults
    return found


def is_long(event: Mapping[str, Any]) -> bool:
    """Return whether an event becomes several messages."""
    return str(event.get("description", "")).startswith(word(event["event_id"], 0))


def is_huge(event: Mapping[str, Any]) -> bool:
    """Return whether an event has a file."""
    return str(event.get("description", "")).startswith("huge ")


def first_text(message: Mapping[str, Any]) -> str:
    """Return a message's text, or a file's caption, as sent, before any edit."""
    edits = message["sandbox"]["edits"]
    first = edits[0] if edits else message
    return str(first.get("text") or first.get("caption") or "")


def _repeats(found: Account, copies: Mapping[tuple[int, str], list[bool]]) -> None:
    per_chat: Counter[int] = Counter()
    for (chat, body), marks in copies.items():
        per_chat[chat] += len(marks) - 1
        if not all(marks[1:]):
            found.unmarked.append(f"{body[:60]!r} in {chat}: {marks}")
    found.repeats = per_chat.total()
    found.most_repeats_a_chat = max(per_chat.values(), default=0)


def _states(home: Path) -> dict[tuple[int | None, str], list[tuple[str, str | None]]]:
    """Return the states of deliveries by chat and event id; of a digested one, the state of its digest."""
    states: dict[tuple[int | None, str], list[tuple[str, str | None]]] = defaultdict(list)
    with sqlite3.connect(home / "state" / "store.db") as store:
        rows = store.execute(
            "SELECT deliveries.chat_id, events.event_id, deliveries.state, deliveries.reason, digest.state "
            "FROM events "
            "LEFT JOIN deliveries ON deliveries.event = events.id "
            "LEFT JOIN deliveries AS digest ON digest.id = deliveries.merged_into"
        ).fetchall()
    store.close()
    for chat, event_id, state, reason, digest in rows:
        states[chat, event_id].append((f"digested, {digest}" if state == "digested" else str(state), reason))
    return states


def _arrival(
    found: Account,
    event_id: str,
    event: Mapping[str, Any],
    bodies: list[str],
    known: list[tuple[str, str | None]],
) -> None:
    if bodies and any(state == "digested, sent" for state, _ in known):
        # A digest has its title; the rest of it is in the store.
        found.digested += 1
    elif bodies:
        found.delivered += 1
        if is_huge(event):
            # The file may be missing when it stayed unclear; the delivery says so.
            if not any(body.startswith(WHOLE) for body in bodies) and "ambiguous" not in dict(known):
                found.cut.append(f"{event_id}: without its file")
        elif len(set(bodies)) > 1 and not is_long(event):
            found.unmarked.append(f"{event_id}: told in different messages: {sorted(set(bodies))}")
        if is_long(event):
            seen = " ".join(bodies)
            cut = [number for number in range(WORDS) if word(event_id, number) not in seen]
            # A part that stayed unclear may be missing; the delivery says so.
            if cut and not any(state == "ambiguous" for state, _ in known):
                found.cut.append(f"{event_id}: {len(cut)} words, first {cut[0]}")
    elif any((state == "dead" and reason) or state == "digested, dead" for state, reason in known):
        found.dead += 1
    elif any(state in ("ambiguous", "digested, ambiguous") for state, _ in known):
        found.ambiguous += 1
    else:
        found.lost.append(f"{event_id}: {known or 'not in the store'}")


def _answers(
    found: Account,
    home: Path,
    written: Mapping[str, dict[str, Any]],
    taps: Mapping[str, list[str]],
    said: Iterable[str],
) -> None:
    responses = home / "responses"
    decided: dict[str, list[str]] = defaultdict(list)
    filed: Counter[str] = Counter()
    for file in (*responses.glob("*.json"), *(responses / "taken").glob("*.json")):
        answer = json.loads(file.read_text(encoding="utf-8"))
        found.answers += 1
        if answer["kind"] == "decision":
            decided[answer["event_id"]].append(str(answer.get("option") or answer["action"]))
        else:
            filed[answer["text"]] += 1
    for event_id, event in written.items():
        given, labels = decided.pop(event_id, []), taps.get(event_id, [])
        timed = "timeout_seconds" in event.get("data", {})
        allowed = {labels[0]} if labels else set()
        allowed |= {event["data"]["default_on_timeout"]} if timed else set()
        if len(given) != (1 if labels or timed else 0) or not set(given) <= allowed:
            found.wrong_answers.append(f"{event_id}: tapped {labels}, answers {given}")
    found.wrong_answers += [f"{event_id}: nobody asked" for event_id in decided]
    found.wrong_answers += [f"{text!r} was filed {filed[text]} times" for text in said if filed[text] != 1]


def _stale(home: Path, messages: Iterable[dict[str, Any]]) -> list[str]:
    """Return the messages known to the bridge that can still be tapped though their decision is closed.

    The bridge does not know a copy that arrived while it was killed; a tap on the copy makes it known.
    """
    with sqlite3.connect(home / "state" / "store.db") as store:
        closed = store.execute(
            "SELECT cards.chat_id, cards.message_id FROM cards "
            "JOIN decisions ON decisions.id = cards.decision WHERE decisions.state != 'open'"
        ).fetchall()
    store.close()
    tappable = {
        (message["chat"]["id"], message["message_id"]) for message in messages if message.get("reply_markup")
    }
    return [f"message {message_id} in {chat}" for chat, message_id in tappable & set(closed)]


def cards_with_buttons(messages: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return by event id the cards on the phone that can still be tapped."""
    cards: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for message in messages:
        if message.get("reply_markup"):
            for tag in TAG.findall(message["text"])[:1]:
                cards[tag].append(message)
    return cards
