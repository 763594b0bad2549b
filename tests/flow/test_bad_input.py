"""Every row of the table in docs/protocol.md: what comes of bad input, and that nothing else suffers."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from flow.phone import see
from running import RunningBridge, bridge, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

REJECTED = {
    "not JSON": ("{nonsense", "JSON"),
    "not an object": ('["a"]', "object"),
    "no title": ('{"type":"task_started"}', "title"),
    "too large": (json.dumps({"type": "x", "title": "t", "description": "d" * (1 << 20)}), "large"),
    "nested too deep": ('{"type":"x","title":"t","data":' + "[" * 500 + "]" * 500 + "}", ""),
    "empty": ("", ""),
}
MENDED: dict[str, tuple[dict[str, Any], str]] = {
    "a wrong type in data": ({"title": "Mended", "data": {"exit_code": ["one"]}}, "one"),
    "data that is no object": ({"type": "build_failed", "title": "Mended", "data": "words"}, "words"),
    "an odd type": ({"type": "Über Type!", "title": "Mended"}, "Über Type!"),
    "a type that is no text": ({"type": 5, "title": "Mended"}, "Mended"),
    "no type": ({"title": "Mended"}, "Mended"),
    "a bad timestamp": ({"type": "task_failed", "title": "Mended", "timestamp": "yesterday"}, "yesterday"),
    "a title of 5,000 characters": ({"type": "task_failed", "title": "Mended" + "ü" * 4994}, "Mended"),
}


@pytest.mark.parametrize("case", REJECTED)
def test_what_cannot_be_shown_is_kept_with_its_reason_and_told(
    running: RunningBridge, fast_sandbox: Sandbox, case: str
) -> None:
    text, reason = REJECTED[case]
    running.put("bad.json", text)
    running.put("good.json", {"type": "task_failed", "title": "Good neighbour"})
    see(fast_sandbox, "Good neighbour")
    see(fast_sandbox, "could not be used", "bad.json")
    kept = [file for file in (running.home / "rejected").iterdir() if "reason" not in file.name]
    (why,) = (running.home / "rejected").glob("*.reason.json")
    assert [file.read_text() for file in kept] == [text]
    assert reason in json.loads(why.read_text())["reason"]
    assert not list(running.events.iterdir())


@pytest.mark.parametrize("case", MENDED)
def test_what_can_be_shown_is_mended_and_delivered(
    running: RunningBridge, fast_sandbox: Sandbox, case: str
) -> None:
    event, shown = MENDED[case]
    running.put("odd.json", event)
    message = see(fast_sandbox, "Mended")
    assert shown in message["text"]
    assert not list((running.home / "rejected").iterdir())


def test_what_is_no_regular_file_is_never_opened(
    running: RunningBridge, fast_sandbox: Sandbox, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"type": "task_failed", "title": "Must not be sent"}))
    (running.events / "folder.json").mkdir()
    (running.events / "link.json").symlink_to(secret)
    os.mkfifo(running.events / "fifo.json")
    running.put("good.json", {"type": "task_failed", "title": "Good neighbour"})
    see(fast_sandbox, "Good neighbour")
    assert "Must not be sent" not in json.dumps(fast_sandbox.control.messages())
    assert {file.name for file in running.events.iterdir()} == {"folder.json", "link.json", "fifo.json"}
    assert secret.exists()


def test_a_hundred_thousand_files_are_all_stored_and_gone_within_the_memory_budget(
    home: Path, fast_sandbox: Sandbox
) -> None:
    events = home / "events"
    events.mkdir()
    for number in range(100_000):
        with open(events / f"{number}.json", "x") as file:  # noqa: PTH123 - a hundred thousand times
            file.write(f'{{"type":"info_notification","title":"Event {number}"}}')
    with bridge(home) as running:
        peak = 0

        def stored() -> bool:
            nonlocal peak
            told = running.status()
            peak = max(peak, told["memory"]["rss_bytes"])
            return bool(told["delivery"]["accepted"] == 100_000)

        wait_for(stored, "all stored", 100)
        wait_for(lambda: not any(events.iterdir()), "the files are gone")
        assert peak < 50_000_000
        # A decision goes before all of them.
        running.put("q.json", {"type": "approval_request", "title": "Before all others"})
        see(fast_sandbox, "Before all others")
        with open(f"/proc/{running.process.pid}/status") as status:  # noqa: PTH123 - as the kernel tells it
            high_water = next(line for line in status if line.startswith("VmHWM"))
        assert int(high_water.split()[1]) * 1024 < 50_000_000
