"""The metrics of the outbox, driven by what happens between a real bridge and the sandbox."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from cctelegram.monitor import catalogue
from driven import drives
from flow.phone import see
from monitor.scraped import scrape, scrape_until
from running import COMMAND, QUICK, RunningBridge, bridge, environment, make_home

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox


def put(running: RunningBridge, kind: str, title: str, **more: Any) -> None:
    running.put(f"{title.replace(' ', '-')}.json", {"type": kind, "title": title, **more})


def command(running: RunningBridge, *words: str) -> None:
    subprocess.run(
        [COMMAND, *words, "--home", str(running.home)],
        env=environment(),
        capture_output=True,
        timeout=30,
        check=True,
    )


def connected(running: RunningBridge) -> None:
    running.wait_status(lambda now: now["telegram_connected"], "connected")


@drives(
    catalogue.SENT,
    catalogue.PARTS,
    catalogue.SILENT,
    catalogue.DELIVERED,
    catalogue.RENDER,
)
def test_arrivals_are_counted_by_lane_with_their_parts_sound_and_time(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    connected(running)
    before = scrape(running)
    assert before.total(catalogue.SENT) == before.value(catalogue.PARTS) == 0
    assert before.get(catalogue.SENT, "alerts") == 0, "shown before the first"
    put(running, "task_failed", "Loud one")
    put(running, "info_notification", "Silent one")
    put(running, "task_failed", "Long one", description="word " * 2000)
    see(fast_sandbox, "Long one")
    now = scrape_until(running, lambda found: found.total(catalogue.SENT) == 3, "all are counted")
    assert now.value(catalogue.SENT, "alerts") == 2
    assert now.value(catalogue.SENT, "ordinary") == 1
    assert now.value(catalogue.SILENT) == 1
    messages = len(fast_sandbox.control.messages())
    assert now.value(catalogue.PARTS) == messages > 3
    assert now.spread(catalogue.DELIVERED, "alerts").count == 2
    assert 0 < now.spread(catalogue.DELIVERED, "alerts").sum < 30
    assert now.spread(catalogue.RENDER).count == 3
    assert 0 < now.spread(catalogue.RENDER).sum < 5
    assert running.status()["delivery"]["sent"] == 3


@drives(catalogue.EDITED, catalogue.CONFLATED)
def test_progress_is_counted_as_edited_and_as_replaced(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    connected(running)
    for step in range(3):
        put(running, "progress_update", f"Step {step}", task_id="t", data={"percentage": step})
        if step == 0:
            see(fast_sandbox, "Step 0")
    see(fast_sandbox, "Step 2")
    now = scrape_until(
        running,
        lambda found: found.value(catalogue.EDITED) + found.value(catalogue.CONFLATED) == 2,
        "two steps were shown by an edit, or replaced",
    )
    edits = [call for call in fast_sandbox.control.calls("editMessageText") if call["answer"]["ok"]]
    assert now.value(catalogue.EDITED) == len(edits) > 0
    assert now.value(catalogue.CONFLATED) == 2 - len(edits)
    assert now.value(catalogue.SENT, "progress") == 1 + len(edits)


@drives(catalogue.DEDUPLICATED)
def test_an_equal_event_is_counted_on_the_message_of_the_first(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    connected(running)
    lines = "".join(json.dumps({"type": "task_failed", "title": "Again"}) + "\n" for _ in range(4))
    running.put("lines.jsonl", lines)
    see(fast_sandbox, "Again")
    found = scrape_until(running, lambda now: now.value(catalogue.DEDUPLICATED), "three are folded")
    assert found.value(catalogue.DEDUPLICATED) == 3


@drives(catalogue.FAILURES, catalogue.RETRIES, catalogue.PAUSED, catalogue.PAUSE_LEFT)
def test_failures_are_counted_by_what_follows_with_the_retries_and_the_pause(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    connected(running)
    assert scrape(running).value(catalogue.PAUSE_LEFT) == 0
    fast_sandbox.control.fail("sendMessage", drop="before")
    put(running, "task_failed", "Not sent at first")
    see(fast_sandbox, "Not sent at first")
    now = scrape_until(running, lambda found: found.total(catalogue.SENT) == 1, "sent")
    failed = {
        labels[0]: now.value(catalogue.FAILURES, *labels)
        for labels in ((name,) for name in catalogue.FAILURES.labels[0].values)
    }
    assert sum(failed.values()) == now.value(catalogue.RETRIES) == 1
    fast_sandbox.control.fail("sendMessage", error_code=429, parameters={"retry_after": 600})
    put(running, "task_failed", "Waits")
    now = scrape_until(running, lambda found: found.value(catalogue.FAILURES, "Pause") == 1, "paused")
    now = scrape_until(running, lambda found: found.value(catalogue.PAUSED) == 600, "the pause is counted")
    assert 590 < now.value(catalogue.PAUSE_LEFT) <= 600


@drives(
    catalogue.DEAD,
    catalogue.DEAD_LETTERS,
    catalogue.DELIVERIES,
    catalogue.QUEUED,
    catalogue.OLDEST_QUEUED,
)
def test_what_waits_and_what_is_given_up_is_counted_by_the_reason(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox, QUICK + "[rules.git_commit]\ndrop = true\n")
    with bridge(home) as running:
        connected(running)
        fast_sandbox.control.fail("sendMessage", error_code=406, description="Not Acceptable")
        put(running, "task_failed", "Refused")
        put(running, "git_commit", "Nobody wants it")
        now = scrape_until(running, lambda found: found.total(catalogue.DEAD) == 2, "both are dead")
        assert (now.value(catalogue.DEAD, "refused"), now.value(catalogue.DEAD, "rule")) == (1, 1)
        assert now.value(catalogue.DEAD_LETTERS) == now.value(catalogue.DELIVERIES, "dead") == 1
        assert now.value(catalogue.DELIVERIES, "dropped") == 1
        assert now.total(catalogue.QUEUED) == 0
        assert now.get(catalogue.OLDEST_QUEUED, "alerts") is None
        fast_sandbox.control.fail("sendMessage", error_code=429, parameters={"retry_after": 600})
        put(running, "task_failed", "Waits", event_id="waits")
        now = scrape_until(running, lambda found: found.value(catalogue.PAUSED), "it waits")
        assert now.value(catalogue.QUEUED, "alerts") == now.value(catalogue.DELIVERIES, "queued") == 1
        assert 0 < now.value(catalogue.OLDEST_QUEUED, "alerts") < 30
        command(running, "outbox", "drop", "waits")
        # A scrape may get the sample that was being taken meanwhile.
        now = scrape_until(running, lambda found: found.value(catalogue.QUEUED, "alerts") == 0, "dropped")
        assert now.value(catalogue.DEAD, "operator") == 1
        assert now.value(catalogue.DEAD_LETTERS) == 1


@drives(catalogue.AMBIGUOUS)
def test_an_end_with_unknown_delivery_status_is_counted(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    connected(running)
    fast_sandbox.control.fail("sendMessage", drop="after", times=2)
    put(running, "task_failed", "Perhaps")
    now = scrape_until(running, lambda found: found.value(catalogue.AMBIGUOUS) == 1, "it is ambiguous")
    assert now.value(catalogue.FAILURES, "Repeat") == 2
    assert now.value(catalogue.DELIVERIES, "ambiguous") == 1
    assert now.total(catalogue.SENT) == 0


@drives(catalogue.HELD, catalogue.DIGESTED)
def test_what_is_held_is_counted_by_what_holds_it_and_then_as_digested(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    connected(running)
    fast_sandbox.control.fail("sendMessage", error_code=429, parameters={"retry_after": 2})
    put(running, "task_failed", "Queued before the mute")
    scrape_until(running, lambda found: found.value(catalogue.PAUSED), "it waits")
    command(running, "mode", "muted")
    assert scrape(running).value(catalogue.HELD, "muted") == 1
    put(running, "task_failed", "Held as it is stored")
    scrape_until(running, lambda found: found.value(catalogue.HELD, "muted") == 2, "both are held")
    command(running, "mode", "nomad")
    see(fast_sandbox, "2 events while muted")
    assert scrape(running).value(catalogue.DIGESTED) == 2
