"""What reaches the phone in each mode; held events are not lost."""

from __future__ import annotations

import asyncio
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from flow.phone import labels, see, sends, texts
from flow.test_agents import call, session
from running import COMMAND, QUICK, RunningBridge, bridge, environment, make_home, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mcp import Client

    from cctelegram.sandbox.child import Sandbox


@pytest.fixture
def home(tmp_path: Path, fast_sandbox: Sandbox) -> Path:
    return make_home(tmp_path / "home", fast_sandbox, QUICK + "[lanes]\ndigest_seconds = 1.0\n")


def mode(running: RunningBridge, name: str) -> str:
    done = subprocess.run(
        [COMMAND, "mode", name, "--home", str(running.home)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout


def put(running: RunningBridge, kind: str, title: str, **more: Any) -> None:
    running.put(f"{title.replace(' ', '-')}.json", {"type": kind, "title": title, **more})


def stored(running: RunningBridge, count: int) -> dict[str, Any]:
    return running.wait_status(lambda now: now["delivery"]["accepted"] == count, f"{count} stored")


def test_r41_muted_sends_nothing_and_its_end_sends_a_digest_of_everything(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    assert "nothing reaches the phone" in mode(running, "muted")
    put(running, "task_failed", "It broke")
    put(running, "info_notification", "By the way")
    put(running, "approval_request", "Still wanted", data={"timeout_minutes": 30})
    put(running, "nonsense", "Odd one", extra=1)
    running.put("bad.json", "[]")
    told = stored(running, 4)
    running.wait_status(lambda now: now["delivery"]["rejected"] == 1, "the bad one is rejected")
    assert (told["mode"], told["deliveries"]["held"]) == ("muted", 4)
    assert sends(fast_sandbox) == []
    mode(running, "nomad")
    digest = see(fast_sandbox, "3 events while muted")
    for words in ("It broke", "By the way", "Odd one"):
        assert words in digest["text"]
    assert labels(see(fast_sandbox, "Still wanted")) == ["Approve", "Deny"]
    assert "Still wanted" not in digest["text"]
    see(fast_sandbox, "could not be used", "bad.json")


def test_the_mode_and_held_events_survive_a_restart(home: Path, fast_sandbox: Sandbox) -> None:
    with bridge(home) as first:
        mode(first, "muted")
        put(first, "task_failed", "Before the crash")
        stored(first, 1)
        first.kill()
    with bridge(home) as second:
        assert second.status()["mode"] == "muted"
        put(second, "task_failed", "After the crash")
        stored(second, 1)
        mode(second, "local")
        digest = see(fast_sandbox, "2 events while muted")
        assert "Before the crash" in digest["text"]
        assert "After the crash" in digest["text"]


def test_local_sends_what_matters_and_one_silent_digest_has_the_rest(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    mode(running, "local")
    for kind, title in (
        ("info_notification", "Small talk"),
        ("file_modified", "A file"),
        ("task_completion", "Finished"),
        ("build_failed", "Broken"),
    ):
        put(running, kind, title)
    put(running, "info_notification", "Grave", data={"severity": "critical"})
    see(fast_sandbox, "Finished")
    see(fast_sandbox, "Broken")
    see(fast_sandbox, "Grave")
    digest = see(fast_sandbox, "2 events held")
    assert digest["sandbox"]["silent"] is True
    assert "Small talk" in digest["text"]
    assert "A file" in digest["text"]
    assert len(texts(fast_sandbox)) == 4


def test_the_mode_is_changed_from_the_phone_and_confirmed_there(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    for said, name in (("/mute", "muted"), ("/cct:local", "local"), ("/mode nomad", "nomad")):
        fast_sandbox.control.say(said)
        see(fast_sandbox, f"Mode {name}:")
        assert running.status()["mode"] == name
    fast_sandbox.control.say("/mode")
    see(fast_sandbox, "Mode: nomad")
    fast_sandbox.control.say("/mode sideways")
    see(fast_sandbox, "unknown mode 'sideways'")


def test_an_agent_changes_the_mode_and_does_not_wait_while_muted(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    async def work(client: Client) -> None:
        assert (await call(client, "switch_to_local_mode"))["mode"] == "local"
        assert (await call(client, "switch_to_mute_mode"))["mode"] == "muted"
        assert (await call(client, "ask", question="Anybody?"))["outcome"] == "muted"
        assert (await call(client, "switch_to_nomad_mode"))["mode"] == "nomad"
        assert (await call(client, "get_bridge_status"))["mode"] == "nomad"

    session(running.home, "legacy", work)


def test_a_lane_over_its_bound_becomes_digests_with_every_event(home: Path, fast_sandbox: Sandbox) -> None:
    events = home / "events"
    events.mkdir()
    for number in range(1000):
        kind, words = ("task_failed", "alert") if number % 10 == 0 else ("info_notification", "note")
        (events / f"{number}.json").write_text(json.dumps({"type": kind, "title": f"{words} {number} ends"}))
    with bridge(home) as running:
        stored(running, 1000)
        running.put("q.json", {"type": "approval_request", "title": "Before all of them"})
        see(fast_sandbox, "Before all of them")
        running.wait_status(lambda now: not any(now["queue"].values()), "all told")
        told = running.status()["deliveries"]
    shown = " ".join(texts(fast_sandbox))
    missing = [n for n in range(1000) if f" {n} ends" not in shown]
    assert missing == []
    assert len(texts(fast_sandbox)) < 100
    assert set(told) <= {"queued", "digested"}


def test_the_mode_cannot_be_shown_when_the_bridge_is_down(home: Path) -> None:
    done = subprocess.run(
        [COMMAND, "mode", "--home", str(home)], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "not running" in done.stderr


@pytest.fixture
def running(home: Path) -> Iterator[RunningBridge]:
    with bridge(home) as started:
        wait_for(lambda: started.status()["telegram_connected"], "connected")
        yield started


def test_many_changes_of_mode_lose_nothing(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    async def changes() -> None:
        for turn in range(12):
            await asyncio.to_thread(mode, running, ("muted", "local", "nomad")[turn % 3])

    async def writes() -> None:
        for number in range(60):
            put(running, "info_notification", f"piece {number} ends")
            await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(changes(), writes())

    asyncio.run(both())
    stored(running, 60)
    wait_for(
        lambda: all(f"piece {n} ends" in " ".join(texts(fast_sandbox)) for n in range(60)), "all are told"
    )
