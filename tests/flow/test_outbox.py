"""`cctelegram outbox` and `search`, with a running bridge and on the store of a killed one."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.spool.file_lock import FileLock
from flow.phone import see, texts
from flow.test_agents import call, session
from running import COMMAND, QUICK, RunningBridge, bridge, environment, make_home, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from mcp import Client

    from cctelegram.sandbox.child import Sandbox


def outbox(home: Path, *words: str, code: int = 0, command: str = "outbox") -> str:
    """Run the command; return its output or its errors."""
    done = subprocess.run(
        [COMMAND, command, *words, "--home", str(home)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr if code and command == "outbox" else done.stdout


def listed(home: Path, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(outbox(home, "list", "--json", *words))["deliveries"]
    return found


def refused(running: RunningBridge, sandbox: Sandbox, title: str, **more: Any) -> dict[str, Any]:
    """Make Telegram refuse a message for good; return its delivery."""
    sandbox.control.fail("sendMessage", error_code=406, description="Not Acceptable: message is too odd")
    running.put(f"{title[:8]}.json", {"type": "info_notification", "title": title, **more})
    return wait_for(lambda: next((d for d in listed(running.home, "--state", "dead")), {}), "dead")


@pytest.mark.slow
def test_a_dead_delivery_is_listed_shown_and_retried_in_a_running_bridge(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    wait_for(lambda: running.status()["telegram_connected"], "connected")
    dead = refused(running, fast_sandbox, "Odd \u202etitle\u001b[31m", event_id="odd")
    running.put("next.json", {"type": "info_notification", "title": "Behind it"})
    see(fast_sandbox, "Behind it")  # the dead one does not block
    shown = outbox(running.home, "list")
    assert "DELIVERY" in shown
    assert "message is too odd" in shown
    assert "\u202e" not in shown
    assert "\u001b" not in shown
    whole = outbox(running.home, "show", "odd")
    assert "state       dead: " in whole
    assert "taken from the spool" in whole
    assert "\u001b" not in whole
    assert outbox(running.home, "retry", "odd") == f"delivery {dead['delivery']}: dead -> queued\n"
    see(fast_sandbox, "Odd")
    wait_for(lambda: not listed(running.home), "nothing left")
    assert outbox(running.home, "list") == "The outbox is empty.\n"
    assert "message " in outbox(running.home, "show", "odd")
    assert "was sent" in outbox(running.home, "retry", "odd", code=1)


@pytest.mark.slow
def test_all_dead_deliveries_are_retried_except_dropped_ones(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    wait_for(lambda: running.status()["telegram_connected"], "connected")
    fast_sandbox.control.fail("sendMessage", error_code=406, description="Not Acceptable: odd", times=3)
    for number in range(3):
        running.put(f"{number}.json", {"type": "info_notification", "title": f"No {number} ends"})
    wait_for(lambda: len(listed(running.home, "--state", "dead")) == 3, "dead")
    dropped = next(d for d in listed(running.home) if d["title"] == "No 1 ends")
    assert "dead -> dead" in outbox(running.home, "drop", str(dropped["delivery"]))
    outbox(running.home, "retry", "--all-dead")
    see(fast_sandbox, "No 0 ends")
    see(fast_sandbox, "No 2 ends")
    (left,) = listed(running.home, "--state", "dead")
    assert left["title"] == "No 1 ends"
    assert left["reason"].startswith("dropped by the operator; before: ")
    assert "except dropped ones" in outbox(running.home, "retry", "--all-dead")


def test_dropping_a_question_ends_the_wait_of_the_agent(home: Path, fast_sandbox: Sandbox) -> None:
    with bridge(home) as running:
        wait_for(lambda: running.status()["telegram_connected"], "connected")
        fast_sandbox.control.fail("sendMessage", error_code=500, times=0)
        question = [COMMAND, "ask", "Go on?", "--json", "--timeout", "60s", "--home", str(home)]
        with subprocess.Popen(question, env=environment(), stdout=subprocess.PIPE, text=True) as asking:
            waiting = wait_for(lambda: next((d for d in listed(home) if d["state"] == "queued"), {}), "asked")
            wait_for(lambda: _dropped(home, waiting["event_id"]), "dropped")
            said, _ = asking.communicate(timeout=30)
        assert json.loads(said)["action"] == "cancelled"
        assert asking.returncode == 2
        (left,) = listed(home)
        assert (left["state"], left["reason"]) == ("dead", "dropped by the operator")
        assert running.status()["decisions"] == {"cancelled": 1}


def _dropped(home: Path, event_id: str) -> bool:
    """Drop it, unless it is in flight try again in a few seconds."""
    done = subprocess.run(
        [COMMAND, "outbox", "drop", event_id, "--home", str(home)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0 or "try again in a few seconds" in done.stderr
    return "is cancelled" in done.stdout


@pytest.mark.slow
def test_an_ambiguous_delivery_is_retried_with_a_mark(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    wait_for(lambda: running.status()["telegram_connected"], "connected")
    fast_sandbox.control.fail("sendMessage", drop="before", times=2)
    running.put("a.json", {"type": "info_notification", "title": "Perhaps there", "event_id": "a"})
    wait_for(lambda: listed(running.home, "--state", "ambiguous"), "ambiguous", 60)
    assert "unclear" in outbox(running.home, "show", "a")
    assert texts(fast_sandbox) == []
    assert "ambiguous -> queued" in outbox(running.home, "retry", "a")
    see(fast_sandbox, "Perhaps there", "may be a repeat")


@pytest.mark.slow
def test_the_store_of_a_killed_bridge_is_read_and_changed(home: Path, fast_sandbox: Sandbox) -> None:
    with bridge(home) as running:
        wait_for(lambda: running.status()["telegram_connected"], "connected")
        fast_sandbox.control.fail("sendMessage", delay_seconds=60, times=0)
        running.put("a.json", {"type": "info_notification", "title": "In flight", "event_id": "a"})
        running.put("q.json", {"type": "approval_request", "title": "Sure?", "event_id": "q"})
        wait_for(lambda: {d["state"] for d in listed(home)} == {"sending", "queued"}, "one in flight")
        in_flight = next(d for d in listed(home) if d["state"] == "sending")
        assert "try again in a few seconds" in outbox(home, "drop", str(in_flight["delivery"]), code=1)
        running.kill()
    fast_sandbox.control.reset()
    assert {d["state"] for d in listed(home)} == {"sending", "queued"}
    assert "Sure?" in outbox(home, "show", "q")
    assert "Sure?" in outbox(home, "sure", command="search")
    dropped = outbox(home, "drop", "q")
    assert "-> dead" in dropped
    assert "cancelled" in dropped
    (answer,) = [json.loads(file.read_text(encoding="utf-8")) for file in (home / "responses").glob("*.json")]
    assert (answer["event_id"], answer["action"]) == ("q", "cancelled")
    outbox(home, "retry", "q")
    outbox(home, "drop", "a")
    with bridge(home) as again:
        see(fast_sandbox, "Sure?")
        assert len(again.responses()) == 1
        assert not any("In flight" in text for text in texts(fast_sandbox))


def test_no_operator_action_is_done_while_a_bridge_does_not_respond(home: Path) -> None:
    with bridge(home) as running:
        running.put("a.json", {"type": "info_notification", "title": "A", "event_id": "a"})
        wait_for(lambda: running.status()["delivery"]["sent"], "sent")
        running.stop()
    held = FileLock(str(home / "state" / "bridge.lock"))
    assert held.try_lock()
    assert "does not answer; nothing was changed" in outbox(home, "retry", "a", code=1)
    assert "A" in outbox(home, "list", "--state", "sent")  # looking still works
    held.unlock()


@pytest.mark.slow
def test_a_home_without_a_store_and_a_store_of_another_version_are_reported_in_a_sentence(
    tmp_path: Path,
) -> None:
    home = make_home(tmp_path / "home", None)
    for words in (["list"], ["show", "x"], ["retry", "x"], ["drop", "x"]):
        assert "no bridge has run" in outbox(home, *words, code=1)
    (home / "state").mkdir()
    connection = sqlite3.connect(home / "state" / "store.db")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    assert "Start the bridge once" in outbox(home, "list", code=1)
    connection = sqlite3.connect(home / "state" / "store.db")
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    for words in (["list"], ["drop", "x"]):
        assert "Install the newer CCTelegram" in outbox(home, *words, code=1)


def test_sent_events_are_searched_from_the_shell_and_by_an_agent(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.put("q.json", {"type": "approval_request", "title": "Déploy now?", "event_id": "q"})
    card = see(fast_sandbox, "Déploy now?")
    fast_sandbox.control.tap(card["message_id"], "Deny")
    wait_for(running.responses, "the answer")
    running.put("b.json", {"type": "build_failed", "title": "Build", "description": "while deploying"})
    see(fast_sandbox, "while deploying")

    def look() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(outbox(running.home, "deploy", "--json", command="search"))[
            "hits"
        ]
        return found if all(hit["state"] == "sent" for hit in found) else []

    newest, question = wait_for(look, "both are sent")
    assert (newest["type"], newest["title"]) == ("build_failed", "Build")
    assert question["answer"]["option"] == "Deny"
    assert question["message_id"] == card["message_id"]
    assert "answered by" in outbox(running.home, "deny", command="search")
    assert "Nothing found" in outbox(running.home, "deploy", "nowhere", code=1, command="search")

    async def work(client: Client) -> None:
        hits = (await call(client, "search_history", text="deploy", type="approval_request"))["hits"]
        assert [(hit["event_id"], hit["answer"]["option"]) for hit in hits] == [("q", "Deny")]
        assert (await call(client, "search_history", since="1h", limit=1))["count"] == 1
        wrong = await client.call_tool("search_history", {"since": "dh"})
        assert wrong.is_error
        told = await call(client, "get_delivery", event_id="q")
        assert told["deliveries"][0]["message_ids"] == [card["message_id"]]

    session(running.home, "legacy", work)


def test_an_event_in_a_digest_is_found_with_the_digests_message(home: Path, fast_sandbox: Sandbox) -> None:
    (home / "config.toml").write_text(QUICK + "[lanes]\ndigest_seconds = 86000.0\n")
    with bridge(home, CC_TELEGRAM_MODE="local") as running:
        running.put("a.json", {"type": "info_notification", "title": "Small talk", "event_id": "a"})
        wait_for(lambda: listed(home, "--state", "held"), "held")

        async def held(client: Client) -> None:
            told = await call(client, "get_delivery", event_id="a")
            assert (told["state"], told["deliveries"][0]["reason"]) == ("held", "local")

        session(home, "legacy", held)
        fast_sandbox.control.say("/digest")
        see(fast_sandbox, "1 held message sent as a digest")
        digest = see(fast_sandbox, "1 event held", "Small talk")
        wait_for(lambda: not listed(home), "told")

        async def told(client: Client) -> None:
            found = await call(client, "get_delivery", event_id="a")
            assert found["state"] == "digested"
            assert found["deliveries"][0]["message_ids"] == [digest["message_id"]]
            (hit,) = (await call(client, "search_history", text="small"))["hits"]
            assert hit["message_id"] == digest["message_id"]

        session(home, "legacy", told)
        (member,) = json.loads(outbox(home, "show", "a", "--json"))
        assert "member      " in outbox(home, "show", str(member["merged_into"]))


@pytest.mark.parametrize("killed", [False, True])
def test_only_the_held_delivery_that_is_named_is_released(
    home: Path, fast_sandbox: Sandbox, killed: bool
) -> None:
    with bridge(home, CC_TELEGRAM_MODE="muted") as running:
        for name in ("a", "b"):
            event = {"type": "info_notification", "title": f"Held {name}", "event_id": name}
            running.put(f"{name}.json", event)
        wait_for(lambda: len(listed(home, "--state", "held")) == 2, "held")
        if killed:
            running.kill()
        assert "held -> queued" in outbox(home, "retry", "b")
        if not killed:
            wait_for(lambda: [one["event_id"] for one in listed(home)] == ["a"], "sent")
    if killed:
        with bridge(home, CC_TELEGRAM_MODE="muted"):
            wait_for(lambda: [one["event_id"] for one in listed(home)] == ["a"], "sent")
    assert texts(fast_sandbox) == [see(fast_sandbox, "Held b")["text"]]
