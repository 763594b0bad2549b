"""`cctelegram ask` does not wait in vain: while muted, and when the asking process exits."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from flow.phone import labels, see, see_where, texts
from flow.test_life import run
from running import COMMAND, RunningBridge, environment, make_home, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox


def asking(home: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [COMMAND, "ask", "Go on?", "--timeout", "60s", "--home", str(home), *words],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def nothing_is_left(home: Path) -> bool:
    return not [*(home / "responses").glob("*.json"), *(home / "state" / "sessions").iterdir()]


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_while_muted_nothing_is_asked_and_the_command_returns_at_once(
    running: RunningBridge, words: list[str]
) -> None:
    assert run(running.home, "mode", "muted").returncode == 0
    began = time.monotonic()
    told = run(running.home, "ask", "Go on?", "--timeout", "5m", *words)
    assert time.monotonic() - began < 30
    assert told.returncode == 3
    assert "Telegram is muted: the question was not sent" in told.stderr
    assert (json.loads(told.stdout)["action"] if words else told.stdout) == ("muted" if words else "")
    assert list(running.events.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_a_question_whose_asker_exits_is_cancelled_on_the_phone(
    running: RunningBridge, fast_sandbox: Sandbox, number: int, code: int
) -> None:
    with asking(running.home) as waiting:
        card = see(fast_sandbox, "Go on?")
        assert labels(card) == ["Approve", "Deny"]
        waiting.send_signal(number)
        _, said = waiting.communicate(timeout=30)
    assert waiting.returncode == code
    assert said == "cctelegram ask: The question is cancelled; its message on the phone shows it.\n"
    edited = see_where(fast_sandbox, lambda m: "Cancelled" in m["text"], "the card says so")
    assert (edited["message_id"], labels(edited)) == (card["message_id"], [])
    assert running.status()["decisions"] == {"cancelled": 1}
    assert nothing_is_left(running.home)


def test_a_cancelled_question_that_was_not_sent_is_never_sent(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.wait_status(lambda now: now["telegram_connected"], "connected")
    fast_sandbox.control.fail("sendMessage", error_code=500, times=1000)
    with asking(running.home) as waiting:
        running.wait_status(lambda now: now["queue"]["decisions"], "stored")
        waiting.send_signal(signal.SIGINT)
        _, said = waiting.communicate(timeout=30)
    assert "cancelled" in said
    running.wait_status(lambda now: not now["queue"]["decisions"], "dropped, or edited when it was sent")
    assert texts(fast_sandbox) == []


def test_a_cancelled_question_that_no_bridge_took_is_removed_from_the_spool(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", None)
    with asking(home) as waiting:
        wait_for(lambda: (home / "events").exists() and list((home / "events").glob("*.json")), "asked")
        assert waiting.stderr is not None
        assert "The bridge is not running" in waiting.stderr.readline()
        waiting.send_signal(signal.SIGINT)
        _, said = waiting.communicate(timeout=30)
    assert waiting.returncode == 130
    assert said == "cctelegram ask: The question is withdrawn; it was not sent.\n"
    assert list((home / "events").iterdir()) == []


def test_the_command_reports_that_a_question_stays_open_when_only_a_bridge_could_cancel_it(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    with asking(running.home) as waiting:
        see(fast_sandbox, "Go on?")
        running.kill()
        waiting.send_signal(signal.SIGINT)
        _, said = waiting.communicate(timeout=30)
    assert waiting.returncode == 130
    assert "stays open on the phone until it expires: no bridge is running" in said
