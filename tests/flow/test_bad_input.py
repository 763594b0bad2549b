"""Bad input and its isolation: the tables of docs/protocol.md, on a real bridge.

How each kind of file is read is tested row by row with tests/cases/ (tests/events, rust/spool) and in
rust/spool/src/inbox/tests.rs; refused tokens, lost networks and Telegram's errors in test_delivery.py.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from flow.phone import see, see_where, texts
from running import COMMAND, QUICK, UNPRIVILEGED, RunningBridge, bridge, environment, make_home, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox


def of_size(size: int) -> str:
    start = '{"type":"task_failed","title":"Of size","description":"'
    return f'{start}{"d" * (size - len(start) - 2)}"}}'


REJECTED = {
    "not JSON": ("{nonsense", "JSON"),
    "half an object, left so": ('{"type":"task_started","tit', "too early"),
    "a list": ('["a"]', "object"),
    "null": ("null", "object"),
    "no title": ('{"type":"task_started"}', "title"),
    "a title of blanks": ('{"type":"task_started","title":" "}', "title"),
    "1 MiB and 1 byte": (of_size((1 << 20) + 1), "1048577 bytes"),
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
    "an id of 200 characters": ({"title": "Mended", "task_id": "i" * 200}, "task_id is longer"),
    "an unknown severity": ({"title": "Mended", "data": {"severity": "awful"}}, "awful"),
    "a title of 5,000 characters": ({"type": "task_failed", "title": "Mended" + "ü" * 4994}, "Mended"),
}


@pytest.mark.parametrize("case", REJECTED)
def test_input_that_cannot_be_shown_is_kept_with_its_reason_and_reported(
    running: RunningBridge, fast_sandbox: Sandbox, case: str
) -> None:
    text, reason = REJECTED[case]
    with (running.home / "config.toml").open("a") as config:
        config.write("[spool]\nunfinished_seconds = 0.5\n")
    running.put("bad.json", text)
    running.put("good.json", {"type": "task_failed", "title": "Good neighbour"})
    see(fast_sandbox, "Good neighbour")
    see(fast_sandbox, "could not be used", "bad.json")
    kept = [file for file in (running.home / "rejected").iterdir() if "reason" not in file.name]
    (why,) = (running.home / "rejected").glob("*.reason.json")
    assert [file.read_text(encoding="utf-8") for file in kept] == [text]
    assert reason in json.loads(why.read_text(encoding="utf-8"))["reason"]
    assert not list(running.events.iterdir())


@pytest.mark.parametrize("case", MENDED)
def test_input_that_can_be_shown_is_repaired_and_delivered(
    running: RunningBridge, fast_sandbox: Sandbox, case: str
) -> None:
    event, shown = MENDED[case]
    running.put("odd.json", event)
    message = see(fast_sandbox, "Mended")
    assert shown in message["text"]
    assert not list((running.home / "rejected").iterdir())


def test_an_entry_that_is_not_a_regular_file_is_never_opened(
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


# The budget, whatever waits.
HIGHEST = 50_000_000


@pytest.mark.slow
def test_a_hundred_thousand_files_are_all_stored_and_removed_in_bounded_memory(
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
        assert peak < HIGHEST
        # A decision goes before all of them.
        running.put("q.json", {"type": "approval_request", "title": "Before all others"})
        see(fast_sandbox, "Before all others")
        with open(f"/proc/{running.process.pid}/status") as status:  # noqa: PTH123 - from the kernel
            high_water = next(line for line in status if line.startswith("VmHWM"))
        assert int(high_water.split()[1]) * 1024 < HIGHEST


def test_an_event_of_the_largest_size_is_delivered(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    running.put("large.json", of_size(1 << 20))
    see(fast_sandbox, "Of size")


def test_r17_an_unreadable_file_is_reported_blocks_nothing_and_is_taken_when_it_becomes_readable(
    home: Path, fast_sandbox: Sandbox
) -> None:
    with bridge(home, before=UNPRIVILEGED) as running:
        closed = running.events / ".closed.json.tmp"
        closed.write_text('{"type":"task_failed","title":"Closed"}')
        closed.chmod(0)
        closed.rename(running.events / "closed.json")
        running.put("good.json", {"type": "task_failed", "title": "Good neighbour"})
        see(fast_sandbox, "Good neighbour")
        see(fast_sandbox, "could not be used", "closed.json", "ermission")
        assert not any("Closed" in text for text in texts(fast_sandbox))
        assert (running.events / "closed.json").exists()
        now = running.events / "closed.json"
        assert now.exists()
        now.chmod(0o600)
        os.utime(now)  # a chmod alone would be seen after 30 seconds
        running.put("another.json", {"type": "task_failed", "title": "Another"})
        see(fast_sandbox, "Another")
        see_where(fast_sandbox, lambda message: "Closed" in message["text"], "the file's own message")


def test_r17_a_file_that_cannot_be_removed_is_delivered_once(tmp_path: Path, fast_sandbox: Sandbox) -> None:
    home = make_home(tmp_path / "home", fast_sandbox, QUICK + "[spool]\nquiet_seconds = 60.0\n")
    events = home / "events"
    events.mkdir(mode=0o700)
    (events / "stays.json").touch(mode=0o600)
    with bridge(home, before=UNPRIVILEGED) as running:
        events.chmod(0o500)
        (events / "stays.json").write_text('{"type":"task_failed","title":"Stays"}')
        see(fast_sandbox, "Stays")
        wait_for(
            lambda: any(line.get("event") == "intake.remove_failed" for line in running.log()), "it is logged"
        )
        assert running.stop() == 0
    events.chmod(0o700)
    with bridge(home) as running:
        wait_for(lambda: not list(events.iterdir()), "the file is gone")
        running.put("last.json", {"type": "task_failed", "title": "Last"})
        see(fast_sandbox, "Last")
    assert sum("Stays" in text for text in texts(fast_sandbox)) == 1


def test_r17_a_home_that_cannot_be_written_ends_the_start_with_a_message(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", None)
    home.chmod(0o500)
    refused = subprocess.run(
        [*UNPRIVILEGED, COMMAND, "bridge", "--home", str(home), "--port", "0"],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=30,
        check=False,
    )
    home.chmod(0o700)
    assert refused.returncode == 1
    assert str(home) in refused.stderr
    assert "ermission" in refused.stderr or "cannot be" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
def test_something_else_in_the_place_of_the_events_directory_is_reported_and_recovered_from(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.events.rmdir()
    running.events.write_text("in the way")
    running.wait_status(lambda now: "events" in str(now["reasons"]), "it is told")
    running.events.unlink()
    wait_for(running.events.is_dir, "it is made anew")
    running.put("good.json", {"type": "task_failed", "title": "Good again"})
    see(fast_sandbox, "Good again")
    # As long as the bridge takes to call a component well that had a fault: half a minute, which is PATIENCE.
    running.wait_status(lambda now: now["health"] == "ok", "well again", 90)


def test_r17_files_wait_while_the_disk_accepts_no_more(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    running.put("before.json", {"type": "task_failed", "title": "Before"})
    see(fast_sandbox, "Before")
    limits = resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (1, limits[1]))
    running.put("full.json", {"type": "task_failed", "title": "While it was full"})
    running.wait_status(lambda now: now["health"] == "failing", "it is told")
    assert (running.events / "full.json").exists()
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, limits)
    see(fast_sandbox, "While it was full")
    wait_for(lambda: not list(running.events.iterdir()), "the file is gone")
    # A part that had a fault is called well when it has worked for half a minute.
    wait_for(lambda: running.status()["health"] == "ok", "well again", 90)
