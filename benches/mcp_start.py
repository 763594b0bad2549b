"""Time to the first answer and memory of `cctelegram mcp`.

The references, in the same interleaved run: an interpreter that does nothing, and a server of the same tools
on the official Python SDK.

    .venv/bin/python benches/mcp_start.py [--runs 21] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from figures import Figure, ratio, report

HERE = Path(__file__).parent
OURS = [str(Path(sys.executable).with_name("cctelegram")), "mcp"]
SDK = [sys.executable, str(HERE / "servers" / "mcp_sdk.py")]
BARE = [sys.executable, "-c", "pass"]

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
OPENINGS: dict[str, dict[str, Any]] = {
    "initialize": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "bench", "version": "1"},
    },
    "server/discover": {"_meta": META},
}
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("send_telegram_event", {"type": "build_failed", "title": "x"}),
    ("send_telegram_message", {"message": "x"}),
    ("send_task_completion", {"task_id": "1", "title": "x"}),
    ("send_performance_alert", {"title": "x", "current_value": 2, "threshold": 1}),
    ("send_approval_request", {"title": "x", "description": "d"}),
    ("list_event_types", {}),
    ("get_telegram_responses", {}),
    ("process_pending_responses", {}),
    ("get_bridge_status", {}),
    ("ask", {"question": "?", "timeout_seconds": 1}),
]


class Server:
    """A server process with a fresh home, and sequential requests to it."""

    def __init__(self, program: list[str], home: str) -> None:
        self.begin = time.perf_counter()
        self.process = subprocess.Popen(
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "CC_TELEGRAM_HOME": home},
        )
        self.id = 0

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.id += 1
        request = {"jsonrpc": "2.0", "id": self.id, "method": method, "params": params}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        while True:
            answer: dict[str, Any] = json.loads(self.process.stdout.readline())
            if answer.get("id") == self.id:
                if "result" not in answer:
                    raise SystemExit(f"{method}: {answer}")
                return answer

    def memory(self) -> dict[str, float]:
        """Return resident and proportional memory, in MB."""
        found = {}
        for line in Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in ("Rss", "Pss"):
                found[name.lower()] = int(value.split()[0]) / 1000
        return found

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def first_answer(program: list[str], opening: str) -> float:
    """Return the milliseconds from the start of the process to its first response."""
    with tempfile.TemporaryDirectory() as home:
        server = Server(program, home)
        server.ask(opening, OPENINGS[opening])
        milliseconds = (time.perf_counter() - server.begin) * 1000
        server.close()
        return milliseconds


def nothing() -> float:
    """Return the milliseconds of an interpreter that does nothing, from start to exit."""
    begin = time.perf_counter()
    subprocess.run(BARE, check=True)
    return (time.perf_counter() - begin) * 1000


def memory(program: list[str]) -> dict[str, float]:
    """Return the memory after the first response and after a call of every tool, and the time of a call."""
    with tempfile.TemporaryDirectory() as home:
        server = Server(program, home)
        server.ask("initialize", OPENINGS["initialize"])
        server.ask("tools/list", {})
        start = server.memory()
        for name, arguments in CALLS:
            result = server.ask("tools/call", {"name": name, "arguments": arguments})["result"]
            if result.get("isError"):
                raise SystemExit(f"{name}: {result}")
        after = server.memory()
        calls = []
        for _ in range(200):
            begin = time.perf_counter()
            server.ask("tools/call", {"name": "get_telegram_responses", "arguments": {}})
            calls.append((time.perf_counter() - begin) * 1000)
        server.close()
        return {
            "rss_start_mb": start["rss"],
            "pss_start_mb": start["pss"],
            "rss_all_tools_mb": after["rss"],
            "pss_all_tools_mb": after["pss"],
            "call_ms": statistics.median(calls),
        }


def figures(times: dict[str, list[float]], ours: dict[str, float], sdk: dict[str, float]) -> list[Figure]:
    """Return the medians, their ratios to the bare interpreter of the same run, and the memory."""
    limits = {"ours": 2.0}
    return [
        *(Figure(f"first answer, {name}", statistics.median(values), "ms") for name, values in times.items()),
        *(
            ratio(f"first answer, {name}, of bare", values, times["bare"], limits.get(name.split()[0]))
            for name, values in times.items()
            if name != "bare"
        ),
        Figure("resident at start", ours["rss_start_mb"], "MB", 16),
        Figure("resident after all tools", ours["rss_all_tools_mb"], "MB", 22),
        Figure("resident at start, SDK", sdk["rss_start_mb"], "MB"),
        Figure("resident after all tools, SDK", sdk["rss_all_tools_mb"], "MB"),
        Figure("a tool call", ours["call_ms"], "ms"),
        Figure("a tool call, SDK", sdk["call_ms"], "ms"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()

    times: dict[str, list[float]] = {}
    for _ in range(given.runs):
        times.setdefault("bare", []).append(nothing())
        for opening in OPENINGS:
            times.setdefault(f"ours {opening}", []).append(first_answer(OURS, opening))
            times.setdefault(f"sdk {opening}", []).append(first_answer(SDK, opening))
    held = {"ours": memory(OURS), "sdk": memory(SDK)}
    figured = figures(times, held["ours"], held["sdk"])
    raise SystemExit(report(figured, as_json=given.json, runs=given.runs, memory=held))


if __name__ == "__main__":
    main()
