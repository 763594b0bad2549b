"""The exporter's process by itself, where it cannot work: one line with the reason, and its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from cctelegram.otel.__main__ import UNUSABLE
from running import environment

if TYPE_CHECKING:
    from pathlib import Path


def exporter(home: Path, headers: str | None, **env: str) -> subprocess.CompletedProcess[str]:
    given: dict[str, Any] = {
        "home": str(home),
        "endpoint": "http://127.0.0.1:9",
        "headers": headers,
        "interval_seconds": 0.1,
        "since": 0,
    }
    return subprocess.run(
        [sys.executable, "-P", "-m", "cctelegram.otel"],
        input=f"{json.dumps(given)}\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment(**env),
    )


def test_wrong_headers_are_named_and_not_shown(tmp_path: Path) -> None:
    done = exporter(tmp_path, "a=b,kept-to-itself")
    assert done.returncode == UNUSABLE
    problem = json.loads(done.stdout)["problem"]
    assert "part 2 is not name=value" in problem
    assert "kept-to-itself" not in done.stdout + done.stderr


def test_a_broken_installation_is_not_taken_for_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "httpx.py").write_text("import a_module_that_nobody_has\n")
    done = exporter(tmp_path, None, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "a_module_that_nobody_has" in done.stderr
    assert done.stdout == ""


def test_a_home_without_a_store_is_a_problem_and_the_process_ends_with_its_input(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    done = exporter(tmp_path, None)
    assert done.returncode == 0, done.stderr
    (state,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert state["problem"] == "unable to open database file"
    assert state["again_seconds"] > 0
