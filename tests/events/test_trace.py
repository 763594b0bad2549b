"""The trace of an event in the log: a batch and the store find the same."""

from __future__ import annotations

import json
import sqlite3

import pytest

from cctelegram.events import traceparent
from cctelegram.store import intake, schema
from store.rows import NOW, row, to

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GOOD = f"00-{TRACE}-00f067aa0ba902b7-01"


def test_the_trace_id_is_that_of_a_valid_traceparent_only() -> None:
    assert traceparent.trace_id(GOOD) == TRACE
    assert traceparent.trace_id(f"ff-{TRACE}-00f067aa0ba902b7-01") is None


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"traceparent": GOOD}, TRACE),
        ({"data": {"traceparent": GOOD}}, TRACE),
        ({"data": {"text": f'"traceparent":"{GOOD}"'}}, None),
        ({"data": {"below": {"traceparent": GOOD}}}, None),
        ({"traceparent": [GOOD]}, None),
        ({"traceparent": "x", "data": {"traceparent": GOOD}}, TRACE),
        ({"data": [{"traceparent": GOOD}]}, None),
        ({}, None),
    ],
    ids=json.dumps,
)
def test_a_batch_and_the_store_find_the_same_trace(fields: dict[str, object], found: str | None) -> None:
    opened = sqlite3.connect(":memory:", isolation_level=None)
    for script in schema.MIGRATIONS:
        opened.executescript(script)
    made = row(1, fields=fields)
    (accepted,) = intake.accept(opened, [made], to(intake.Recipient(1)), NOW)
    assert intake.trace(made) == found
    head = intake.event_head(opened, accepted.event)
    assert head.trace == found
    assert head.log_fields == {"event_id": head.event_id, **({"trace": found} if found else {})}
    opened.close()
