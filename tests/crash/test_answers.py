"""An answer is never lost and never returned twice, wherever the bridge is killed."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from cctelegram.sandbox.child import running
from cctelegram.spool import responses
from crash.account import cards_with_buttons
from crash.killed import LIMITS, PACING, Bridges
from crash.traffic import Traffic
from running import PATIENCE, make_home, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox


@pytest.fixture
def limited() -> Iterator[Sandbox]:
    with running(*LIMITS) as started:
        yield started


@pytest.fixture
def bridges(limited: Sandbox, tmp_path: Path) -> Iterator[Bridges]:
    made = Bridges(make_home(tmp_path / "home", limited, PACING), limited.control)
    (made.home / "events").mkdir()
    yield made
    made.kill()


@pytest.fixture
def traffic(bridges: Bridges) -> Traffic:
    return Traffic(bridges.home / "events", random.Random(1))


def killed(bridges: Bridges) -> None:
    """Wait until the armed bridge has killed itself."""
    bridges.start().wait(PATIENCE)
    bridges.kill()
    bridges.disarm()


def test_r26_an_answer_that_was_taken_before_the_crash_is_not_returned_again(
    bridges: Bridges, limited: Sandbox, traffic: Traffic
) -> None:
    traffic.rename(traffic.event(type="approval_request"))
    bridges.arm("spool.responses:post after")
    bridges.start()
    (card,) = wait_for(lambda: cards_with_buttons(limited.control.messages()), "the card").popitem()[1]
    limited.control.tap(card["message_id"], "Approve")
    killed(bridges)
    folder = str(bridges.home / "responses")
    assert [answer["action"] for _, answer in responses.take(folder)] == ["approved"]
    bridges.start()
    bridges.settle(traffic.written)
    assert responses.take(folder) == []


def test_a_tap_on_a_copy_unknown_to_the_crashed_bridge_is_the_answer(
    bridges: Bridges, limited: Sandbox, traffic: Traffic
) -> None:
    traffic.rename(traffic.event(type="approval_request"))
    bridges.arm("sendMessage answered")
    killed(bridges)
    (card,) = wait_for(lambda: cards_with_buttons(limited.control.messages()), "the card").popitem()[1]
    limited.control.tap(card["message_id"], "Deny")
    bridges.start()
    bridges.settle(traffic.written)
    assert [answer["action"] for _, answer in responses.take(str(bridges.home / "responses"))] == ["denied"]
    wait_for(lambda: not cards_with_buttons(limited.control.messages()), "no copy can be tapped")


def test_a_card_that_expires_before_its_repeat_is_sent_is_closed(
    bridges: Bridges, limited: Sandbox, traffic: Traffic
) -> None:
    traffic.rename(traffic.event(type="approval_request", data={"timeout_seconds": 1.5}))
    over = time.time() + 1.5
    bridges.arm("sendMessage asked")
    killed(bridges)
    wait_for(lambda: time.time() > over, "its time is over")
    bridges.start()
    bridges.settle(traffic.written)
    assert len(limited.control.messages()) == 1
    assert cards_with_buttons(limited.control.messages()) == {}
