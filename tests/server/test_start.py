"""What a session costs: the modules it loads, its memory, the time until its first answer."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from server.conftest import events
from server.wire import MODERN, Wire, environment, until

if TYPE_CHECKING:
    from server.conftest import Answers, Bridge

# All that `cctelegram mcp` may load before its first answer, beside what every interpreter has.
START = {
    "__future__",
    "_thread",
    "cctelegram",
    "cctelegram._native",
    "cctelegram.cli",
    "cctelegram.client",
    "cctelegram.config",
    "cctelegram.config.environment",
    "cctelegram.config.errors",
    "cctelegram.config.paths",
    "cctelegram.monitor",
    "cctelegram.monitor.buckets",
    "cctelegram.monitor.memory",
    "cctelegram.server",
    "cctelegram.server.dispatch",
    "cctelegram.server.run",
    "cctelegram.server.session",
}
SENDING = {
    "cctelegram.client.bridge",
    "cctelegram.events",
    "cctelegram.events.build",
    "cctelegram.events.traceparent",
    "cctelegram.server.outgoing",
    "cctelegram.server.tools",
    "cctelegram.server.tools.events",
    "cctelegram.spool",
    "cctelegram.spool.post",
}
ASKING = (SENDING - {"cctelegram.server.tools.events"}) | {
    "cctelegram.client.answers",
    "cctelegram.server.tools.ask",
    "cctelegram.spool.responses",
}
TAKING = {
    "cctelegram.client.bridge",
    "cctelegram.server.tools",
    "cctelegram.server.tools.responses",
    "cctelegram.spool",
    "cctelegram.spool.responses",
    "cctelegram.times",
    "cctelegram.times.instant",
}
STATUS = {
    "cctelegram.client.bridge",
    "cctelegram.client.routes",
    "cctelegram.server.tools",
    "cctelegram.server.tools.status",
    "cctelegram.times",
    "cctelegram.times.instant",
}

CALLS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("send_telegram_event", {"type": "build_failed", "title": "x"}, SENDING),
    ("send_telegram_message", {"message": "x"}, SENDING),
    ("send_task_completion", {"task_id": "1", "title": "x"}, SENDING),
    ("send_performance_alert", {"title": "x", "current_value": 2, "threshold": 1}, SENDING),
    ("send_approval_request", {"title": "x", "description": "d"}, ASKING),
    ("list_event_types", {}, SENDING),
    ("ask", {"question": "?", "timeout_seconds": 1}, ASKING),
    ("get_telegram_responses", {}, TAKING),
    ("process_pending_responses", {}, TAKING),
    ("get_bridge_status", {}, STATUS),
]


def imported(stderr: bytes) -> set[str]:
    """The modules that an interpreter reports with `-X importtime`."""
    lines = (line for line in stderr.decode().splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines} - {"imported package"}


@pytest.fixture(scope="module")
def bare() -> set[str]:
    """The modules every interpreter here loads."""
    timing = environment(None, PYTHONPROFILEIMPORTTIME="1")
    done = subprocess.run([sys.executable, "-c", "pass"], capture_output=True, env=timing, check=True)
    return imported(done.stderr)


def test_the_start_loads_only_what_it_needs(home: Path, bare: set[str]) -> None:
    with Wire(home, PYTHONPROFILEIMPORTTIME="1") as wire:
        wire.initialize()
        wire.ask("tools/list")
        wire.end()
    assert imported(wire.stderr) - bare - {"sys"} <= START


@pytest.mark.parametrize(("tool", "arguments", "modules"), CALLS, ids=[call[0] for call in CALLS])
def test_a_tool_loads_its_own_file_and_nothing_heavy(
    home: Path, bare: set[str], tool: str, arguments: dict[str, Any], modules: set[str]
) -> None:
    with Wire(home, PYTHONPROFILEIMPORTTIME="1") as wire:
        wire.initialize()
        assert wire.call(tool, arguments)["isError"] is False
        wire.end()
    assert imported(wire.stderr) - bare - START - {"sys"} <= modules


def rss(wire: Wire) -> float:
    """Resident memory of the server in MB, as the kernel counts it."""
    status = Path(f"/proc/{wire.process.pid}/status").read_text(encoding="utf-8")
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1000


@pytest.mark.alone
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_session_is_under_16_mb_until_a_tool_is_called_and_22_after_all_were(
    home: Path, answers: Answers, bridge: Bridge
) -> None:
    assert bridge  # with a bridge that answers, so that the HTTP client is loaded as well
    with Wire(home) as wire:
        wire.initialize()
        wire.ask("tools/list")
        assert rss(wire) < 16
        for tool, arguments, _ in CALLS:
            if tool == "ask":
                continue
            assert wire.call(tool, arguments)["isError"] is False
        for number in range(10):
            answers.write(f"e{number}")
            wire.call("process_pending_responses")
            wire.call("send_telegram_message", {"message": "é" * 16000})
        request = wire.request("tools/call", {"name": "ask", "arguments": {"question": "?"}})
        [event] = until(
            lambda: [e for e in events(home) if "awaited_by" in e.get("data", {})], "the question"
        )
        answers.write(event["event_id"])
        assert wire.answer(request)["result"]["isError"] is False
        assert rss(wire) < 22


def first_answer(home: Path) -> float:
    """Seconds from the start of the installed command to its answer."""
    begin = time.perf_counter()
    with Wire(home) as wire:
        wire.ask("server/discover", {"_meta": MODERN})
        return time.perf_counter() - begin


def interpreter() -> float:
    """Seconds that an interpreter takes which does nothing."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True, env=environment(None))
    return time.perf_counter() - begin


@pytest.mark.alone
def test_the_first_answer_comes_in_less_than_twice_the_time_of_a_bare_interpreter(home: Path) -> None:
    pairs = [(first_answer(home), interpreter()) for _ in range(15)]
    # The best of each: other work on this machine only ever adds.
    assert min(ours for ours, _ in pairs) < 2 * min(bare for _, bare in pairs)
