"""Samples from inside the process."""

from __future__ import annotations

import queue
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from cctelegram.profiles.sampler import Sampler
from cctelegram.profiles.stacks import folded, top, tree

if TYPE_CHECKING:
    from pathlib import Path


def planted(seconds: float) -> int:
    """Be busy for this much CPU time of the own thread."""
    turns, began = 0, time.thread_time()
    while time.thread_time() - began < seconds:
        turns += len(str(turns))
    return turns


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much CPU time a thread used")
def test_the_busy_function_is_named_and_threads_that_wait_are_not(tmp_path: Path) -> None:
    waiting: queue.SimpleQueue[None] = queue.SimpleQueue()
    event = threading.Event()
    threads = [
        threading.Thread(target=waiting.get, name="waits for a queue"),
        threading.Thread(target=event.wait, name="waits for an event"),
        threading.Thread(target=planted, args=(0.5,), name="busy; one"),
    ]
    before = sys.getswitchinterval()
    sampler = Sampler()
    sampler.start()
    for each in threads:
        each.start()
    threads[2].join()
    sampler.stop()
    waiting.put(None)
    event.set()
    for each in threads[:2]:
        each.join()
    assert sys.getswitchinterval() == before

    sampler.write(tmp_path / "raw")
    stacks = list(folded((tmp_path / "raw").read_text(encoding="utf-8").splitlines()))
    root = tree(stacks)
    assert {name for name, _ in root.children} <= {"busy, one", "MainThread", "a thread of native code"}
    busy = root.children["busy, one", ""]
    assert busy.value > 10
    # A parallel run has a thread of its own that reads.
    first = top([stack for stack in stacks if stack.frames[0].name == "busy, one"], 1)[0]
    assert first.frame.name == "planted"
    assert first.frame.file.endswith("test_sampler.py")
