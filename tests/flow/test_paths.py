"""The architecture page names the files that an event and an answer go through; both are followed here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from documents import blocks
from flow.phone import see
from running import QUICK, RunningBridge, environment, make_home, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cctelegram.sandbox.child import Sandbox

PAGE = blocks.ROOT / "docs" / "architecture.md"
PACKAGE = blocks.ROOT / "python" / "cctelegram"
# A reader opens no more files than these to understand either.
MOST_FILES = 8


def steps(heading: str) -> list[tuple[str, list[str]]]:
    """Return the files that a section names, in order, each with its functions."""
    section = blocks.read(PAGE).partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [
        (file.replace("/", "."), [name for name in re.findall(r"`([\w.]+)`", names) if name])
        for file, names in re.findall(r"^\d+\. `(\w+/\w+)\.py`, (.*?)(?::|\. |\n)", section, re.MULTILINE)
    ]


@contextmanager
def walked(home: Path, targets: list[str]) -> Iterator[tuple[RunningBridge, Path]]:
    trace = home.parent / "trace"
    errors = home.parent / "stderr"
    with errors.open("w") as out:
        process = subprocess.Popen(
            [
                *(sys.executable, str(Path(__file__).with_name("walker.py")), str(trace), ",".join(targets)),
                *("bridge", "--home", str(home), "--port", "0"),
            ],
            stdin=subprocess.DEVNULL,
            stderr=out,
            text=True,
            env=environment(),
        )
        try:
            wait_for(lambda: "The bridge serves" in errors.read_text(encoding="utf-8"), "it is ready")
            yield RunningBridge(home, process, "", errors), trace
        finally:
            process.terminate()
            process.wait(30)


def targets(path: list[tuple[str, list[str]]]) -> list[str]:
    """Return what is followed: the functions of each file, a class by its `run`."""
    found = []
    for module, names in path:
        for name in names:
            is_class = name[0].isupper() and "." not in name
            found.append(f"{module}:{name}.run" if is_class else f"{module}:{name}")
    return found


def test_an_event_goes_through_at_most_eight_files_in_the_order_of_the_page(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    path = steps("The path of an event")
    assert 1 < len(path) <= MOST_FILES
    home = make_home(tmp_path / "home", fast_sandbox, QUICK)
    with walked(home, targets(path)) as (running, trace):
        running.wait_status(lambda now: now["telegram_connected"], "connected")
        running.put("a.json", {"type": "task_failed", "title": "Followed"})
        see(fast_sandbox, "Followed")
        running.wait_status(lambda now: now["delivery"]["sent"] == 1, "noted")
        called = set(trace.read_text(encoding="utf-8").splitlines())
        assert called == set(targets(path)), "every function that the page names is on the way"
        text = trace.read_text(encoding="utf-8")
        after = text[text.index("intake.intake:Intake._take") :]
        order = [
            after.index(name)
            for name in (
                "intake.intake:Intake._take",
                "store.intake:accept",
                "delivery.compose:load",
                "delivery.compose:compose",
                "store.deliveries:start",
                "delivery.message:PartSender.send",
                "telegram.api:Api.send_message",
                "store.deliveries:part_sent",
            )
        ]
        assert order == sorted(order)


def test_an_answer_goes_through_at_most_eight_files_in_the_order_of_the_page(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    path = steps("The path of an answer")
    assert 1 < len(path) <= MOST_FILES
    home = make_home(tmp_path / "home", fast_sandbox, QUICK)
    with walked(home, targets(path)) as (running, trace):
        running.wait_status(lambda now: now["telegram_connected"], "connected")
        running.put("a.json", {"type": "approval_request", "title": "Follow it?"})
        card = see(fast_sandbox, "Follow it?")
        before = len(trace.read_text(encoding="utf-8"))
        fast_sandbox.control.tap(card["message_id"], "Approve")
        wait_for(running.responses, "the answer")
        assert set(targets(path)) == set(trace.read_text(encoding="utf-8").splitlines())
        after = trace.read_text(encoding="utf-8")[before:]
        order = [after.index(f"{module}:") for module, _ in path[1:] if module != "decisions.answer_files"]
        assert order == sorted(order)
        assert (
            json.loads(next((home / "responses").glob("*.json")).read_text(encoding="utf-8"))["action"]
            == "approved"
        )
