"""Runs a sandbox as a child process, for tests and for the demo."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cctelegram.sandbox.client import Control

if TYPE_CHECKING:
    from collections.abc import Iterator

UNLIMITED = ("--chat-per-second", "0", "--group-per-minute", "0", "--total-per-second", "0")
"""Flags that switch the rate limits off."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox: its addresses, and the client that controls it."""

    api_base: str
    page: str
    token: str
    user_id: int
    bot: dict[str, Any]
    control_url: str
    control: Control
    pid: int

    @property
    def bot_url(self) -> str:
        """Return a method's address up to its name."""
        return f"{self.api_base}/bot{self.token}/"


@contextmanager
def running(*flags: str) -> Iterator[Sandbox]:
    """Start a sandbox with `flags` on a free port; stop it at the end.

    Raises RuntimeError when it does not start; its own message is on standard error.
    """
    command = [sys.executable, "-m", "cctelegram.sandbox", "--json", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - this interpreter
        try:
            line = process.stdout.readline() if process.stdout is not None else b""
            if not line:
                raise RuntimeError(f"the sandbox did not start: exit code {process.wait(timeout=10)}")
            addresses = json.loads(line)
            url = addresses.pop("control")
            with Control(url) as control:
                yield Sandbox(**addresses, control_url=url, control=control, pid=process.pid)
        finally:
            process.terminate()
            process.wait(timeout=10)
