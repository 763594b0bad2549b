"""What an alert says on the phone: what was measured and the limit, since when, and that it is over."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC
from typing import Literal

import pytest

from cctelegram.daemon.alerts import FACT, Stored, _load, measured, text
from cctelegram.monitor import catalogue
from cctelegram.monitor.alert_rules import Rule
from cctelegram.monitor.alerts import Change
from cctelegram.store import facts
from store.rows import memory

BEGAN = 1_796_000_000.0


def rule(**changes: object) -> Rule:
    return Rule("mine", "It is wrong", "Mend it.", catalogue.RESIDENT, 50_000_000)._replace(**changes)  # type: ignore[arg-type]


def said(what: Literal["fires", "ended"], of: Rule, value: float, seconds: float) -> list[str]:
    change = Change(of, what, value, BEGAN, BEGAN + seconds, notify=True)
    return text(change, UTC).text.splitlines()


@pytest.mark.parametrize(
    ("of", "value", "end"),
    [
        (rule(), 52_440_000.0, ": 52.4 MB, above 50.0 MB"),
        (rule(metric=catalogue.POLL_AGE, limit=180, age=True), 45.678, ": 45.7 s, above 3 min"),
        (rule(metric=catalogue.CPU_SHARE, limit=0.5), 0.954, ": 95.4 %, above 50 %"),
        (
            rule(metric=catalogue.FREE, limit=1_000_000_000, above=False),
            2_000_000.0,
            ": 2.0 MB, below 1000.0 MB",
        ),
        (rule(metric=catalogue.DEAD_LETTERS, limit=0), 3.0, ": 3, above 0"),
        (rule(metric=catalogue.REQUESTS, limit=7), 9.0, ", in five minutes: 9, above 7"),
    ],
)
def test_the_measured_value_and_the_limit_have_the_unit_of_the_metric(
    of: Rule, value: float, end: str
) -> None:
    found = measured(of, value)
    assert found == f"{of.metric.help}{end}"


def test_of_a_histogram_the_quantile_is_named() -> None:
    slow = rule(metric=catalogue.DELIVERED, limit=5.0, quantile=0.95)
    assert measured(slow, 6.1) == f"p95 of: {catalogue.DELIVERED.help}: 6.1 s, above 5 s"


def test_an_alert_says_since_when_and_what_to_do() -> None:
    title, line, action = said("fires", rule(), 60_000_000, 90)
    assert (title, action) == ("It is wrong", "Mend it.")
    assert line.endswith("60.0 MB, above 50.0 MB, for 90 s.")
    (_, at_once, _) = said("fires", rule(), 60_000_000, 0)
    assert at_once.endswith("above 50.0 MB.")
    (_, aged, _) = said("fires", rule(metric=catalogue.POLL_AGE, limit=180, age=True), 300, 300)
    assert aged.endswith(": 5 min, above 3 min."), "an age says itself for how long"


def test_the_end_of_an_alert_says_from_when_to_when() -> None:
    title, line = said("ended", rule(), 60_000_000, 7_200)
    assert title == "Over: It is wrong"
    assert line.startswith("From ")
    assert line.endswith(", 2 h.")


def test_states_of_another_version_are_as_none() -> None:
    with closing(memory()) as store:
        assert _load(store) == Stored()
        facts.put(store, FACT, b'{"states": "of a later version"}')
        assert _load(store) == Stored()
        facts.put(store, FACT, b"\xff")
        assert isinstance(store, sqlite3.Connection)
        assert _load(store) == Stored()
