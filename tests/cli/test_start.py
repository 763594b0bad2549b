"""What a short command loads: an interpreter and little more."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from running import COMMAND, environment

if TYPE_CHECKING:
    from pathlib import Path

# Each costs milliseconds, where a bare interpreter needs ten.
DEAR = {
    *("argparse", "asyncio", "dataclasses", "http.client", "httpx", "inspect", "json", "logging", "msgspec"),
    *("orjson", "pathlib", "re", "socket", "sqlite3", "ssl", "subprocess", "tomllib", "typing"),
}


@pytest.mark.parametrize(
    "arguments",
    [
        ["send", "build_failed", "Build failed", "--set", "exit_code=1", "--set", "severity=high"],
        ["version"],
        ["--help"],
    ],
    ids=lambda given: given[0],
)
def test_a_short_command_loads_no_expensive_module(tmp_path: Path, arguments: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-X", "importtime", COMMAND, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=environment(CC_TELEGRAM_HOME=str(tmp_path / "home")),
    )
    told = [line.rpartition("|")[2].strip() for line in run.stderr.splitlines() if "import time:" in line]
    # What the interpreter itself loads, before the first of ours, is not the command's.
    ours = set(told[told.index("cctelegram") :])
    assert "cctelegram.cli" in ours
    assert ours & DEAR == set()
