"""Every held event is accounted for: in a digest, asked, or continued at its cursor."""

from __future__ import annotations

import sqlite3
from datetime import UTC
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cctelegram.decisions import ledger
from cctelegram.decisions.question import question
from cctelegram.delivery import digest, payload
from cctelegram.events.event import from_row
from cctelegram.store import deliveries, intake, schema
from cctelegram.store.judgement import Judgement
from store.rows import NOW, row, to

CHATS = (1001, -7)
HELD = ("muted", "quiet hours", "local")
ELSE = "nobody is allowed yet"

events = st.lists(
    st.fixed_dictionaries(
        {
            "reason": st.sampled_from([*HELD, ELSE]),
            "chats": st.sampled_from([CHATS[:1], CHATS[1:], CHATS]),
            "asks": st.sampled_from(["nothing", "nothing", "open", "cancelled"]),
            "before": st.sampled_from(["nothing", "nothing", "rendered", "half sent", "unclear"]),
            "title": st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=300),
            "times": st.integers(1, 3),
        }
    ),
    max_size=25,
)
notices = st.lists(st.sampled_from([*HELD, ELSE]), max_size=3)


def store(given_events: list[dict[str, Any]], given_notices: list[str]) -> sqlite3.Connection:
    opened = sqlite3.connect(":memory:", isolation_level=None)
    for script in schema.MIGRATIONS:
        opened.executescript(script)
    for number, each in enumerate(given_events, start=1):
        title = f"{each['title']} no{number}x"
        kind = "info_notification" if each["asks"] == "nothing" else "approval_request"
        made = row(number, fields={"type": kind, "title": title})
        recipients = to(*(intake.Recipient(chat) for chat in each["chats"]))
        judge = partial(as_judged, Judgement(2, silent=True, state="held", reason=each["reason"]))
        (accepted,) = intake.accept(opened, [made], recipients, NOW, judge=judge)
        if each["asks"] != "nothing":
            asked = ledger.open_decision(opened, accepted.event, question(from_row(made)), NOW, NOW)
            if each["asks"] == "cancelled":
                ledger.cancel(opened, asked.id, NOW)
        for (delivery,) in opened.execute("SELECT id FROM deliveries WHERE event = ?", (accepted.event,)):
            begin(opened, delivery, each)
    for reason in given_notices:
        deliveries.enqueue(opened, CHATS[0], ["{}"], NOW, held=reason)
    return opened


def as_judged(judgement: Judgement, _: Any) -> Judgement:
    return judgement


def begin(opened: sqlite3.Connection, delivery: int, each: dict[str, Any]) -> None:
    opened.execute("UPDATE deliveries SET times = ? WHERE id = ?", (each["times"], delivery))
    if each["before"] != "nothing":
        deliveries.add_parts(opened, delivery, ["{}", "{}"])
    if each["before"] == "half sent":
        opened.execute("UPDATE parts SET sent_at = 1 WHERE delivery = ? AND position = 0", (delivery,))
    if each["before"] == "unclear":
        opened.execute("UPDATE deliveries SET unclear = 1 WHERE id = ?", (delivery,))


@given(events, notices, st.lists(st.sampled_from(HELD), unique=True))
def test_every_held_event_is_accounted_for(
    given_events: list[dict[str, Any]], given_notices: list[str], reasons: list[str]
) -> None:
    opened = store(given_events, given_notices)
    held = opened.execute(
        "SELECT id, event, chat_id, reason, times, unclear FROM deliveries WHERE state = 'held'"
    ).fetchall()
    chats, events = digest.of_held(opened, reasons, "{events} kept", NOW, UTC, silent=True)
    assert digest.reasons_held(opened) == {each[3] for each in held} - set(reasons)
    counted: dict[int, int] = {}
    for delivery, event, chat, reason, times, _ in held:
        state, into, now_reason = opened.execute(
            "SELECT state, merged_into, reason FROM deliveries WHERE id = ?", (delivery,)
        ).fetchone()
        if reason not in reasons:
            assert (state, now_reason) == ("held", reason)
            continue
        assert chat in chats
        each = None if event is None else given_events[event - 1]
        goes_on = each is None or each["asks"] == "open" or each["before"] in ("half sent", "unclear")
        assert state == ("queued" if goes_on else "digested")
        if not goes_on:
            assert each is not None
            told = "".join(payload.unpack(part.payload).text.text for part in deliveries.parts(opened, into))
            assert f"{each['title']} no{event}x" in told
            assert deliveries.parts(opened, delivery) == []
            counted[into] = counted.get(into, 0) + times
            assert opened.execute(
                "SELECT chat_id, state FROM deliveries WHERE id = ?", (into,)
            ).fetchone() == (
                chat,
                "queued",
            )
    for into, count in counted.items():
        first = payload.unpack(deliveries.parts(opened, into)[0].payload).text.text
        assert first.startswith(f"{count} event{'' if count == 1 else 's'} kept")
    assert events == sum(counted.values())
    assert digest.of_held(opened, reasons, "{events} kept", NOW, UTC, silent=True) == (set(), 0)
    opened.close()
