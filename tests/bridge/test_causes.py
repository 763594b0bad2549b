"""The cause of silence in a sentence: one row for each thing that can be wrong."""

from __future__ import annotations

from typing import Any

import pytest

from cctelegram.daemon.causes import Answers, Facts, causes, headline, size

WELL = Facts(
    problems={},
    failing=frozenset(),
    bot="my_bot",
    poll_age=12.0,
    pause=0.0,
    answers=[Answers(1.0, 0.0)],
    store_answers=True,
    free=12.3e9,
    mode="nomad",
    mode_left=None,
    quiet=False,
    held={},
    uptime=7300.0,
    memory=41.2e6,
    budget=50e6,
    lag=0.0012,
    oldest=None,
    queued=0,
)
CONNECTING = "Telegram cannot be reached: sendMessage: no connection (refused)"
SAID = [
    ({}, "bridge", "ok", "All is well. Nothing waits."),
    ({"queued": 3, "oldest": 2.0}, "bridge", "ok", "All is well. 3 deliveries on the way."),
    ({"queued": 1, "oldest": 70.0}, "telegram", "ok", "1 delivery on the way; the oldest waits for 70 s."),
    ({"queued": None}, "bridge", "unknown", "What waits is unknown: the store does not answer."),
    ({"pause": 24.4}, "telegram", "degraded", "Telegram asks to wait another 24 s."),
    (
        {"problems": {"telegram": [CONNECTING]}, "answers": [Answers(1.0, 0.0), Answers(0.5, 0.5)]},
        *("network", "failing", f"{CONNECTING}."),
    ),
    (
        {"problems": {"telegram": ["the token is refused", "another"]}, "failing": frozenset({"telegram"})},
        *("telegram", "failing", "The token is refused. And 1 more."),
    ),
    (
        {"answers": [Answers(1.0, 0.2), Answers(1.0, 0.0)]},
        *("network", "degraded", "Some requests of the last minutes got no answer."),
    ),
    ({"store_answers": False}, "disk", "failing", "The store does not answer."),
    ({"problems": {"disk": ["no space left"]}}, "disk", "degraded", "No space left."),
    (
        {"mode": "muted", "mode_left": 1500.0, "held": {"muted": 3}},
        *("rules", "holding", "Muted for another 25 min: nothing reaches the phone; 3 held."),
    ),
    (
        {"quiet": True, "held": {"quiet hours": 2}},
        *("rules", "holding", "Quiet hours: only what needs you reaches the phone; 2 held."),
    ),
    ({"mode": "local", "held": {"local": 2}}, "rules", "holding", "Mode local; held: 2 by local."),
    ({"memory": 51e6}, "bridge", "degraded", "Over its memory budget: 51.0 MB of 50.0 MB."),
    ({"lag": 0.4}, "bridge", "degraded", "Busy: its loop is 400.0 ms late (p95)."),
    ({"problems": {"bridge": ["sending: KeyError: 3"]}}, "bridge", "degraded", "Sending: KeyError: 3."),
]


@pytest.mark.parametrize(("changes", "name", "state", "says"), SAID, ids=[row[3] for row in SAID])
def test_the_headline_names_the_cause(changes: dict[str, Any], name: str, state: str, says: str) -> None:
    facts = WELL._replace(**changes)
    assert headline(causes(facts), facts) == (name, state, says)


def test_every_cause_has_its_sentence() -> None:
    assert [(cause.name, cause.state, cause.says) for cause in causes(WELL)] == [
        ("telegram", "ok", "@my_bot is connected; it answered 12 s ago."),
        ("network", "ok", "Every request of the last minutes was answered."),
        ("disk", "ok", "The store answers; 12.3 GB are free."),
        ("rules", "ok", "Mode nomad: everything goes to the phone; 0 held."),
        ("bridge", "ok", "Up 2 h; 41.2 MB of 50.0 MB; loop lag 1.2 ms (p95)."),
    ]


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    facts = WELL._replace(
        bot=None, poll_age=None, answers=[], free=None, held=None, memory=None, lag=None, uptime=None
    )
    assert [(cause.state, cause.says) for cause in causes(facts)] == [
        ("unknown", "Not asked yet."),
        ("unknown", "Nothing was asked in the last minutes."),
        ("ok", "The store answers; free space is unknown."),
        ("ok", "Mode nomad: everything goes to the phone; how many are held is unknown."),
        ("ok", "Running; memory unknown; loop lag unknown (p95)."),
    ]


def test_telegram_is_not_blamed_for_the_network() -> None:
    found = causes(WELL._replace(problems={"telegram": [CONNECTING]}, answers=[Answers(0.2, 0.2)]))
    assert (found[0].state, found[0].says) == ("unknown", "Unknown while the network does not reach it.")


@pytest.mark.parametrize(("count", "said"), [(12, "12 B"), (41.2e6, "41.2 MB"), (2.5e12, "2.5 TB")])
def test_bytes_are_said_in_decimal_units(count: float, said: str) -> None:
    assert size(count) == said
