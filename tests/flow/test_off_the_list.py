"""A removed user loses access at the swap, and their open cards are closed."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from flow.phone import labels, see, see_where, texts
from running import COMMAND, UNPRIVILEGED, RunningBridge, bridge, environment, make_home, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

NOBODY_ELSE = 4242
LEFT = "You are no longer allowed to answer this question."


def ask(running: RunningBridge, title: str) -> None:
    running.put(f"{title}.json", {"type": "approval_request", "title": title, "event_id": title})


def allow(running: RunningBridge, sandbox: Sandbox, *users: int) -> None:
    before = running.status()["config"]["reloads"]
    make_home(running.home, sandbox, TELEGRAM_ALLOWED_USERS=",".join(map(str, users)))
    running.wait_status(lambda now: now["config"]["reloads"] > before, "the list is in force")


@pytest.mark.parametrize("users", [(NOBODY_ELSE,), ()])
def test_input_of_a_removed_user_is_ignored_and_their_open_cards_lose_their_buttons(
    running: RunningBridge, fast_sandbox: Sandbox, users: tuple[int, ...]
) -> None:
    ask(running, "Deploy")
    card = see(fast_sandbox, "Deploy")
    assert labels(card) == ["Approve", "Deny"]
    allow(running, fast_sandbox, *users)
    closed = see_where(fast_sandbox, lambda m: LEFT in m["text"], "the card is closed")
    assert closed["message_id"] == card["message_id"]
    assert labels(closed) == []
    assert "Deploy" in closed["text"]
    fast_sandbox.control.say("/status")
    running.wait_status(lambda now: now["delivery"]["strangers"] == 1, "not heard")
    told = running.status()
    assert told["decisions"] == {"open": 1}, "the question itself is still open"
    assert running.responses() == []


def test_a_tap_of_a_removed_user_before_the_card_is_closed_is_ignored(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    ask(running, "Deploy")
    card = see(fast_sandbox, "Deploy")
    fast_sandbox.control.fail("editMessageText", times=50, error_code=500)
    allow(running, fast_sandbox, NOBODY_ELSE)
    fast_sandbox.control.tap(card["message_id"], "Approve")
    told = running.wait_status(lambda now: now["delivery"]["strangers"] == 1, "refused")
    assert told["decisions"] == {"open": 1}
    assert running.responses() == []


def test_a_card_in_flight_at_the_swap_is_closed_when_it_has_arrived(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.fail("sendMessage", delay_seconds=2)
    ask(running, "Deploy")
    fast_sandbox.control.wait_for(lambda control: control.calls("sendMessage"))
    allow(running, fast_sandbox, NOBODY_ELSE)
    assert "Deploy" in see(fast_sandbox, LEFT)["text"]


def test_waiting_deliveries_are_not_sent_to_a_removed_user_and_are_kept(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    slow = "[pacing]\nchat_per_second = 0.01\nchat_burst = 1\n"
    with bridge(make_home(tmp_path / "home", fast_sandbox, slow)) as running:
        running.put("a.json", {"type": "task_failed", "title": "Sent before"})
        see(fast_sandbox, "Sent before")
        ask(running, "Waits")
        running.wait_status(lambda now: now["queue"]["decisions"] == 1, "it waits")
        allow(running, fast_sandbox)  # nobody, and quick: nothing else is in the way
        before = running.status()["uptime_seconds"]
        told = running.wait_status(lambda now: now["uptime_seconds"] > before + 1, "a second later")
        assert told["queue"]["decisions"] == 1
        assert "Waits" not in str(texts(fast_sandbox))
        allow(running, fast_sandbox, fast_sandbox.user_id)
        assert labels(see(fast_sandbox, "Waits")) == ["Approve", "Deny"]


def test_a_user_removed_while_the_bridge_was_down_has_no_open_card_after_its_start(
    home: Path, fast_sandbox: Sandbox
) -> None:
    with bridge(home) as first:
        ask(first, "Deploy")
        see(fast_sandbox, "Deploy")
        first.wait_status(lambda now: now["delivery"]["sent"] == 1, "written down")
        first.kill()
    make_home(home, fast_sandbox, TELEGRAM_ALLOWED_USERS=str(NOBODY_ELSE))
    with bridge(home):
        see(fast_sandbox, LEFT)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.toml", "[telegram]\nallowed_users = [1, 'everybody']\n"),
        ("config.toml", "[telegram]\nallowed_users = [1\n"),
        (".env", "TELEGRAM_ALLOWED_USERS=1,*\n"),
        (".env", None),
    ],
)
def test_a_start_with_an_invalid_or_unreadable_file_grants_no_access(
    tmp_path: Path, fast_sandbox: Sandbox, name: str, text: str | None
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox)
    if text is None:
        (home / name).chmod(0)
    else:
        (home / name).write_text(text)
    done = subprocess.run(
        [*UNPRIVILEGED, COMMAND, "bridge", "--home", str(home), "--port", "0"],
        capture_output=True,
        text=True,
        timeout=30,
        env=environment(),
        check=False,
    )
    assert done.returncode == 1
    assert str(home / name) in done.stderr
    assert "Traceback" not in done.stderr
    assert fast_sandbox.control.calls() == []


@pytest.mark.skipif(os.name != "posix", reason="no modes")
def test_an_env_file_that_becomes_unreadable_changes_nothing_in_a_running_bridge(
    home: Path, fast_sandbox: Sandbox
) -> None:
    with bridge(home, before=UNPRIVILEGED) as running:
        (home / ".env").chmod(0)
        told = running.wait_status(lambda now: now["config"]["problem"], "it is told")
        assert f"{home}/.env: cannot be read: Permission denied" in told["config"]["problem"]
        ask(running, "Deploy")
        card = see(fast_sandbox, "Deploy")
        fast_sandbox.control.tap(card["message_id"], "Deny")
        wait_for(running.responses, "the answer")
        (home / ".env").chmod(0o600)
        assert running.wait_status(lambda now: now["health"] == "ok", "well again")["reasons"] == []
        assert LEFT not in str(texts(fast_sandbox))
