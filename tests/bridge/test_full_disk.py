"""A home on a small tmpfs that fills up or becomes read-only while the bridge runs.

Mounting needs root; without it the tests are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from flow.phone import see, sends, texts
from running import COMMAND, UNPRIVILEGED, RunningBridge, bridge, environment, make_home, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

SIZE = 3 << 20
LONG = "d" * 3000


def mount(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mount", *words], capture_output=True, text=True, check=False)


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """Return a directory on a disk of its own, of 3 MiB."""
    place.mkdir()
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("a small disk needs root, to mount a tmpfs")
    done = mount("-t", "tmpfs", "-o", f"size={SIZE},mode=700", "cctelegram-test", str(place))
    if done.returncode != 0:
        pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as place:
        yield place


def fill(disk: Path) -> Path:
    """Fill the disk completely."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return ballast


def failing(running: RunningBridge, word: str) -> None:
    running.wait_status(
        lambda now: now["health"] == "failing" and word in str(now["reasons"]), f"{word} is told"
    )


@pytest.mark.slow
def test_r17_a_full_disk_loses_and_repeats_nothing_and_the_bridge_recovers_by_itself(
    disk: Path, tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(disk / "home", fast_sandbox)
    events = tmp_path / "events"
    with bridge(home, CC_TELEGRAM_EVENTS_DIR=str(events)) as running:
        (events / "a.json").write_text('{"type":"task_failed","title":"Before"}')
        see(fast_sandbox, "Before")
        running.wait_status(lambda now: now["delivery"]["sent"] == 1, "sent")
        # One is in flight when the last byte is gone.
        fast_sandbox.control.fail("sendMessage", delay_seconds=3)
        (events / "b.json").write_text('{"type":"task_failed","title":"In flight"}')
        running.wait_status(lambda now: now["deliveries"].get("sending"), "in flight")
        ballast = fill(disk)
        for number in range(5):
            (events / f"{number}.json").write_text(
                json.dumps(
                    {"type": "task_failed", "title": f"While full {number}", "description": "d" * 3000}
                )
            )
        failing(running, "full")
        assert running.process.poll() is None
        assert len(list(events.glob("*.json"))) >= 5
        ballast.unlink()
        for number in range(5):
            see(fast_sandbox, f"While full {number}")
        wait_for(lambda: not list(events.iterdir()), "the files are taken")
        running.wait_status(lambda now: now["delivery"]["sent"] == 7, "all is sent")
        assert len(sends(fast_sandbox)) == 7
        assert not any("repeat" in text for text in texts(fast_sandbox))
        assert "Traceback" not in running.errors.read_text(encoding="utf-8")


def test_r17_answers_wait_while_the_disk_is_full(disk: Path, tmp_path: Path, fast_sandbox: Sandbox) -> None:
    home = make_home(tmp_path / "home", fast_sandbox)
    answers = disk / "responses"
    with bridge(home, CC_TELEGRAM_RESPONSES_DIR=str(answers)) as running:
        running.put("q.json", {"type": "approval_request", "title": "Where to", "event_id": "q"})
        card = see(fast_sandbox, "Where to")
        ballast = fill(disk)
        query = fast_sandbox.control.tap(card["message_id"], "Approve")
        assert fast_sandbox.control.wait_answer(query["id"])["text"] == "Approve"
        running.wait_status(lambda now: str(answers) in str(now["reasons"]), "it is told")
        assert not list(answers.glob("*.json"))
        ballast.unlink()
        (file,) = wait_for(lambda: list(answers.glob("*.json")), "the answer")
        assert json.loads(file.read_text(encoding="utf-8"))["action"] == "approved"


def test_r17_the_bridge_waits_while_directories_are_read_only(
    disk: Path, tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox)
    events, answers = disk / "events", disk / "responses"
    where = {"CC_TELEGRAM_EVENTS_DIR": str(events), "CC_TELEGRAM_RESPONSES_DIR": str(answers)}
    with bridge(home, **where) as running:
        # Written in place and not yet whole, so that it is still there when the disk turns.
        file = events / "q.json"
        file.write_text('{"type":"approval_request","title":"Where to","event_id":"q"')
        file.write_text(file.read_text(encoding="utf-8") + "}")
        card = see(fast_sandbox, "Where to")
        done = mount("-o", "remount,ro", str(disk))
        assert done.returncode == 0, done.stderr
        fast_sandbox.control.tap(card["message_id"], "Approve")
        running.wait_status(lambda now: str(answers) in str(now["reasons"]), "it is told")
        assert mount("-o", "remount,rw", str(disk)).returncode == 0
        (answer,) = wait_for(lambda: list(answers.glob("*.json")), "the answer")
        assert json.loads(answer.read_text(encoding="utf-8"))["action"] == "approved"
        assert len(sends(fast_sandbox)) == 1


def test_r17_a_home_on_a_full_disk_ends_the_start_with_a_message(disk: Path, fast_sandbox: Sandbox) -> None:
    home = make_home(disk / "home", fast_sandbox)
    ballast = fill(disk)
    started = [COMMAND, "bridge", "--home", str(home), "--port", "0"]
    refused = subprocess.run(started, capture_output=True, text=True, env=environment(), check=False)
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert "full" in refused.stderr or "space" in refused.stderr
    ballast.unlink()
    with bridge(home) as running:
        running.put("a.json", {"type": "task_failed", "title": "After"})
        see(fast_sandbox, "After")


@pytest.mark.parametrize("folder", ["events", "rejected", "responses", "state"])
def test_r17_a_directory_without_permission_is_reported_or_not_needed_and_recovers(
    home: Path, fast_sandbox: Sandbox, folder: str
) -> None:
    with bridge(home, before=UNPRIVILEGED) as running:
        running.put("a.json", {"type": "task_failed", "title": "Before"})
        see(fast_sandbox, "Before")
        running.wait_status(lambda now: now["delivery"]["sent"] == 1, "sent")
        (home / folder).chmod(0)
        try:
            events = home / "events"
            (events / "bad.json").write_text("[]")
            (events / "q.json").write_text('{"type":"approval_request","title":"After","event_id":"q"}')
            if folder != "events":
                card = see(fast_sandbox, "After")
                fast_sandbox.control.tap(card["message_id"], "Approve")
            if folder in ("events", "responses"):
                running.wait_status(lambda now: folder in str(now["reasons"]), "it is told")
        finally:
            (home / folder).chmod(0o700)
        card = see(fast_sandbox, "After")
        if folder == "events":
            fast_sandbox.control.tap(card["message_id"], "Approve")
        wait_for(running.responses, "the answer")
        wait_for(lambda: list((home / "rejected").glob("bad*")), "the bad file is moved", 60)
        assert sum("Before" in text for text in texts(fast_sandbox)) == 1
        assert running.process.poll() is None
